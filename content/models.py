"""What is known: topics of sourced facts, and the exams' blueprints. Frozen; an unknown key is an error."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Words for a person. `code` in backticks is shown as code; everything else is literal, never Markdown or HTML."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
"""A fact's full name, `topic/fact`."""
TaskId = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+$")]
Source = Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"]+$")]


def _not_in_the_future(day: date) -> date:
    if day > date.today():
        raise ValueError(f"found {day}, wanted a day that has been")
    return day


Checked = Annotated[date, AfterValidator(_not_in_the_future)]
Status = Literal["current", "closed-to-new", "ended", "superseded"]


def unique(what: str, names: Iterable[str]) -> None:
    """Raise ValueError where a name stands twice."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"found {what} {', '.join(map(repr, twice))} twice, wanted each once")


class Model(BaseModel):
    """Base of everything read from YAML: frozen, and a misspelt key is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(Model):
    """One statement to know, with where it comes from and when that was checked."""

    id: Slug
    text: Text
    ask: Text | None = Field(None, description="The front of the fact's card; a fact without one has no card.")
    answer: Text | None = Field(None, description="The back of the card, short.")
    trap: Text | None = Field(None, description="A wrong or outdated belief, and what is true instead.")
    formula: Text | None = Field(None, description="LaTeX, shown below the text.")
    source: Source
    checked: Checked
    status: Status = "current"
    since: date | None = Field(None, description="The day the status began.")
    instead: Text | None = Field(None, description="What to use, or to answer, instead.")
    confused_with: tuple[FactName, ...] = Field((), description="Facts a learner takes for this one.")
    see: tuple[FactName, ...] = Field((), description="Facts of other topics that explain or continue this one.")
    terms: tuple[Text, ...] = Field((), description="Terms that this fact explains; they make the glossary.")

    @model_validator(mode="after")
    def _card_is_whole(self) -> Self:
        if (self.ask is None) != (self.answer is None):
            raise ValueError("found one of ask and answer, wanted both or neither")
        if self.status == "current" and (self.since or self.instead):
            raise ValueError("found since or instead with status current, wanted them only with another status")
        if self.status in ("closed-to-new", "ended") and self.since is None:
            raise ValueError(f"found status {self.status} without since, wanted the day it began")
        return self


class Table(Model):
    """A comparison: as many cells in every row as there are columns."""

    caption: Text
    columns: tuple[Text, ...] = Field(min_length=2)
    rows: tuple[tuple[str, ...], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rows_fit(self) -> Self:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"found {len(row)} cells in rows[{number}], wanted {len(self.columns)}")
        return self


class Worked(Model):
    """An example with numbers, worked step by step."""

    title: Text
    given: Text
    steps: tuple[Text, ...] = Field(min_length=1)
    result: Text


class Section(Model):
    """A heading, the facts below it in the order that teaches, and at most one table and one worked example."""

    title: Text
    intro: Text | None = None
    facts: tuple[Fact, ...] = Field(min_length=1)
    table: Table | None = None
    worked: Worked | None = None


class Topic(Model):
    """A note: what a candidate must know of one subject, and the exam tasks it serves."""

    title: Text
    summary: Text
    exams: dict[Slug, tuple[TaskId, ...]] = Field(min_length=1)
    simulator: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*$")
    sections: tuple[Section, ...] = Field(min_length=1)

    @field_validator("sections")
    @classmethod
    def _ids_are_unique(cls, sections: tuple[Section, ...]) -> tuple[Section, ...]:
        unique("fact id", (fact.id for section in sections for fact in section.facts))
        return sections

    @property
    def facts(self) -> Iterator[Fact]:
        """Every fact, in the order of the note."""
        return (fact for section in self.sections for fact in section.facts)


class Skill(Model):
    """A line of an exam task."""

    id: str | None = Field(None, pattern=r"^\d+\.\d+\.\d+$")
    text: Text
    new: bool = False


class Task(Model):
    """A task of an exam's domain, and what it covers."""

    id: TaskId
    title: Text
    skills: tuple[Skill, ...] = Field(min_length=1)


class Domain(Model):
    """A domain and its share of the scored questions."""

    id: int = Field(ge=1)
    name: Text
    weight_percent: int = Field(ge=1, le=100)
    tasks: tuple[Task, ...] = Field(min_length=1)


QuestionType = Literal["multiple-choice", "multiple-response", "ordering", "matching"]


class Scoring(Model):
    """The scale a result is reported on."""

    scale_min: int
    scale_max: int
    passing: int


class Exam(Model):
    """An exam's blueprint: status, timing, domains and weights, services, sources."""

    code: Text
    name: Text
    level: Text
    as_of: date
    state: Literal["beta", "open", "closing", "retired"]
    status: Text = Field(description="Who can sit it now, in words.")
    first_day: date | None = None
    last_day: date | None = None
    duration_minutes: int | None = Field(None, ge=1)
    duration_note: Text | None = None
    price_usd: int | None = None
    languages: tuple[Text, ...] = ()
    scored_questions: int = Field(ge=1)
    unscored_questions: int = Field(ge=0)
    scoring: Scoring
    question_types: tuple[QuestionType, ...] = Field(min_length=1)
    domains: tuple[Domain, ...] = Field(min_length=1)
    services: dict[Text, tuple[Text, ...]] = Field(default_factory=dict, description="In scope, by kind.")
    notes: tuple[Text, ...] = ()
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if (total := sum(domain.weight_percent for domain in self.domains)) != 100:
            raise ValueError(f"found domain weights that add up to {total}, wanted 100")
        unique("task", (task.id for domain in self.domains for task in domain.tasks))
        return self

    @property
    def tasks(self) -> dict[str, Task]:
        """Task id → task, in the order of the guide."""
        return {task.id: task for domain in self.domains for task in domain.tasks}

    def domain_of(self, task: str) -> Domain:
        """The domain a task belongs to.

        Raises:
            KeyError: the exam has no such task.
        """
        for domain in self.domains:
            if any(each.id == task for each in domain.tasks):
                return domain
        raise KeyError(task)


class Catalog(Model):
    """All that is known: exams by code, topics by slug."""

    exams: dict[str, Exam]
    topics: dict[str, Topic]

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Full name → fact, topic by topic."""
        return {f"{slug}/{fact.id}": fact for slug, topic in self.topics.items() for fact in topic.facts}

    @cached_property
    def confused(self) -> dict[str, tuple[str, ...]]:
        """Full name → the facts it is taken for, written down on either side."""
        return _both_ways((name, fact.confused_with) for name, fact in self.facts.items())

    @cached_property
    def related(self) -> dict[str, tuple[str, ...]]:
        """Full name → the facts that explain or continue it, written down on either side."""
        return _both_ways((name, fact.see) for name, fact in self.facts.items())


def _both_ways(links: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, others in links:
        for other in others:
            if other != name:
                found.setdefault(name, []).append(other)
                found.setdefault(other, []).append(name)
    return {name: tuple(dict.fromkeys(others)) for name, others in found.items()}


def words(slug: str) -> str:
    """`input-modes` → `input modes`."""
    return re.sub(r"[-_]+", " ", slug)
