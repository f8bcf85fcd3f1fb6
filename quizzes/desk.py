"""What lies before a learner in a sitting: the question, what she has picked, and the mark once it is checked."""

from dataclasses import dataclass, replace
from datetime import datetime

from quizzes.grading import on_offer
from quizzes.models import MultipleChoice, Question
from quizzes.sitting import Answered, Sitting, answer


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One question of a sitting, before or after it is checked."""

    sitting: Sitting
    shown: datetime
    picked: tuple[int, ...] = ()
    checked: Answered | None = None
    elsewhere: bool = False
    """The answer on it was given in another tab."""

    @property
    def question(self) -> str:
        """The name of the question on the desk."""
        return self.checked.question if self.checked else self.sitting.questions[self.sitting.position]

    @property
    def number(self) -> int:
        """Its number in the sitting, from 1."""
        return (self.checked.position if self.checked else self.sitting.position) + 1


def pick(desk: Desk, question: Question, choice: int) -> Desk:
    """Pick a choice: the only one, or one more; picked again, it is taken back. What is not on offer is ignored."""
    if desk.checked or not 0 <= choice < on_offer(question):
        return desk
    if isinstance(question, MultipleChoice):
        return replace(desk, picked=(choice,))
    if choice in desk.picked:
        return replace(desk, picked=tuple(each for each in desk.picked if each != choice))
    return replace(desk, picked=(*desk.picked, choice))


def check(desk: Desk, question: Question, response: tuple[int, ...], *, confidence: int, at: datetime) -> Desk:
    """The desk with its question marked.

    Raises:
        ValueError: it is marked already, or `question` is not the one on it.
    """
    seconds = (at - desk.shown).total_seconds()
    sitting = answer(desk.sitting, question, response, confidence=confidence, at=at, seconds=seconds)
    return replace(desk, sitting=sitting, picked=response, checked=sitting.answers[-1])


def following(desk: Desk, at: datetime) -> Desk:
    """The desk with the next question, not yet touched."""
    return Desk(sitting=desk.sitting, shown=at)
