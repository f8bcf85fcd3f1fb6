"""The flashcards that lie before a learner: the one on top, whether it is turned, and what is still to come."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from quizzes.schedule import Memory, Review, remember, study_day

SESSION = 20
"""Cards in one go: an end that can be seen."""


@dataclass(frozen=True, kw_only=True)
class Deck:
    """The cards still to come, the first of them on screen."""

    topic: str | None
    cards: tuple[str, ...]
    waiting: int
    """Cards of today that this session leaves for the next."""
    memories: Mapping[str, Memory]
    shown: datetime
    revealed: bool = False
    done: int = 0

    @property
    def total(self) -> int:
        """Cards of the session, those done included."""
        return self.done + len(self.cards)


def deal(cards: tuple[str, ...], memories: Mapping[str, Memory], *, topic: str | None, at: datetime) -> Deck:
    """A session of cards; the rest wait for the next."""
    waiting = max(len(cards) - SESSION, 0)
    return Deck(topic=topic, cards=cards[:SESSION], waiting=waiting, memories=memories, shown=at)


def reveal(deck: Deck) -> Deck:
    """The deck with its card turned."""
    return replace(deck, revealed=True)


def review_of(deck: Deck, rating: int, at: datetime, timezone: str | None) -> Review:
    """The evidence that a rating of the card on top gives."""
    name = deck.cards[0]
    seconds = round(max((at - deck.shown).total_seconds(), 0.0), 1)
    day = study_day(at, timezone)
    return Review(fact=name, rating=rating, kind="card", source=name, at=at, day=day, seconds=seconds)


def rated(deck: Deck, review: Review) -> Deck:
    """The deck after its card was rated; a forgotten card comes again at the end."""
    name = deck.cards[0]
    memory = remember(deck.memories.get(name), review)
    return replace(
        deck,
        cards=deck.cards[1:] + ((name,) if memory.learning else ()),
        memories={**deck.memories, name: memory},
        revealed=False,
        shown=review.at,
        done=deck.done + (not memory.learning),
    )
