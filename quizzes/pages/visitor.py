"""Who is here: the learner behind this browser, her store, and her study day."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import streamlit as st

from content.text import markdown
from quizzes.schedule import study_day
from quizzes.store import Learner, Store, StoreError, default_path

ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

# The app's own server sets the cookie; a plain `streamlit run app.py` has only the browser's storage to ask.
_browser_id = st.components.v2.component(
    "browser_id",
    js="""
export default function ({ data, setStateValue }) {
  let id = null;
  try {
    id = localStorage.getItem("certlab-learner");
    if (!id) { id = data.fresh; localStorage.setItem("certlab-learner", id); }
  } catch { id = data.fresh; }
  if (id !== data.known) setStateValue("id", id);
}
""",
)


@dataclass(frozen=True)
class Visitor:
    """Who is here now."""

    id: str
    store: Store
    now: datetime
    timezone: str | None

    @property
    def today(self) -> date:
        """The study day of now."""
        return study_day(self.now, self.timezone)

    def learner(self) -> Learner | None:
        """The learner, or None before the first visit is over."""
        return self.store.learner(self.id)


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(path: str) -> Store:
    return Store(Path(path))


def visitor() -> Visitor:
    """Who is here. Stops the page until the browser has told.

    Raises:
        StoreError: the database cannot be used.
    """
    return Visitor(_id(), _store(str(default_path())), datetime.now(UTC), st.context.timezone)


def required_learner(who: Visitor) -> Learner:
    """The learner; who has not been asked for her exam yet is sent to do that first."""
    if learner := who.learner():
        return learner
    st.info("Choose your exam first; it takes ten seconds.", icon=":material/flag:")
    st.page_link("quizzes/pages/today.py", label="Choose your exam", icon=":material/arrow_forward:")
    st.stop()


def _id() -> str:
    if ID.fullmatch(given := str(st.context.cookies.get("learner"))):
        return given
    # Drawn even when the answer is known: what comes and goes would move everything below it.
    fresh, known = st.session_state.setdefault("learner_fresh", uuid4().hex), st.session_state.get("learner_id")
    told = _browser_id(key="browser-id", data={"fresh": fresh, "known": known}, on_id_change=lambda: None)
    for id in (getattr(told, "id", None), known):
        if ID.fullmatch(str(id)):
            st.session_state["learner_id"] = id
            return str(id)
    st.caption("One moment: asking your browser who you are.")
    st.stop()


def show_store_error(error: StoreError) -> None:
    """Draw what is wrong with the database."""
    st.error(markdown(str(error)), icon=":material/database_off:")
