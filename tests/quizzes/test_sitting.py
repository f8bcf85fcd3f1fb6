"""A sitting and its desk: every answer makes a new value, and nothing that is not on offer counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from quizzes import default_banks
from quizzes.desk import Desk, check, following, pick
from quizzes.grading import expected, on_offer
from quizzes.models import Matching, MultipleChoice, MultipleResponse, Ordering
from quizzes.sitting import Sitting, answer, order_on_screen, reviews_of, without_missing

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BANK = default_banks()["tuning-strategies"]
KNOWN = {question.name: question for question in BANK}


def sitting(count: int = 4) -> Sitting:
    names = tuple(question.name for question in BANK[:count])
    return Sitting(id="s", learner="ann", title="T", exam=None, questions=names, started=NOW)


def of(kind: type) -> object:
    return next(question for question in BANK if isinstance(question, kind))


def desk_with(question: object) -> Desk:
    return Desk(sitting=replace(sitting(), questions=(question.name,)), shown=NOW)


def test_answers_go_from_first_to_last_and_the_last_ends_it() -> None:
    now = sitting(3)
    for number in range(3):
        assert now.position == number
        assert not now.done
        question = KNOWN[now.questions[number]]
        now = answer(now, question, expected(question), confidence=3, at=NOW, seconds=1.26)
    assert (now.done, now.ended, now.right) == (True, NOW, 3)
    assert now.answers[0].seconds == 1.3


def test_only_the_current_question_can_be_answered() -> None:
    with pytest.raises(ValueError, match="current question"):
        answer(sitting(), KNOWN[sitting().questions[1]], (0,), confidence=1, at=NOW, seconds=1)
    with pytest.raises(ValueError, match="current question"):
        answer(replace(sitting(), ended=NOW), KNOWN[sitting().questions[0]], (0,), confidence=1, at=NOW, seconds=1)


def test_an_answer_is_evidence_about_every_fact_of_its_question() -> None:
    now = sitting(1)
    question = KNOWN[now.questions[0]]
    now = answer(now, question, (), confidence=3, at=NOW, seconds=1)
    reviews = reviews_of(question, now.answers[0], "UTC")
    assert [review.fact for review in reviews] == list(question.facts)
    assert {(review.rating, review.confidence, review.kind) for review in reviews} == {(1, 3, "question")}


def test_questions_that_are_gone_are_left_out_and_answers_stay() -> None:
    now = sitting(4)
    first = KNOWN[now.questions[0]]
    now = answer(now, first, expected(first), confidence=2, at=NOW, seconds=1)
    known = {name: question for name, question in KNOWN.items() if name not in now.questions[:2]}
    kept = without_missing(now, known)
    assert kept.questions == (now.questions[0], *now.questions[2:])
    assert kept.answers == now.answers
    assert kept.position == 1
    assert without_missing(now, KNOWN) is now


@given(some.sampled_from(BANK), some.text(max_size=10))
def test_the_order_on_screen_is_a_shuffle_and_always_the_same(question: object, id: str) -> None:
    order = order_on_screen(id, question)
    assert sorted(order) == list(range(on_offer(question)))
    assert order == order_on_screen(id, question)


def test_the_right_choice_is_at_every_place_on_screen() -> None:
    question = of(MultipleChoice)
    places = {order_on_screen(str(i), question).index(expected(question)[0]) for i in range(60)}
    assert places == {0, 1, 2, 3}


def test_picking() -> None:
    one = of(MultipleChoice)
    desk = pick(pick(desk_with(one), one, 1), one, 2)
    assert desk.picked == (2,)
    assert pick(desk, one, 2).picked == (2,), "Enter on a chosen button must not take it back"
    several = of(MultipleResponse)
    desk = pick(pick(pick(desk_with(several), several, 3), several, 1), several, 3)
    assert desk.picked == (1,)
    steps = of(Ordering)
    desk = pick(pick(desk_with(steps), steps, 2), steps, 0)
    assert desk.picked == (2, 0)


@given(some.lists(some.integers(-5, 12), max_size=20))
def test_what_is_not_on_offer_is_ignored(picks: list[int]) -> None:
    question = of(MultipleResponse)
    desk = desk_with(question)
    for choice in picks:
        desk = pick(desk, question, choice)
    assert all(0 <= choice < on_offer(question) for choice in desk.picked)
    assert len(set(desk.picked)) == len(desk.picked)


def test_a_checked_question_cannot_be_changed_or_checked_again() -> None:
    question = of(MultipleChoice)
    desk = check(desk_with(question), question, (0,), confidence=2, at=NOW + timedelta(seconds=7))
    assert desk.checked is not None
    assert desk.checked.seconds == 7
    assert pick(desk, question, 1) == desk
    with pytest.raises(ValueError, match="current question"):
        check(desk, question, (1,), confidence=2, at=NOW)


def test_the_desk_shows_the_checked_question_until_the_learner_goes_on() -> None:
    desk = Desk(sitting=sitting(3), shown=NOW)
    question = KNOWN[desk.question]
    marked = check(desk, question, expected(question), confidence=2, at=NOW)
    assert (marked.question, marked.number) == (desk.question, 1)
    after = following(marked, NOW)
    assert (after.question, after.number, after.picked) == (sitting(3).questions[1], 2, ())


def test_a_matching_answer_is_one_response_for_each_prompt() -> None:
    question = of(Matching)
    desk = check(desk_with(question), question, expected(question), confidence=2, at=NOW)
    assert desk.checked is not None
    assert desk.checked.correct
