"""Start a quiz from any page."""

from uuid import uuid4

import streamlit as st

from quizzes.pages.visitor import Visitor
from quizzes.sitting import Sitting


def start_sitting(who: Visitor, title: str, exam: str | None, questions: tuple[str, ...]) -> None:
    """Keep a new sitting and go to it; one that was open is ended, its answers stay."""
    if not questions:
        st.warning("There is no question to ask here yet.")
        return
    if before := who.store.open_sitting(who.id):
        who.store.end(before, who.now)
    sitting = Sitting(id=uuid4().hex, learner=who.id, title=title, exam=exam, questions=questions, started=who.now)
    who.store.start(sitting)
    st.session_state.pop("desk", None)
    st.switch_page("quizzes/pages/quiz.py")
