"""What to ask next, and what the log says of a learner."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from content import default_catalog
from content.connections import topics_of
from quizzes import default_banks
from quizzes.progress import by_domain, calibration, coming, facts_of, mastery, queue
from quizzes.schedule import GUESS, SURE, Memory, Review, replay
from quizzes.selection import choose, mixed, of_topics

CATALOG, BANKS = default_catalog(), default_banks()
DAY = date(2026, 11, 21)
POOL = of_topics(CATALOG, BANKS, ["bias-metrics", "input-modes"])


def review(
    fact: str, rating: int = 3, day: date = DAY, source: str = "", kind: str = "question", **more: int
) -> Review:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return Review(fact=fact, rating=rating, kind=kind, source=source or fact, at=at, day=day, **more)


@given(some.integers(1, 40), some.integers(0, 10_000))
def test_as_many_questions_as_asked_each_once(count: int, seed: int) -> None:
    names = choose(POOL, {}, [], count=count, today=DAY, seed=seed)
    assert len(set(names)) == len(names)
    assert count <= len(names) <= count + 3
    assert names == choose(POOL, {}, [], count=count, today=DAY, seed=seed)


def test_a_case_is_asked_whole_and_in_its_order() -> None:
    order = {question.name: i for i, question in enumerate(POOL)}
    cases = {question.name: question.case for question in POOL if question.case}
    for seed in range(30):
        names = choose(POOL, {}, [], count=12, today=DAY, seed=seed)
        for case in {cases[name] for name in names if name in cases}:
            members = [name for name in cases if cases[name] == case]
            places = [names.index(name) for name in members]
            assert places == list(range(places[0], places[0] + len(members)))
            assert [order[name] for name in members] == sorted(order[name] for name in members)


def test_what_was_missed_comes_before_what_is_known() -> None:
    known = {f: Memory(fact=f, stability=90, difficulty=5, state=2, last_day=DAY) for f in CATALOG.facts}
    weak = POOL[10]
    for fact in weak.facts:
        known[fact] = Memory(fact=fact, stability=0.4, difficulty=8, state=3, last_day=DAY - timedelta(days=4))
    chosen = choose(POOL, known, [], count=3, today=DAY, seed=1)
    sharing = {question.name for question in POOL if set(question.facts) & set(weak.facts)}
    assert sharing & set(chosen)


def test_a_question_just_asked_rests() -> None:
    first = choose(POOL, {}, [], count=20, today=DAY, seed=5)
    log = [review("bias-metrics/x", source=name) for name in first]
    again = choose(POOL, {}, log, count=20, today=DAY + timedelta(days=1), seed=5)
    assert not set(first) & set(again)


def test_an_empty_pool_gives_nothing() -> None:
    assert choose([], {}, [], count=5, today=DAY, seed=0) == ()


def test_mixed_questions_follow_the_weights_of_the_domains() -> None:
    counts: Counter[int] = Counter()
    for seed in range(10):
        names = mixed(CATALOG, "mla-c02", BANKS, {}, [], count=20, today=DAY, seed=seed)
        assert len(set(names)) == len(names) >= 20
        for name in names:
            tasks = CATALOG.topics[name.partition("/")[0]].exams["mla-c02"]
            counts.update({CATALOG.exams["mla-c02"].domain_of(task).id for task in tasks})
    assert set(counts) == {1, 2, 3, 4}


def test_topics_of_a_domain_serve_it() -> None:
    for domain in CATALOG.exams["mla-c01"].domains:
        tasks = {task.id for task in domain.tasks}
        for slug in topics_of(CATALOG, "mla-c01", domain.id):
            assert tasks & set(CATALOG.topics[slug].exams["mla-c01"])


def test_mastery_counts_what_was_never_met_as_unknown() -> None:
    facts = facts_of(CATALOG, ["bias-metrics"])
    memories = replay([review(facts[0])])
    line = mastery(facts, memories, DAY)
    assert (line.facts, line.seen) == (len(facts), 1)
    assert line.known == pytest.approx(1 / len(facts))
    assert mastery([], {}, DAY).known == 0
    later = mastery(facts, memories, DAY + timedelta(days=30))
    assert 0 < later.known < line.known


def test_every_domain_has_its_line() -> None:
    assert list(by_domain(CATALOG, "mla-c02", {}, DAY)) == [d.name for d in CATALOG.exams["mla-c02"].domains]


def test_what_comes_back_adds_up_and_overdue_counts_today() -> None:
    memories = replay([review(f"t/{i}", day=DAY - timedelta(days=i)) for i in range(40)])
    counts = coming(memories, DAY, 400)
    assert sum(counts) == 40
    assert counts[0] >= 35


def test_calibration_counts_an_answer_once() -> None:
    log = [
        review("t/a", 3, source="q/1", confidence=SURE),
        review("t/b", 3, source="q/1", confidence=SURE),
        review("t/a", 1, source="q/2", confidence=SURE),
        review("t/a", 1, source="q/3", confidence=GUESS),
        review("t/a", 3, source="t/a", kind="card"),
    ]
    lines = {line.label: line for line in calibration(log)}
    assert (lines["Certain"].answers, lines["Certain"].right) == (2, 1)
    assert lines["A guess"].share == 0
    assert lines["Fairly sure"].answers == 0


def test_the_queue_is_due_cards_then_new_ones_then_what_was_forgotten_today() -> None:
    cards = [f"bias-metrics/{fact.id}" for fact in CATALOG.topics["bias-metrics"].facts if fact.ask]
    log = [review(cards[0], 3, DAY - timedelta(days=9), kind="card"), review(cards[1], 1, kind="card")]
    found = queue(CATALOG, "mla-c02", replay(log), log, today=DAY, exam_day=None, new_per_day=5, topic="bias-metrics")
    assert found.due == (cards[0],)
    assert found.new[-1] == cards[1]
    assert len(found.new) == 4 + 1, "one of five new cards was begun today"


def test_new_cards_come_from_all_topics_in_turn() -> None:
    found = queue(CATALOG, "mla-c02", {}, [], today=DAY, exam_day=None, new_per_day=6)
    assert len({name.partition("/")[0] for name in found.new}) >= 5
