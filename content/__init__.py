"""What is known: exams, topics, facts. `load_catalog` reads and checks it, `search` finds in it."""

from content.errors import ContentError, Problem
from content.loader import default_catalog, load_catalog
from content.models import Catalog, Exam, Fact, Section, Topic

__all__ = ["Catalog", "ContentError", "Exam", "Fact", "Problem", "Section", "Topic", "default_catalog", "load_catalog"]
