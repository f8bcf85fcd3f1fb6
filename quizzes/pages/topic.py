"""A topic: its note, its simulator, and a way to check yourself."""

import streamlit as st

from content import Topic, default_catalog
from content.pages import html as h
from content.pages.note import show_note
from content.text import markdown
from quizzes import default_banks
from quizzes.pages.predictions import graded_by
from quizzes.pages.start import start_sitting
from quizzes.pages.visitor import visitor
from quizzes.progress import facts_of, mastery
from quizzes.selection import choose
from simulators.pages.simulator import show_simulator

catalog = default_catalog()
slug = st.query_params.get("topic", "")
if slug not in catalog.topics:
    st.title("No such topic")
    st.write("The link is old or mistyped. Every topic is in the library.")
    st.page_link("content/pages/browse.py", label="Go to the library", icon=":material/menu_book:")
    st.stop()
topic = catalog.topics[slug]
who = visitor()


def minutes_to_read(topic: Topic) -> int:
    """How long its facts take, at two hundred words a minute."""
    return max(1, round(sum(len(f"{fact.text} {fact.trap or ''}".split()) for fact in topic.facts) / 200))


def check_yourself() -> None:
    """Where you stand in this topic, and two ways to go on."""
    memories = who.store.memories(who.id)
    line = mastery(facts_of(catalog, [slug]), memories, who.today)
    h.show(h.bar(line.known, f"{line.known:.0%} known, {line.seen} of {line.facts} facts met"))
    bank = default_banks().get(slug, [])
    learner = who.learner()
    if learner is None:
        st.page_link("quizzes/pages/today.py", label="Choose your exam to begin", icon=":material/flag:")
        return
    if bank and st.button("Five questions on this topic", type="primary", icon=":material/quiz:"):
        log, seed = who.store.reviews(who.id), int(who.now.timestamp())
        names = choose(bank, memories, log, count=5, today=who.today, seed=seed)
        start_sitting(who, topic.title, learner.exam, names)
    cards = sum(fact.ask is not None for fact in topic.facts)
    if cards and st.button(f"Its flashcards ({cards})", icon=":material/style:"):
        st.session_state.pop("deck", None)
        st.switch_page("quizzes/pages/cards.py", query_params={"topic": slug})


st.title(markdown(topic.title))
st.write(markdown(topic.summary))
codes = [f"{catalog.exams[code].code} {', '.join(tasks)}" for code, tasks in topic.exams.items()]
st.caption(markdown("Exam tasks: " + " · ".join(codes)))
after = "try it in the simulator and check yourself" if topic.simulator else "check yourself"
st.caption(f"What to do: read the note, about {minutes_to_read(topic)} minutes, then {after}.")
names = ["Note", *(["Simulator"] if topic.simulator else []), "Check yourself"]
# Not bound to the URL by Streamlit: `st.switch_page` refuses to leave a page with bound values. The default is read
# once, for a tab row whose default changes is a new one.
part = st.session_state.setdefault(f"part-{slug}", st.query_params.get("part"))
row = st.tabs(names, default=part if part in names else None, key=f"tabs-{slug}", on_change="rerun")
tabs = dict(zip(names, row, strict=True))
st.query_params["part"] = next(name for name in names if tabs[name].open)
with tabs["Note"]:
    if tabs["Note"].open:
        show_note(catalog, slug, st.query_params.get("fact"))
        st.caption("Read it? Then check yourself: that is what makes it stay.")
if topic.simulator:
    with tabs["Simulator"]:
        if tabs["Simulator"].open:
            show_simulator(topic.simulator, graded=graded_by(who))
with tabs["Check yourself"]:
    if tabs["Check yourself"].open:
        check_yourself()
