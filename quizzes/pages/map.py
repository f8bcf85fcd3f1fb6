"""Exam map: every task of an exam, what there is on it, and how much of that you know."""

import streamlit as st

from content import default_catalog
from content.connections import tasks
from content.pages import html as h
from content.pages.library import exam_picker
from content.text import html, markdown
from quizzes import default_banks
from quizzes.pages.visitor import visitor
from quizzes.progress import facts_of, mastery
from quizzes.selection import of_topics

catalog, banks = default_catalog(), default_banks()
who = visitor()
memories = who.store.memories(who.id)
st.title("Exam map")
st.write("Each task of the exam, the topics that teach it, and how much of them you would recall today.")
code = exam_picker(catalog)
domains = {task.id: domain for domain in catalog.exams[code].domains for task in domain.tasks}
shown = None
for task, slugs in tasks(catalog, code):
    if domains[task.id] is not shown:
        shown = domains[task.id]
        st.subheader(markdown(f"{shown.name} · {shown.weight_percent} %"), anchor=False)
    line = mastery(facts_of(catalog, slugs), memories, who.today)
    questions = len(of_topics(catalog, banks, slugs))
    with st.expander(markdown(f"{task.id} {task.title} · {line.known:.0%} known")):
        h.show(h.bar(line.known, f"{line.facts} facts, {questions} questions, {line.seen} facts met"))
        h.show(
            "<p><strong>What the exam asks</strong></p><ul>",
            *(f"<li>{html(skill.text)}{' <em>(new)</em>' if skill.new else ''}</li>" for skill in task.skills),
            "</ul>",
        )
        for slug in slugs:
            st.page_link(
                "quizzes/pages/topic.py", label=markdown(catalog.topics[slug].title), query_params={"topic": slug}
            )
