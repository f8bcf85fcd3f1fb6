"""Today: what is due and one button to start; on a first visit, which exam and when."""

from datetime import timedelta

import streamlit as st

from content import default_catalog
from content.pages import html as h
from content.text import html, markdown
from quizzes import default_banks
from quizzes.pages.start import start_sitting
from quizzes.pages.visitor import Visitor, visitor
from quizzes.progress import by_domain, queue
from quizzes.selection import mixed
from quizzes.store import Learner

catalog = default_catalog()
who = visitor()


def welcome() -> None:
    """The first visit: two sentences, two questions, one button."""
    st.title("Pass your AWS machine-learning exam")
    st.write(
        "Read a note, try the idea in a simulator that really computes, and be quizzed until it stays. "
        "What you forget comes back on the day it should; everything is kept on this machine."
    )
    states = ("beta", "open", "closing", "retired")
    codes = sorted(catalog.exams, key=lambda code: states.index(catalog.exams[code].state))
    with st.form("welcome", border=False):
        code = st.radio(
            "Which exam?",
            codes,
            format_func=lambda code: markdown(f"{catalog.exams[code].code} · {catalog.exams[code].name}"),
            captions=[markdown(catalog.exams[code].status) for code in codes],
        )
        day = st.date_input(
            "When? (leave empty if you do not know yet)",
            value=None,
            min_value=who.today,
            max_value=who.today + timedelta(days=730),
        )
        if st.form_submit_button("Start studying", type="primary") and code in catalog.exams:
            who.store.save_learner(Learner(id=who.id, exam=code, exam_day=day))
            st.rerun()


def today(who: Visitor, learner: Learner) -> None:
    """What is due, and one thing to do next."""
    memories, log = who.store.memories(who.id), who.store.reviews(who.id)
    cards = queue(
        catalog,
        learner.exam,
        memories,
        log,
        today=who.today,
        exam_day=learner.exam_day,
        new_per_day=learner.new_per_day,
    )
    st.title("Today")
    sitting = who.store.open_sitting(who.id)
    exam = catalog.exams[learner.exam]
    h.show(f"<p>{_countdown(learner, exam.code)}</p>")
    if sitting and not sitting.done:
        left = len(sitting.questions) - sitting.position
        st.write(f"You are in the middle of a quiz: {left} of {len(sitting.questions)} questions to go.")
        _go("quizzes/pages/quiz.py", "Go on with the quiz", first=True)
    elif cards.cards:
        st.write(f"{_count(len(cards.due), 'card')} due, {len(cards.new)} new. About {_minutes(len(cards.cards))}.")
        _go("quizzes/pages/cards.py", "Start with the flashcards", first=True)
    else:
        st.write("The cards of today are done. A few mixed questions keep what you know ready for use.")
    if (cards.cards or sitting is None) and (sitting is None or sitting.done):
        first = not cards.cards
        if st.button("Ten mixed questions", type="primary" if first else "secondary", icon=":material/quiz:"):
            seed = int(who.now.timestamp())
            names = mixed(catalog, learner.exam, default_banks(), memories, log, count=10, today=who.today, seed=seed)
            start_sitting(who, "Mixed questions", learner.exam, names)
    st.subheader("Where you stand", anchor=False)
    lines = [
        h.bar(line.known, f"{name}: {line.known:.0%} known, {line.seen} of {line.facts} facts met")
        for name, line in by_domain(catalog, learner.exam, memories, who.today).items()
        if line.facts
    ]
    h.show(*lines)
    with st.expander("Exam, date and pace", icon=":material/tune:"):
        _settings(learner)


def _go(page: str, label: str, *, first: bool) -> None:
    if st.button(label, type="primary" if first else "secondary", icon=":material/play_arrow:", shortcut="Enter"):
        st.switch_page(page)


def _countdown(learner: Learner, code: str) -> str:
    if learner.exam_day is None:
        return f"{html(code)}, no date yet"
    days = (learner.exam_day - who.today).days
    if days < 0:
        return f"{html(code)} was on {learner.exam_day}. How did it go? Set a new date below when there is one."
    return f"{html(code)} is today" if days == 0 else f"{html(code)} in {_count(days, 'day')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _minutes(cards: int) -> str:
    return _count(max(round(cards * 0.3), 1), "minute")


def _settings(learner: Learner) -> None:
    with st.form("settings", border=False):
        codes = list(catalog.exams)
        exam = st.selectbox(
            "Exam", codes, index=codes.index(learner.exam), format_func=lambda code: catalog.exams[code].code
        )
        day = st.date_input("Exam date", value=learner.exam_day, max_value=who.today + timedelta(days=730))
        pace = st.slider("New cards a day", 0, 40, learner.new_per_day)
        if st.form_submit_button("Save") and exam in catalog.exams:
            who.store.save_learner(Learner(id=who.id, exam=exam, exam_day=day, new_per_day=min(max(pace, 0), 40)))
            st.rerun()


if learner := who.learner():
    today(who, learner)
else:
    welcome()
