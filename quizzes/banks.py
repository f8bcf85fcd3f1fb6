"""From `banks/<slug>.yaml` to questions, checked against the catalog."""

from collections.abc import Container, Iterable, Iterator
from functools import cache
from pathlib import Path

from content import Catalog, ContentError, Problem, default_catalog
from content.lines import Where
from content.loader import dotted, line_of, read_yaml
from quizzes.models import Bank, Case, Question

HERE = Path(__file__).parent / "banks"


def load_banks(catalog: Catalog, folder: Path = HERE) -> dict[str, list[Question]]:
    """Read every bank: topic slug → its questions, those of a case in the case's order.

    Raises:
        ContentError: every problem in every file, each with its line and field.
    """
    problems: list[Problem] = []
    banks: dict[str, list[Question]] = {}
    facts = catalog.facts
    for path in sorted(folder.glob("*.yaml")):
        if path.stem not in catalog.topics:
            problems.append(Problem(path, 1, "(file)", f"found the bank of {path.stem!r}, wanted the slug of a topic"))
        if (read := read_yaml(path, Bank, problems)) is None:
            continue
        items, lines = read
        questions: list[Question] = []
        for where, question in _flat(path.stem, items):
            for part, message in _faults(question, facts, {each.id for each in questions}):
                place = (*where, *part)
                problems.append(Problem(path, line_of(lines, place), dotted(place), message))
            questions.append(question)
        banks[path.stem] = questions
    if problems:
        raise ContentError(problems)
    return banks


def _flat(slug: str, items: Iterable[Question | Case]) -> Iterator[tuple[Where, Question]]:
    """Every question with its place in the file, its name, and the case it belongs to."""
    for index, item in enumerate(items):
        if isinstance(item, Case):
            filled = {"case": f"{slug}/{item.id}", "scenario": item.scenario}
            for i, each in enumerate(item.questions):
                yield (index, "questions", i), each.model_copy(update={"name": f"{slug}/{each.id}", **filled})
        else:
            yield (index,), item.model_copy(update={"name": f"{slug}/{item.id}"})


def _faults(question: Question, facts: Container[str], taken: Container[str]) -> Iterator[tuple[Where, str]]:
    if question.id in taken:
        yield ("id",), f"found {question.id!r} again, wanted an id that is new in this bank"
    for index, fact in enumerate(question.facts):
        if fact not in facts:
            yield ("facts", index), f"found {fact!r}, wanted the name of a fact, topic/fact"


@cache
def default_banks() -> dict[str, list[Question]]:
    """The banks that ship with the app, read once per process.

    Raises:
        ContentError: as `load_banks`.
    """
    return load_banks(default_catalog())
