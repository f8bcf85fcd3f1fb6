"""What is known: exams, topics, facts. `load_catalog` reads and checks it, `search` finds in it."""

from content.errors import ContentError, Problem
from content.loader import default_catalog, load_catalog
from content.models import Catalog, Exam, Fact, Section, Topic
from content.search import Hit, search

__all__ = [
    "Catalog",
    "ContentError",
    "Exam",
    "Fact",
    "Hit",
    "Problem",
    "Section",
    "Topic",
    "default_catalog",
    "load_catalog",
    "search",
]
