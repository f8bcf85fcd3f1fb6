"""Often confused: facts that are taken for each other, side by side, and questions that tell them apart."""

import streamlit as st

from content import default_catalog
from content.connections import pairs
from content.pages import html as h
from content.pages.note import show_fact
from content.text import markdown
from quizzes import default_banks
from quizzes.pages.start import start_sitting
from quizzes.pages.visitor import visitor
from quizzes.schedule import recall
from quizzes.selection import choose

PAGE = 10
catalog = default_catalog()
who = visitor()
memories = who.store.memories(who.id)
st.title("Often confused")
st.write("Facts that look alike, side by side. Telling them apart is half the exam.")
every = pairs(catalog)
topics = ["all", *dict.fromkeys(name.partition("/")[0] for pair in every for name in pair)]
wanted = st.query_params.get("topic")
topic = st.selectbox(
    "Topic",
    topics,
    index=topics.index(wanted) if wanted in topics else 0,
    format_func=lambda slug: "All topics" if slug == "all" else catalog.topics[slug].title,
)
chosen = [pair for pair in every if topic == "all" or any(name.startswith(f"{topic}/") for name in pair)]
# What is known least comes first: these are the pairs to work on.
chosen.sort(key=lambda pair: min(recall(memories.get(name), who.today) for name in pair))
names = {name for pair in chosen for name in pair}
pool = [question for bank in default_banks().values() for question in bank if names & set(question.facts)]
if (learner := who.learner()) and pool and st.button("Ten questions that tell them apart", type="primary"):
    log, seed = who.store.reviews(who.id), int(who.now.timestamp())
    asked = choose(pool, memories, log, count=10, today=who.today, seed=seed)
    start_sitting(who, "Often confused", learner.exam, asked)
for left, right in chosen[:PAGE]:
    with st.container(border=True):
        for column, name in zip(st.columns(2), (left, right), strict=True):
            with column:
                slug, _, fact = name.partition("/")
                show_fact(catalog, name)
                st.page_link(
                    "quizzes/pages/topic.py",
                    label=markdown(catalog.topics[slug].title),
                    query_params={"topic": slug, "fact": fact},
                )
if len(chosen) > PAGE:
    h.show(h.paragraph(f"{len(chosen) - PAGE} more pairs follow once you know these."))
