"""Cert Lab: the pages, and what a topic is: a note, its simulator, its quiz."""

from functools import cache
from pathlib import Path

import streamlit as st

from content import ContentError, default_catalog
from content.loader import newest
from content.pages.problems import show_problems
from quizzes import default_banks
from quizzes.pages.visitor import show_store_error
from quizzes.store import StoreError

HERE = Path(__file__).parent
PAGES = {
    "quizzes/pages/today.py": ("Today", ":material/today:"),
    "content/pages/browse.py": ("Library", ":material/menu_book:"),
    "simulators/pages/gallery.py": ("Simulators", ":material/experiment:"),
    "quizzes/pages/cards.py": ("Flashcards", ":material/style:"),
    "quizzes/pages/quiz.py": ("Quiz", ":material/quiz:"),
    "quizzes/pages/progress.py": ("Progress", ":material/monitoring:"),
    "quizzes/pages/search.py": ("Search", ":material/search:"),
}
HIDDEN = {
    "quizzes/pages/topic.py": "Topic",
    "quizzes/pages/simulator.py": "Simulator",
    "quizzes/pages/map.py": "Exam map",
    "quizzes/pages/confused.py": "Often confused",
    "content/pages/glossary.py": "Glossary",
}


@cache
def changed_when_read() -> int:
    """When the content was last changed, as it was when it was read."""
    return newest(HERE / "content") + newest(HERE / "quizzes")


def read_again_when_saved() -> None:
    """For authors (`make dev`): what is kept of the content is forgotten when a file was saved since."""
    if changed_when_read() != newest(HERE / "content") + newest(HERE / "quizzes"):
        for kept in (changed_when_read, default_catalog, default_banks):
            kept.cache_clear()
        st.cache_resource.clear()


st.set_page_config(page_title="Cert Lab", page_icon=str(HERE / "content/pages/icon.png"), layout="centered")
st.html(HERE / "content/pages/style.css")
if st.get_option("server.fileWatcherType") != "none":
    read_again_when_saved()
try:
    default_catalog()
    default_banks()
except ContentError as error:
    show_problems(error)
    st.stop()
pages = [
    st.Page(
        path, title=title, icon=icon, default=title == "Today", url_path=None if title == "Today" else title.lower()
    )
    for path, (title, icon) in PAGES.items()
]
pages += [st.Page(path, title=title, visibility="hidden") for path, title in HIDDEN.items()]
page = st.navigation(pages, position="top")
try:
    page.run()
except StoreError as error:
    show_store_error(error)
