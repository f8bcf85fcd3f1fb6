"""What the log says of a learner: mastery, what comes back when, and whether she knows what she knows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from content import Catalog
from content.connections import topics_of
from quizzes.schedule import GUESS, SURE, UNSURE, Memory, Review, due, due_day, recall

CONFIDENCE = {GUESS: "A guess", UNSURE: "Fairly sure", SURE: "Certain"}


@dataclass(frozen=True)
class Mastery:
    """How much of a set of facts is known on a day."""

    facts: int
    seen: int
    known: float
    """The mean chance of recall, a fact never reviewed counting 0; from 0 to 1."""


def mastery(facts: Iterable[str], memories: Mapping[str, Memory], day: date) -> Mastery:
    """The mastery of these facts on a study day."""
    names = list(facts)
    chances = [recall(memories.get(name), day) for name in names]
    seen = sum(name in memories for name in names)
    return Mastery(len(names), seen, sum(chances) / len(names) if names else 0.0)


def facts_of(catalog: Catalog, topics: Iterable[str]) -> list[str]:
    """The full names of the topics' facts."""
    return [f"{slug}/{fact.id}" for slug in topics for fact in catalog.topics[slug].facts]


def by_domain(catalog: Catalog, exam: str, memories: Mapping[str, Memory], day: date) -> dict[str, Mastery]:
    """Domain name → mastery of the facts of the topics that serve it."""
    return {
        domain.name: mastery(facts_of(catalog, topics_of(catalog, exam, domain.id)), memories, day)
        for domain in catalog.exams[exam].domains
    }


def coming(memories: Mapping[str, Memory], today: date, days: int, exam_day: date | None = None) -> list[int]:
    """How many facts come back on each of the next days; what is overdue counts today."""
    counts = Counter(max(due_day(memory, exam_day), today) for memory in memories.values())
    return [counts[today + timedelta(days=ahead)] for ahead in range(days)]


@dataclass(frozen=True)
class Calibration:
    """How often answers given with one confidence were right."""

    label: str
    answers: int
    right: int

    @property
    def share(self) -> float:
        """Right answers of all, 0 to 1."""
        return self.right / self.answers if self.answers else 0.0


def calibration(log: Sequence[Review]) -> list[Calibration]:
    """One line per confidence, from answers to questions and predictions (each answer once, whatever its facts)."""
    answers = {(r.source, r.at): r for r in log if r.kind != "card" and r.confidence is not None}
    lines = []
    for level, label in CONFIDENCE.items():
        given = [review for review in answers.values() if review.confidence == level]
        lines.append(Calibration(label, len(given), sum(review.correct for review in given)))
    return lines


@dataclass(frozen=True)
class Queue:
    """The cards of today: what is due, then new ones."""

    due: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def cards(self) -> tuple[str, ...]:
        """Every card in the order it is asked."""
        return self.due + self.new


def queue(
    catalog: Catalog,
    exam: str,
    memories: Mapping[str, Memory],
    log: Sequence[Review],
    *,
    today: date,
    exam_day: date | None,
    new_per_day: int,
    topic: str | None = None,
) -> Queue:
    """Today's cards for an exam, or of one topic: due ones, then as many new ones as the day has left."""
    topics = [topic] if topic else topics_of(catalog, exam)
    cards = {f"{slug}/{fact.id}" for slug in topics for fact in catalog.topics[slug].facts if fact.ask}
    ready = tuple(name for name in due(memories, today, exam_day) if name in cards)
    first: dict[str, Review] = {}
    for review in log:
        first.setdefault(review.fact, review)
    begun = sum(review.day == today and review.kind == "card" for review in first.values())
    left = max(new_per_day - begun, 0)
    fresh = [name for name in _interleaved(catalog, topics) if name in cards and name not in memories]
    # What was forgotten today waits behind the new cards, so that it is not asked again at once.
    later = tuple(name for name in ready if memories[name].learning and memories[name].last_day == today)
    return Queue(tuple(name for name in ready if name not in later), (*fresh[:left], *later))


def _interleaved(catalog: Catalog, topics: Sequence[str]) -> list[str]:
    """The facts of the topics in turn, so that a new learner meets more than the first topic."""
    columns = [[f"{slug}/{fact.id}" for fact in catalog.topics[slug].facts] for slug in topics]
    longest = max(map(len, columns), default=0)
    return [column[i] for i in range(longest) for column in columns if i < len(column)]
