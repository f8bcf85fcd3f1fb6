"""Progress: what is known by domain and topic, what comes back when, and whether you know what you know."""

import json
from io import BytesIO

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from content import default_catalog
from content.connections import topics_of
from content.pages import html as h
from content.text import markdown
from quizzes.export import write_package
from quizzes.pages.visitor import required_learner, visitor
from quizzes.progress import by_domain, calibration, coming, facts_of, mastery

DAYS = 14


def anki_package() -> bytes:
    """All flashcards as Anki takes them."""
    package = BytesIO()
    write_package(package, catalog)
    return package.getvalue()


catalog = default_catalog()
who = visitor()
learner = required_learner(who)
memories, log = who.store.memories(who.id), who.store.reviews(who.id)

st.title("Progress")
if not log:
    st.write("Nothing answered yet. Your first cards and questions will show here what you know and what comes back.")
    st.page_link("quizzes/pages/cards.py", label="Start with the flashcards", icon=":material/style:")
st.write("A fact counts as known by the chance that you would recall it today; a fact you never met counts zero.")
st.subheader(f"By domain of {markdown(catalog.exams[learner.exam].code)}", anchor=False)
h.show(
    *(
        h.bar(line.known, f"{name}: {line.known:.0%} known, {line.seen} of {line.facts} facts met")
        for name, line in by_domain(catalog, learner.exam, memories, who.today).items()
        if line.facts
    )
)
st.subheader("By topic", anchor=False)
lines_of_topics = []
for slug in topics_of(catalog, learner.exam):
    line = mastery(facts_of(catalog, [slug]), memories, who.today)
    lines_of_topics.append((catalog.topics[slug].title, f"{line.known:.0%}", f"{line.seen} of {line.facts}"))
h.show(h.grid("Mastery by topic", ["Topic", "Known", "Facts met"], lines_of_topics))
st.subheader("What comes back", anchor=False)
counts = coming(memories, who.today, DAYS, learner.exam_day)
chart = go.Figure(go.Bar(x=np.arange(DAYS), y=np.array(counts)))
chart.update_layout(height=240, margin={"l": 40, "r": 10, "t": 10, "b": 40}, xaxis_title="Days from today")
chart.update_layout(yaxis_title="Facts", yaxis_rangemode="tozero", xaxis_dtick=2)
today, soon, later = counts[0], sum(counts[1:7]), sum(counts[7:])
words = f"{today} facts are due today, {soon} in the six days after, {later} in the week after that."
st.plotly_chart(chart, key="coming", alt=words, config={"displayModeBar": False})
st.caption(words)
st.subheader("Do you know what you know?", anchor=False)
lines = calibration(log)
if any(line.answers for line in lines):
    h.show(
        *(
            h.bar(line.share, f"{line.label}: {line.right} of {line.answers} right ({line.share:.0%})")
            for line in lines
            if line.answers
        )
    )
    st.caption("A guess among four is right one time in four; what you call certain should be right nearly always.")
else:
    st.write("Mark how sure you are in a quiz; here you will see how often you were right.")
st.subheader("Your data", anchor=False)
st.download_button(
    "Download everything kept of you",
    data=lambda: json.dumps(who.store.export(who.id), indent=1),
    file_name="cert-lab.json",
    mime="application/json",
    icon=":material/download:",
)
st.download_button(
    "Take the flashcards to Anki",
    data=anki_package,
    file_name="cert-lab.apkg",
    mime="application/octet-stream",
    icon=":material/style:",
)
