"""What a learner did: questions, answers, reviews, and what follows from them."""

from quizzes.banks import default_banks, load_banks
from quizzes.models import Question

__all__ = ["Question", "default_banks", "load_banks"]
