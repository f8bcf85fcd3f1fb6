"""`python -m content`: check all content, banks included, and print every problem."""

import sys

from content import ContentError, load_catalog
from quizzes import load_banks

if __name__ == "__main__":
    try:
        catalog = load_catalog()
        banks = load_banks(catalog)
    except ContentError as error:
        sys.exit(str(error))
    cards = sum(fact.ask is not None for fact in catalog.facts.values())
    questions = sum(map(len, banks.values()))
    print(
        f"{len(catalog.exams)} exams, {len(catalog.topics)} topics, {len(catalog.facts)} facts, "
        f"{cards} cards, {questions} questions: no problem found"
    )
