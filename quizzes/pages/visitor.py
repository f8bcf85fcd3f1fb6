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
  setStateValue("id", id);
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
    for given in (st.context.cookies.get("learner"), st.session_state.get("learner_id")):
        if ID.fullmatch(str(given)):
            return str(given)
    told = _browser_id(key="browser-id", data={"fresh": uuid4().hex}, on_id_change=lambda: None)
    if (id := getattr(told, "id", None)) and ID.fullmatch(id):
        st.session_state["learner_id"] = id
        return str(id)
    st.caption("One moment: asking your browser who you are.")
    st.stop()


def show_store_error(error: StoreError) -> None:
    """Draw what is wrong with the database."""
    st.error(markdown(str(error)), icon=":material/database_off:")
