"""`python -m content`: check all content, banks included, and print every problem. `python -m content schema`: write
the JSON Schemas of the YAML shapes."""

import sys
from typing import Any

from pydantic import TypeAdapter

from content import ContentError, Exam, Topic, load_catalog, schemas
from quizzes import load_banks
from quizzes.models import Bank

SHAPES: dict[str, TypeAdapter[Any]] = {"exam": TypeAdapter(Exam), "topic": TypeAdapter(Topic), "bank": Bank}


def check() -> str:
    """One line on what there is.

    Raises:
        ContentError: every problem of topics and exams, or where those are whole, of banks.
    """
    catalog = load_catalog()
    banks = load_banks(catalog)
    cards = sum(fact.ask is not None for fact in catalog.facts.values())
    return (
        f"{len(catalog.exams)} exams, {len(catalog.topics)} topics, {len(catalog.facts)} facts, {cards} cards, "
        f"{sum(map(len, banks.values()))} questions: no problem found"
    )


def main(arguments: list[str]) -> None:
    """Run the command that the arguments name."""
    if arguments == ["schema"]:
        schemas.write(SHAPES)
    elif arguments:
        sys.exit("wanted: python -m content [schema]")
    else:
        try:
            print(check())
        except ContentError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
