"""A sitting: a quiz in progress or done. Every answer makes a new value; the store keeps it before the next shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from random import Random

from quizzes.grading import grade, on_offer
from quizzes.models import Question
from quizzes.schedule import Review, rating_of, study_day


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer of a sitting, as it was marked."""

    position: int
    question: str
    response: tuple[int, ...]
    """Positions in the question as written (see `grading.Answer`)."""
    correct: bool
    confidence: int
    at: datetime
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """What is asked, in which order, and what has been answered."""

    id: str
    learner: str
    title: str
    exam: str | None
    questions: tuple[str, ...]
    started: datetime
    answers: tuple[Answered, ...] = ()
    ended: datetime | None = None

    @property
    def position(self) -> int:
        """The first question without an answer; the number of questions when there is none."""
        taken = {answer.position for answer in self.answers}
        return next((i for i in range(len(self.questions)) if i not in taken), len(self.questions))

    @property
    def done(self) -> bool:
        """Ended by its last answer or by the learner."""
        return self.ended is not None or self.position == len(self.questions)

    @property
    def right(self) -> int:
        """How many answers were right."""
        return sum(answer.correct for answer in self.answers)


def answer(
    sitting: Sitting, question: Question, response: tuple[int, ...], *, confidence: int, at: datetime, seconds: float
) -> Sitting:
    """The sitting with the current question answered; the last answer ends it.

    Raises:
        ValueError: the sitting is done, or `question` is not the one it is at.
    """
    if sitting.done or sitting.questions[sitting.position] != question.name:
        raise ValueError(f"found an answer to {question.name}, wanted one to the sitting's current question")
    graded = grade(question, response)
    answered = Answered(
        position=sitting.position,
        question=question.name,
        response=graded.given,
        correct=graded.correct,
        confidence=confidence,
        at=at,
        seconds=round(max(seconds, 0.0), 1),
    )
    after = replace(sitting, answers=(*sitting.answers, answered))
    return replace(after, ended=at) if after.done else after


def reviews_of(question: Question, answered: Answered, timezone: str | None) -> list[Review]:
    """The evidence an answer gives: one review for each fact of its question."""
    return [
        Review(
            fact=fact,
            rating=rating_of(answered.correct, answered.confidence),
            kind="question",
            source=question.name,
            at=answered.at,
            day=study_day(answered.at, timezone),
            confidence=answered.confidence,
            seconds=answered.seconds,
        )
        for fact in question.facts
    ]


def without_missing(sitting: Sitting, known: Mapping[str, Question]) -> Sitting:
    """The sitting without unanswered questions that are no longer in a bank (their content was updated)."""
    answered = {item.question for item in sitting.answers}
    kept = tuple(name for name in sitting.questions if name in known or name in answered)
    if kept == sitting.questions:
        return sitting
    place = {name: i for i, name in enumerate(kept)}
    answers = tuple(replace(item, position=place[item.question]) for item in sitting.answers)
    return replace(sitting, questions=kept, answers=answers)


def order_on_screen(sitting_id: str, question: Question) -> tuple[int, ...]:
    """The order in which a question's choices are shown in a sitting: shuffled, and the same after a reload."""
    seed = blake2b(f"{sitting_id} {question.name}".encode(), digest_size=8).digest()
    order = list(range(on_offer(question)))
    Random(seed).shuffle(order)  # noqa: S311 - chance, not secrecy
    return tuple(order)
