"""Marking by the exams' rules: all or nothing, no penalty for a wrong answer, nothing for a missing one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quizzes.models import Matching, MultipleChoice, MultipleResponse, Ordering, Question

Answer = int | Iterable[int] | Mapping[int, int] | None
"""What a learner chose, as positions from 0 in the question as it is written:
multiple-choice one choice · multiple-response the chosen choices · ordering the steps in sequence ·
matching the response of each pair in turn (positions in `question.responses`)."""


@dataclass(frozen=True)
class Grade:
    """The mark of one answer."""

    correct: bool
    given: tuple[int, ...]
    expected: tuple[int, ...]
    """The right answer in the form of `given`; for matching, a position in `responses` for each pair."""

    @property
    def points(self) -> int:
        """1 or 0: the exams give no partial credit."""
        return int(self.correct)


def expected(question: Question) -> tuple[int, ...]:
    """The right answer, as positions."""
    if isinstance(question, MultipleChoice | MultipleResponse):
        return tuple(i for i, choice in enumerate(question.choices) if choice.correct)
    if isinstance(question, Ordering):
        placed = [(step.place, i) for i, step in enumerate(question.steps) if step.place is not None]
        return tuple(i for _, i in sorted(placed))
    return tuple(question.responses.index(pair.response) for pair in question.pairs)


def grade(question: Question, answer: Answer) -> Grade:
    """Mark an answer; an empty, partial, repeated or impossible one is wrong, never an error."""
    given = _positions(question, answer)
    wanted = expected(question)
    in_sequence = isinstance(question, Ordering | Matching)
    right = given == wanted if in_sequence else sorted(given) == sorted(wanted)
    return Grade(right, given, wanted)


def on_offer(question: Question) -> int:
    """How many things there are to choose from."""
    if isinstance(question, Matching):
        return len(question.responses)
    return len(question.steps if isinstance(question, Ordering) else question.choices)


def is_complete(question: Question, answer: Sequence[int]) -> bool:
    """True when the answer has as many parts as can be told in advance: the button to check it may be pressed."""
    if isinstance(question, Matching):
        return len(answer) == len(question.pairs) and all(0 <= part < on_offer(question) for part in answer)
    return len(answer) >= (1 if isinstance(question, MultipleChoice) else 2)


def _positions(question: Question, answer: Answer) -> tuple[int, ...]:
    if answer is None:
        return ()
    if isinstance(answer, Mapping):
        parts = [answer.get(i, -1) for i in range(len(question.pairs))] if isinstance(question, Matching) else []
        return tuple(parts)
    return (answer,) if isinstance(answer, int) else tuple(answer)
