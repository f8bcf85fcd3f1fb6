"""Library: every topic, those of the chosen exam by domain."""

import streamlit as st

from content import default_catalog
from content.text import markdown

STATES = ("beta", "open", "closing", "retired")
catalog = default_catalog()

st.title("Library")
codes = sorted(catalog.exams, key=lambda code: STATES.index(catalog.exams[code].state))
code = st.segmented_control(
    "Exam",
    codes,
    default=codes[0],
    required=True,
    format_func=lambda code: catalog.exams[code].code,
    key="library-exam",
    bind="query-params",
)
exam = catalog.exams[code or codes[0]]
st.caption(markdown(exam.status))
shown: set[str] = set()
for domain in exam.domains:
    tasks = {task.id for task in domain.tasks}
    slugs = [slug for slug, topic in catalog.topics.items() if tasks & set(topic.exams.get(code or codes[0], ()))]
    st.subheader(markdown(f"{domain.name} · {domain.weight_percent} %"), anchor=False)
    if not slugs:
        st.write("No topic of this domain is written yet.")
    for slug in slugs:
        topic = catalog.topics[slug]
        with st.container(border=True):
            st.page_link("quizzes/pages/topic.py", label=f"**{markdown(topic.title)}**", query_params={"topic": slug})
            st.write(markdown(topic.summary))
            facts = sum(1 for _ in topic.facts)
            st.caption(f"{facts} facts{' · with a simulator' if topic.simulator else ''}")
