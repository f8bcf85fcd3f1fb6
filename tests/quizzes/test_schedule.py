"""A fact comes back when it should: FSRS-6, on study days."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from fsrs import Card, Rating, Scheduler
from hypothesis import given, settings
from hypothesis import strategies as some

from quizzes.schedule import (
    AGAIN,
    CONFIDENT_ERROR_DAYS,
    EASY,
    GOOD,
    GUESS,
    HARD,
    SURE,
    Memory,
    Review,
    due,
    due_day,
    intervals,
    rating_of,
    recall,
    remember,
    replay,
    study_day,
)

DAY = date(2026, 11, 21)


def review(rating: int = GOOD, day: date = DAY, *, fact: str = "t/f", confidence: int | None = None) -> Review:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return Review(fact=fact, rating=rating, kind="card", source=fact, at=at, day=day, confidence=confidence)


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        ("2026-11-21T12:00", "UTC", DAY),
        ("2026-11-21T03:59", "UTC", DAY - timedelta(days=1)),
        ("2026-11-21T04:00", "UTC", DAY),
        ("2026-11-21T02:59", "Europe/Berlin", DAY - timedelta(days=1)),
        ("2026-11-21T03:00", "Europe/Berlin", DAY),
        ("2026-11-20T19:30", "Asia/Tokyo", DAY),
        ("2026-11-21T12:00", "No/Where", DAY),
        ("2026-11-21T12:00", "../../etc/passwd", DAY),
        ("2026-11-21T12:00", None, DAY),
    ],
)
def test_a_study_day_begins_at_four_where_the_learner_is(moment: str, zone: str | None, expected: date) -> None:
    assert study_day(datetime.fromisoformat(moment).replace(tzinfo=UTC), zone) == expected


def test_an_evening_and_the_next_morning_are_a_day_apart() -> None:
    """py-fsrs alone counts whole 24 hours: the same answers would give a stability of a third."""
    evening = datetime(2026, 11, 20, 22, tzinfo=UTC)
    morning = datetime(2026, 11, 21, 8, tzinfo=UTC)
    days = [study_day(at, "UTC") for at in (evening, morning)]
    memory = replay([review(day=day) for day in days])["t/f"]
    assert memory.stability > 7


@settings(max_examples=200)
@given(
    some.lists(some.tuples(some.integers(0, 40), some.sampled_from([AGAIN, HARD, GOOD, EASY])), min_size=1, max_size=15)
)
def test_the_memory_is_that_of_fsrs(steps: list[tuple[int, int]]) -> None:
    scheduler = Scheduler(
        desired_retention=0.9,
        learning_steps=(timedelta(minutes=10),),
        relearning_steps=(timedelta(minutes=10),),
        enable_fuzzing=False,
    )
    card, day, log = Card(card_id=1), DAY, []
    for gap, rating in steps:
        day += timedelta(days=gap)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        card, _ = scheduler.review_card(card, Rating(rating), noon)
        log.append(review(rating, day))
    memory = replay(log)["t/f"]
    assert memory.stability == pytest.approx(card.stability)
    assert memory.difficulty == pytest.approx(card.difficulty)
    assert memory.learning == (card.state.value != 2)
    if not memory.learning:
        gap = (card.due - datetime(day.year, day.month, day.day, 12, tzinfo=UTC)).days
        assert abs((due_day(memory) - day).days - min(gap, 365)) <= max(round(min(gap, 365) * 0.1), 0)
        assert recall(memory, day) == pytest.approx(1)


def test_a_forgotten_card_comes_back_the_same_day_and_waits_behind_the_others() -> None:
    old = replay([review(day=DAY - timedelta(days=9), fact="t/old")])
    memories = {**old, **replay([review(AGAIN, fact="t/new")])}
    assert due(memories, DAY) == ["t/old", "t/new"]


@given(some.integers(1, 4), some.integers(0, 300))
def test_a_higher_rating_never_comes_back_sooner(times: int, gap: int) -> None:
    memory = replay([review(day=DAY + timedelta(days=3 * i)) for i in range(times)])["t/f"]
    day = memory.last_day + timedelta(days=gap)
    days = [intervals(memory, "t/f", day)[rating] for rating in (AGAIN, HARD, GOOD, EASY)]
    # The spread by name may swap neighbours by a tenth, never more.
    assert all(later >= sooner * 0.8 - 1 for sooner, later in itertools.pairwise(days))
    assert days[0] == 0


def test_a_confident_error_comes_back_within_the_week_after_it_is_known_again() -> None:
    log = [review(EASY, DAY - timedelta(days=200)), review(EASY, DAY - timedelta(days=100))]
    forgot = [*log, review(AGAIN, confidence=SURE), review(EASY)]
    assert (due_day(replay(forgot)["t/f"]) - DAY).days <= CONFIDENT_ERROR_DAYS
    unsure = replay([*log, review(AGAIN, confidence=GUESS), review(EASY), review(EASY, DAY + timedelta(days=7))])["t/f"]
    assert (due_day(unsure) - unsure.last_day).days > CONFIDENT_ERROR_DAYS


def test_every_fact_is_met_once_more_in_the_week_before_the_exam() -> None:
    exam = DAY + timedelta(days=60)
    memories = {
        f"t/{i}": replay([review(EASY, DAY, fact=f"t/{i}"), review(EASY, DAY + timedelta(days=9), fact=f"t/{i}")])[
            f"t/{i}"
        ]
        for i in range(70)
    }
    days = [due_day(memory, exam) for memory in memories.values()]
    assert all(day < exam for day in days)
    last_week = [day for day in days if day >= exam - timedelta(days=7)]
    assert len(last_week) > 40
    assert max(last_week.count(day) for day in last_week) < len(last_week) / 2


def test_a_clock_set_back_loses_nothing() -> None:
    memory = replay([review(day=DAY), review(day=DAY - timedelta(days=30))])["t/f"]
    assert memory.last_day == DAY
    assert memory.reviews == 2


def test_a_right_guess_is_hard_and_a_wrong_answer_again() -> None:
    assert [rating_of(True, None), rating_of(True, GUESS), rating_of(True, SURE), rating_of(False, SURE)] == [
        3,
        2,
        3,
        1,
    ]


@pytest.mark.parametrize("rating", [0, 5, -1])
def test_a_rating_that_is_none_is_refused(rating: int) -> None:
    with pytest.raises(ValueError, match="Rating"):
        remember(None, review(rating))


def test_a_review_of_another_fact_is_refused() -> None:
    memory = replay([review()])["t/f"]
    with pytest.raises(ValueError, match="wanted one of t/f"):
        remember(memory, review(fact="t/other"))


def test_what_was_never_met_is_not_recalled() -> None:
    assert recall(None, DAY) == 0
    memory = Memory(fact="t/f", stability=10, difficulty=5, state=2, last_day=DAY)
    assert recall(memory, DAY + timedelta(days=10)) == pytest.approx(0.9)
