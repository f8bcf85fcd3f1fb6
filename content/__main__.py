"""The author's commands: `python -m content` checks all content, banks included, and prints every problem;
`python -m content new topic <slug>` writes a topic and its bank to start from; `python -m content schema` writes the
JSON Schemas of the YAML shapes."""

import re
import sys
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from content import ContentError, Exam, Topic, load_catalog, schemas
from content.authoring import new_topic
from content.loader import HERE
from quizzes import load_banks
from quizzes.banks import HERE as BANKS
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


def begin(slug: str) -> str:
    """Write a topic and its bank, and say where they are.

    Raises:
        ValueError: the slug is none.
        FileExistsError: there is a topic of that name.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise ValueError(f"found {slug!r}, wanted a slug: small letters, digits and single hyphens")
    exam, blueprint = next(iter(load_catalog().exams.items()))
    task = next(iter(blueprint.tasks))
    paths = new_topic(slug, topics=HERE / "topics", banks=BANKS, exam=exam, task=task, today=date.today())
    return "\n".join(["Written; fill them in while `make dev` shows them:", *map(str, paths)])


def main(arguments: list[str]) -> None:
    """Run the command that the arguments name."""
    try:
        match arguments:
            case []:
                print(check())
            case ["schema"]:
                schemas.write(SHAPES)
            case ["new", "topic", slug]:
                print(begin(slug))
            case _:
                sys.exit("wanted: python -m content [schema | new topic <slug>]")
    except (ContentError, ValueError, FileExistsError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
