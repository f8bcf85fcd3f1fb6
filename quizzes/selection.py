"""Which questions to ask: what is due or weak first, nothing asked lately, cases whole, domains by their weight."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from random import Random

from content import Catalog
from content.connections import topics_of
from quizzes.models import Question
from quizzes.schedule import Memory, Review, due_day, recall

UNSEEN = 0.45
"""How much a fact never reviewed asks for practice; a due one asks for more, one well known for less."""
RESTED = timedelta(days=3)
SIZES = (5, 10, 20)


def of_topics(catalog: Catalog, banks: Mapping[str, Sequence[Question]], topics: Iterable[str]) -> list[Question]:
    """Every question of the topics, in the catalog's order."""
    wanted = set(topics)
    return [question for slug in catalog.topics if slug in wanted for question in banks.get(slug, ())]


def choose(
    questions: Sequence[Question],
    memories: Mapping[str, Memory],
    log: Sequence[Review],
    *,
    count: int,
    today: date,
    seed: int,
) -> tuple[str, ...]:
    """The names of `count` questions, fewer when there are fewer, the questions of a case side by side.

    A case is asked whole, so the last of them may bring a few questions more.
    """
    random = Random(seed)  # noqa: S311 - chance, not secrecy
    lately = {review.source for review in log if review.kind == "question" and today - review.day < RESTED}
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.case or question.name, []).append(question)

    def wanted(group: Sequence[Question]) -> tuple[bool, float]:
        needs = [_need(memories.get(fact), today) for question in group for fact in question.facts]
        return any(question.name in lately for question in group), -sum(needs) / len(needs) - random.random() * 0.3

    chosen: list[list[Question]] = []
    for group in sorted(groups.values(), key=wanted):
        if sum(map(len, chosen)) >= count:
            break
        chosen.append(group)
    random.shuffle(chosen)
    return tuple(question.name for group in chosen for question in group)


def mixed(
    catalog: Catalog,
    exam: str,
    banks: Mapping[str, Sequence[Question]],
    memories: Mapping[str, Memory],
    log: Sequence[Review],
    *,
    count: int,
    today: date,
    seed: int,
) -> tuple[str, ...]:
    """Questions from all domains of an exam, each domain by its weight (the largest remainder gets the rest)."""
    domains = catalog.exams[exam].domains
    pools = {each.id: of_topics(catalog, banks, topics_of(catalog, exam, each.id)) for each in domains}
    weights = {each.id: each.weight_percent for each in domains if pools[each.id]}
    shares = {id: count * weight / sum(weights.values()) for id, weight in weights.items()}
    counts = {id: int(share) for id, share in shares.items()}
    for id in sorted(shares, key=lambda id: counts[id] - shares[id])[: count - sum(counts.values())]:
        counts[id] += 1
    taken: list[str] = []
    for id, share in counts.items():
        fresh = [question for question in pools[id] if question.name not in taken]
        taken += choose(fresh, memories, log, count=share, today=today, seed=seed + id) if share else ()
    return tuple(taken)


def _need(memory: Memory | None, today: date) -> float:
    if memory is None:
        return UNSEEN
    return 1.5 - recall(memory, today) if due_day(memory) <= today else 1 - recall(memory, today)
