"""When a fact comes back: FSRS-6 over study days.

A study day rolls over at 04:00 where the learner is, and stands for noon UTC of its date: an answer at 22:00 and one
at 08:00 are a day apart, however few hours lie between. Reviews of the same day keep their order.
Source: https://github.com/open-spaced-repetition/free-spaced-repetition-scheduler (FSRS-6, default parameters).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fsrs import Card, Rating, Scheduler, State

VERSION = "fsrs-6"
ROLL_OVER = time(4)
RETENTION = 0.9
"""Recall aimed at without an exam date."""
RETENTION_TO_EXAM = 0.85
"""Recall aimed at until the final pass: fewer reviews on the way, and more known on the day."""
FINAL_PASS_DAYS = 7
CONFIDENT_ERROR_DAYS = 7
LONGEST_DAYS = 365
AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
SURE, UNSURE, GUESS = 3, 2, 1

Kind = Literal["card", "question", "prediction"]

_SCHEDULER = Scheduler(
    desired_retention=RETENTION,
    learning_steps=(timedelta(minutes=10),),
    relearning_steps=(timedelta(minutes=10),),
    enable_fuzzing=False,  # fsrs draws from the global random; `_fuzzed` spreads by the fact's name instead
)


@dataclass(frozen=True, kw_only=True)
class Review:
    """One graded answer as evidence about one fact: a line of the log that everything else follows from."""

    fact: str
    rating: int
    kind: Kind
    source: str
    """What was answered: the fact itself, a question's name, or `simulator#prediction`."""
    at: datetime
    day: date
    """The study day of `at` where the learner was."""
    confidence: int | None = None
    seconds: float | None = None

    @property
    def correct(self) -> bool:
        """Whether the learner knew it."""
        return self.rating > AGAIN


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What is remembered of one fact, as its reviews tell."""

    fact: str
    stability: float
    """Days until recall falls to 90 %."""
    difficulty: float
    """From 1 to 10."""
    state: int
    """1 learning, 2 review, 3 relearning (FSRS)."""
    last_day: date
    reviews: int = 1
    lapses: int = 0
    confident_error: bool = False
    """The last error was made in full confidence, and no right answer has followed it."""
    capped: bool = False
    """The last right answer followed a confident error: the fact comes back within the week."""

    @property
    def learning(self) -> bool:
        """Forgotten on its last day: asked again the same day."""
        return self.state != State.Review


def study_day(at: datetime, timezone: str | None) -> date:
    """The study day of a moment (UTC or any zone) for a learner in `timezone`; UTC where the zone is unknown."""
    try:
        zone = ZoneInfo(timezone) if timezone else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = UTC
    local = at.astimezone(zone)
    return local.date() if local.time() >= ROLL_OVER else local.date() - timedelta(days=1)


def rating_of(correct: bool, confidence: int | None) -> int:
    """What an answer to a question is worth as a review: wrong again, a right guess hard, right good."""
    if not correct:
        return AGAIN
    return HARD if confidence == GUESS else GOOD


def remember(memory: Memory | None, review: Review) -> Memory:
    """The memory after one more review.

    Raises:
        ValueError: the rating is not 1 to 4, or the review is of another fact.
    """
    if memory and memory.fact != review.fact:
        raise ValueError(f"found a review of {review.fact}, wanted one of {memory.fact}")
    # A clock set back must not make a review happen before the last one.
    day = max(review.day, memory.last_day) if memory else review.day
    card, _ = _SCHEDULER.review_card(_card(memory), Rating(review.rating), _noon(day))
    assert card.stability is not None and card.difficulty is not None
    known = memory or Memory(fact=review.fact, stability=0, difficulty=0, state=1, last_day=day, reviews=0)
    return replace(
        known,
        stability=card.stability,
        difficulty=card.difficulty,
        state=int(card.state),
        last_day=day,
        reviews=known.reviews + 1,
        lapses=known.lapses + (not review.correct),
        confident_error=not review.correct and (known.confident_error or review.confidence == SURE),
        capped=review.correct and (known.confident_error or (known.capped and known.last_day == day)),
    )


def replay(reviews: Iterable[Review]) -> dict[str, Memory]:
    """Fact → memory, from a log in the order it was written."""
    memories: dict[str, Memory] = {}
    for review in reviews:
        memories[review.fact] = remember(memories.get(review.fact), review)
    return memories


def recall(memory: Memory | None, day: date) -> float:
    """The chance that the fact is recalled on a day, 0 to 1; 0 for a fact never reviewed."""
    if memory is None:
        return 0.0
    return float(_SCHEDULER.get_card_retrievability(_card(memory), _noon(max(day, memory.last_day))))


def due_day(memory: Memory, exam_day: date | None = None) -> date:
    """The study day the fact comes back: before its recall falls too low, and once more in the exam's last week."""
    if memory.learning:
        return memory.last_day
    days = _interval(memory.stability, RETENTION_TO_EXAM if exam_day else RETENTION)
    due = memory.last_day + timedelta(days=_fuzzed(days, memory))
    if memory.capped:
        due = min(due, memory.last_day + timedelta(days=CONFIDENT_ERROR_DAYS))
    if exam_day:
        # Spread over the week by name, so that the last days are not a wall.
        final = exam_day - timedelta(days=1 + _share(memory.fact, FINAL_PASS_DAYS))
        if memory.last_day < exam_day - timedelta(days=FINAL_PASS_DAYS) and final > memory.last_day:
            due = min(due, final)
    return due


def due(memories: Mapping[str, Memory], today: date, exam_day: date | None = None) -> list[str]:
    """Facts to review today: what was forgotten today comes last, before it the weakest recall first."""
    ready = [memory for memory in memories.values() if due_day(memory, exam_day) <= today]
    ready.sort(key=lambda memory: (memory.learning and memory.last_day == today, recall(memory, today), memory.fact))
    return [memory.fact for memory in ready]


def intervals(memory: Memory | None, fact: str, day: date, exam_day: date | None = None) -> dict[int, int]:
    """Rating → days until the fact would come back; 0 is later today."""
    return {
        rating: (due_day(remember(memory, _as_review(fact, rating, day)), exam_day) - day).days
        for rating in (AGAIN, HARD, GOOD, EASY)
    }


def _as_review(fact: str, rating: int, day: date) -> Review:
    return Review(fact=fact, rating=rating, kind="card", source=fact, at=_noon(day), day=day)


def _interval(stability: float, retention: float) -> int:
    decay: float = -_SCHEDULER.parameters[20]
    factor = 0.9 ** (1 / decay) - 1
    days: int = round(stability / factor * (retention ** (1 / decay) - 1))
    return min(max(days, 1), LONGEST_DAYS)


def _fuzzed(days: int, memory: Memory) -> int:
    """Up to 10 % sooner or later, always the same for the same fact and day: neighbours do not come back together."""
    width = round(days * 0.1) if days >= 4 else 0
    return days - width + _share(f"{memory.fact} {memory.last_day}", 2 * width + 1)


def _share(name: str, parts: int) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) % parts


def _card(memory: Memory | None) -> Card:
    if memory is None:
        return Card(card_id=0, due=_noon(date.min + timedelta(days=1)))
    step = 0 if memory.learning else None
    noon = _noon(memory.last_day)
    return Card(0, State(memory.state), step, memory.stability, memory.difficulty, noon, noon)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
