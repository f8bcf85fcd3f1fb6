"""Questions: four types, each choice with its reason. The bounds are those of the exams' own item types."""

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, field_validator, model_validator

from content.models import FactName, Model, Slug, Text, unique


class Choice(Model):
    """An answer on offer, and why it is right or wrong."""

    text: Text
    why: Text
    correct: bool = False


class Step(Model):
    """A step on offer; `place` counts from 1, and a step without one does not belong in the sequence."""

    text: Text
    why: Text
    place: int | None = Field(None, ge=1)


class Pair(Model):
    """A prompt, the response that belongs to it, and why."""

    prompt: Text
    response: Text
    why: Text


class Item(Model):
    """What every question has. `name`, `scenario` and `case` are filled in by the loader."""

    id: Slug
    facts: tuple[FactName, ...] = Field(min_length=1, description="The facts an answer is evidence about.")
    difficulty: Literal[1, 2, 3] = Field(description="1 recall, 2 application, 3 trade-off in a scenario.")
    prompt: Text
    name: str = Field("", description="topic/question")
    case: str | None = Field(None, description="The case this question belongs to.")
    scenario: str | None = None

    @property
    def topic(self) -> str:
        """The slug of the bank the question is in."""
        return self.name.partition("/")[0]


class MultipleChoice(Item):
    """Four choices, one right."""

    type: Literal["multiple-choice"]
    choices: tuple[Choice, ...] = Field(min_length=4, max_length=4)

    @field_validator("choices")
    @classmethod
    def _one_is_right(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        unique("choice", (choice.text for choice in choices))
        if (right := sum(choice.correct for choice in choices)) != 1:
            raise ValueError(f"found {right} correct choices, wanted 1")
        return choices


class MultipleResponse(Item):
    """Five or six choices, two or more right and at least two wrong; the prompt says how many to select."""

    type: Literal["multiple-response"]
    choices: tuple[Choice, ...] = Field(min_length=5, max_length=6)

    @field_validator("choices")
    @classmethod
    def _some_are_right(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        unique("choice", (choice.text for choice in choices))
        right = sum(choice.correct for choice in choices)
        if not 2 <= right <= len(choices) - 2:
            raise ValueError(f"found {right} correct choices of {len(choices)}, wanted 2 to {len(choices) - 2}")
        return choices


class Ordering(Item):
    """Three to five steps to put in sequence, among steps that may not belong in it."""

    type: Literal["ordering"]
    steps: tuple[Step, ...] = Field(min_length=3, max_length=6)

    @field_validator("steps")
    @classmethod
    def _places_count_up(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        unique("step", (step.text for step in steps))
        places = sorted(step.place for step in steps if step.place is not None)
        if places != list(range(1, len(places) + 1)) or not 3 <= len(places) <= 5:
            raise ValueError(f"found places {places}, wanted 1 to n for 3 to 5 steps")
        return steps


class Matching(Item):
    """Three to seven prompts, each paired with a response; `extra` responses belong to none."""

    type: Literal["matching"]
    pairs: tuple[Pair, ...] = Field(min_length=3, max_length=7)
    extra: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _prompts_and_extras_are_unique(self) -> Self:
        unique("prompt", (pair.prompt for pair in self.pairs))
        unique("extra response", self.extra)
        if both := {pair.response for pair in self.pairs} & set(self.extra):
            raise ValueError(f"found {sorted(both)} in extra and in a pair, wanted it in one of them")
        return self

    @property
    def responses(self) -> tuple[str, ...]:
        """Every response on offer once, in a fixed order."""
        return tuple(dict.fromkeys([*(pair.response for pair in self.pairs), *self.extra]))


Question = Annotated[MultipleChoice | MultipleResponse | Ordering | Matching, Field(discriminator="type")]


class Case(Model):
    """One scenario shared by two or more questions, each marked on its own."""

    id: Slug
    type: Literal["case"]
    scenario: Text
    questions: tuple[Question, ...] = Field(min_length=2)


Bank = TypeAdapter(
    Annotated[
        tuple[
            Annotated[MultipleChoice | MultipleResponse | Ordering | Matching | Case, Field(discriminator="type")], ...
        ],
        Field(min_length=1),
    ]
)
