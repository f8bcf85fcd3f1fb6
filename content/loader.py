"""From YAML files to one checked catalog. Every problem of every file is reported in one go."""

from collections.abc import Container, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from content.errors import ContentError, Problem
from content.lines import Where, parse
from content.models import Catalog, Exam, Topic

HERE = Path(__file__).parent
T = TypeVar("T")
Lines = dict[Where, int]
"""Where each value stands: its path of keys and positions → line, from 1."""


def load_catalog(folder: Path = HERE) -> Catalog:
    """Read every blueprint in `folder/exams` and every topic in `folder/topics`.

    Raises:
        ContentError: every problem in every file, each with its line and field.
    """
    problems: list[Problem] = []
    exams = _read_folder(folder / "exams", TypeAdapter(Exam), problems)
    topics = _read_folder(folder / "topics", TypeAdapter(Topic), problems)
    broken = {problem.path.parent.name for problem in problems}
    facts = (
        None
        if "topics" in broken
        else {f"{slug}/{fact.id}" for slug, (topic, _) in topics.items() for fact in topic.facts}
    )
    tasks = None if "exams" in broken else {code: exam.tasks for code, (exam, _) in exams.items()}
    for slug, (topic, lines) in topics.items():
        path = folder / "topics" / f"{slug}.yaml"
        for where, message in [*_unknown_tasks(topic, tasks), *_unknown_facts(topic, facts)]:
            problems.append(Problem(path, line_of(lines, where), dotted(where), message))
    if problems:
        raise ContentError(problems)
    return Catalog(
        exams={code: exam for code, (exam, _) in exams.items()},
        topics={slug: topic for slug, (topic, _) in topics.items()},
    )


def _unknown_tasks(topic: Topic, known: Mapping[str, Container[str]] | None) -> Iterator[tuple[Where, str]]:
    """What a topic says of exams that there are not; None means the exams could not all be read."""
    if known is None:
        return
    for code, tasks in topic.exams.items():
        if code not in known:
            yield ("exams", code), f"found exam {code!r}, wanted one of {', '.join(known) or 'the files in exams/'}"
            continue
        for index, task in enumerate(tasks):
            if task not in known[code]:
                yield ("exams", code, index), f"found task {task!r}, wanted a task of {code}"


def _unknown_facts(topic: Topic, known: Container[str] | None) -> Iterator[tuple[Where, str]]:
    """Names of facts that there are not; None means the topics could not all be read."""
    if known is None:
        return
    for i, section in enumerate(topic.sections):
        for j, fact in enumerate(section.facts):
            for key in ("confused_with", "see"):
                for k, other in enumerate(getattr(fact, key)):
                    if other not in known:
                        where = ("sections", i, "facts", j, key, k)
                        yield where, f"found {other!r}, wanted the name of a fact, topic/fact"


def newest(folder: Path) -> int:
    """When the YAML below a folder was last changed, in nanoseconds; 0 when there is none."""
    return max((path.stat().st_mtime_ns for path in folder.rglob("*.yaml")), default=0)


@cache
def default_catalog() -> Catalog:
    """The catalog that ships with the app, read once per process.

    Raises:
        ContentError: as `load_catalog`.
    """
    return load_catalog()


def _read_folder(folder: Path, model: TypeAdapter[T], problems: list[Problem]) -> dict[str, tuple[T, Lines]]:
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        if (read := read_yaml(path, model, problems)) is not None:
            found[path.stem] = read
    return found


def read_yaml(path: Path, model: TypeAdapter[T], problems: list[Problem]) -> tuple[T, Lines] | None:
    """Read one file as `model`; what is wrong with it is added to `problems`.

    Returns:
        The value and where its parts stand, or None when there is a problem.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        problems.append(Problem(path, line, "(file)", "found bytes that are not UTF-8, wanted UTF-8 text"))
        return None
    except OSError as error:
        problems.append(Problem(path, 1, "(file)", f"found {error.strerror}, wanted a readable file"))
        return None
    parsed = parse(text)
    if parsed.faults:
        # A repeated key hides a value, so the shape is only checked once the file says one thing.
        problems.extend(Problem(path, line, dotted(where) or "(yaml)", text) for line, where, text in parsed.faults)
        return None
    try:
        return model.validate_python(parsed.data), parsed.lines
    except ValidationError as error:
        problems.extend(_problem(path, parsed.data, parsed.lines, each) for each in _own(error.errors()))
        return None


def line_of(lines: Mapping[Where, int], where: Where) -> int:
    """The line of a value, or of the nearest thing around it that is in the file."""
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


def dotted(where: Where) -> str:
    """`("sections", 0, "title")` → `sections[0].title`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.lstrip(".")


def _own(errors: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without what only follows: a list whose items have faults is also called too short."""
    for each in errors:
        inner = (other["loc"] for other in errors if other is not each)
        if each["type"] != "too_short" or not any(loc[: len(each["loc"])] == each["loc"] for loc in inner):
            yield each


def _problem(path: Path, data: Any, lines: Lines, error: ErrorDetails) -> Problem:
    where = tuple(part for part in _in_data(data, error["loc"]))
    return Problem(path, line_of(lines, where), dotted(where) or "(file)", _message(error))


def _in_data(data: Any, loc: Where) -> list[str | int]:
    """Drop what pydantic adds to a location (the tag of a union, `[key]`) and the file does not have."""
    where: list[str | int] = []
    for position, part in enumerate(loc):
        if isinstance(data, dict):
            if part in data:
                where.append(part)
                data = data[part]
            elif position == len(loc) - 1:
                where.append(part)  # a missing key
        elif isinstance(data, list) and isinstance(part, int):
            where.append(part)
            data = data[part] if part < len(data) else None
    return where


_WANTED = {
    "missing": "a value",
    "extra_forbidden": "a key this shape has",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "literal_error": "one of {expected}",
    "union_tag_invalid": "one of {expected_tags}",
    "union_tag_not_found": "a type",
    "string_pattern_mismatch": "text like {pattern}",
}


def _message(error: ErrorDetails) -> str:
    kind, ctx = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(ctx["error"])
    if kind == "missing":
        found = "nothing"
    elif kind == "extra_forbidden":
        found = "an unknown key"
    elif kind in ("too_short", "too_long"):
        found = str(ctx["actual_length"])
    else:
        found = _shown(error["input"])
    wanted = _WANTED[kind].format(**ctx) if kind in _WANTED else error["msg"]
    return f"found {found}, wanted {wanted}{_hint(error)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"the yes/no value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, datetime | date):
        return f"the date {value}"
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _hint(error: ErrorDetails) -> str:
    if error["type"] == "string_type" and isinstance(error["input"], bool | int | float | date):
        return " (YAML reads it as something else: put it in quotes)"
    return ""
