"""Cert Lab: the pages, and what a topic is: a note, its simulator, its quiz."""

from pathlib import Path

import streamlit as st

from content import ContentError, default_catalog
from content.pages.problems import show_problems
from quizzes import default_banks
from quizzes.pages.visitor import show_store_error
from quizzes.store import StoreError

HERE = Path(__file__).parent
PAGES = {
    "quizzes/pages/today.py": ("Today", ":material/today:"),
    "content/pages/library.py": ("Library", ":material/menu_book:"),
    "simulators/pages/gallery.py": ("Simulators", ":material/experiment:"),
    "quizzes/pages/cards.py": ("Flashcards", ":material/style:"),
    "quizzes/pages/quiz.py": ("Quiz", ":material/quiz:"),
    "quizzes/pages/progress.py": ("Progress", ":material/monitoring:"),
    "quizzes/pages/search.py": ("Search", ":material/search:"),
}
HIDDEN = {"quizzes/pages/topic.py": "Topic", "quizzes/pages/simulator.py": "Simulator"}

st.set_page_config(page_title="Cert Lab", page_icon=str(HERE / "content/pages/icon.png"), layout="centered")
st.html(HERE / "content/pages/style.css")
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
