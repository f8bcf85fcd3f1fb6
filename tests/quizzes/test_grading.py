"""All or nothing, by the exams' rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from quizzes import default_banks
from quizzes.grading import expected, grade, is_complete, on_offer
from quizzes.models import Matching, MultipleChoice, MultipleResponse, Ordering

QUESTIONS = [question for bank in default_banks().values() for question in bank]


def one(kind: type) -> object:
    return next(question for question in QUESTIONS if isinstance(question, kind))


def test_the_right_answer_of_every_question_is_right_and_complete() -> None:
    for question in QUESTIONS:
        answer = expected(question)
        assert grade(question, answer).correct, question.name
        assert grade(question, answer).points == 1
        assert is_complete(question, answer)


def test_no_answer_is_wrong() -> None:
    for question in QUESTIONS:
        assert not grade(question, None).correct
        assert not grade(question, ()).correct


def test_a_single_choice_may_be_a_number() -> None:
    question = one(MultipleChoice)
    right = expected(question)[0]
    assert grade(question, right).correct
    assert not grade(question, (right + 1) % 4).correct


def test_multiple_response_gives_nothing_for_a_part_and_ignores_order() -> None:
    question = one(MultipleResponse)
    right = expected(question)
    wrong = next(i for i in range(on_offer(question)) if i not in right)
    assert grade(question, set(right)).correct
    assert grade(question, right[::-1]).correct
    assert not grade(question, right[:-1]).correct
    assert not grade(question, (*right, wrong)).correct
    assert not grade(question, (*right, right[0])).correct


def test_ordering_needs_the_selection_and_the_sequence() -> None:
    question = one(Ordering)
    right = expected(question)
    assert not grade(question, right[::-1]).correct
    assert not grade(question, right[:-1]).correct


def test_matching_takes_a_sequence_or_a_mapping_and_one_wrong_pair_loses_it() -> None:
    question = one(Matching)
    right = expected(question)
    assert grade(question, dict(enumerate(right))).correct
    wrong = next(i for i in range(on_offer(question)) if i != right[0])
    assert not grade(question, (wrong, *right[1:])).correct
    assert not grade(question, {0: right[0]}).correct


def test_equal_responses_count_for_each_other() -> None:
    """Two prompts may share a response: it is on offer once, and right for both."""
    pairs = [{"prompt": p, "response": r, "why": "because"} for p, r in [("a", "x"), ("b", "x"), ("c", "y")]]
    item = {"id": "m", "type": "matching", "facts": ["t/f"], "difficulty": 1, "prompt": "Match.", "pairs": pairs}
    question = Matching.model_validate(item)
    assert question.responses == ("x", "y")
    assert grade(question, (0, 0, 1)).correct


@given(some.sampled_from(QUESTIONS), some.lists(some.integers(-3, 9), max_size=8))
def test_any_answer_gets_a_grade_and_only_the_right_one_is_right(question: object, answer: list[int]) -> None:
    given_ = grade(question, answer)
    same = tuple(answer) == given_.expected
    in_sequence = isinstance(question, Ordering | Matching)
    assert given_.correct == (same if in_sequence else sorted(answer) == sorted(given_.expected))


@pytest.mark.parametrize("kind", [MultipleChoice, MultipleResponse, Ordering, Matching])
def test_an_untouched_question_is_not_complete(kind: type) -> None:
    question = one(kind)
    untouched = (-1,) * len(question.pairs) if isinstance(question, Matching) else ()
    assert not is_complete(question, untouched)
