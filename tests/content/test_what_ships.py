"""The notes and banks that ship: whole, even, and fair to a test-wise guesser."""

from collections import Counter

import pytest

from content import Topic, default_catalog
from quizzes import Question, default_banks
from quizzes.models import Matching, MultipleChoice, MultipleResponse, Ordering

CATALOG = default_catalog()
BANKS = default_banks()
CORE = ["input-modes", "tuning-strategies", "deployment-types", "deployment-guardrails", "bias-metrics"]
NUMBERS = {2: "TWO", 3: "THREE", 4: "FOUR"}


def banks() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("slug", sorted(BANKS))


def questions() -> pytest.MarkDecorator:
    every = [question for bank in BANKS.values() for question in bank]
    return pytest.mark.parametrize("question", every, ids=[question.name for question in every])


@pytest.mark.parametrize("slug", CORE)
def test_a_core_topic_is_whole(slug: str) -> None:
    topic: Topic = CATALOG.topics[slug]
    assert sum(fact.ask is not None for fact in topic.facts) >= 25, "cards"
    assert len(BANKS[slug]) >= 30, "questions"
    assert any(section.table for section in topic.sections), "a comparison table"
    assert any(section.worked for section in topic.sections), "a worked example"
    assert any(fact.trap for fact in topic.facts), "a trap"


@pytest.mark.parametrize("slug", CORE)
def test_a_core_bank_uses_every_type_and_difficulty(slug: str) -> None:
    bank = BANKS[slug]
    assert {type(question) for question in bank} == {MultipleChoice, MultipleResponse, Ordering, Matching}
    assert any(question.case for question in bank), "a case"
    shares = Counter(question.difficulty for question in bank)
    assert all(shares[level] / len(bank) >= 0.15 for level in (1, 2, 3)), shares


@pytest.mark.parametrize("slug", sorted(CATALOG.topics))
def test_every_fact_is_practised(slug: str) -> None:
    """A fact that neither a card nor a question asks for would be read once and forgotten."""
    asked = {fact for bank in BANKS.values() for question in bank for fact in question.facts}
    idle = [fact.id for fact in CATALOG.topics[slug].facts if fact.ask is None and f"{slug}/{fact.id}" not in asked]
    assert idle == []


@banks()
def test_the_right_place_is_even(slug: str) -> None:
    places = Counter(
        next(i for i, choice in enumerate(question.choices) if choice.correct)
        for question in BANKS[slug]
        if isinstance(question, MultipleChoice)
    )
    total = places.total()
    assert all(abs(places[place] - total / 4) <= max(1.5, total * 0.1) for place in range(4)), places


@banks()
def test_the_longest_choice_is_not_the_safe_guess(slug: str) -> None:
    singles = [question for question in BANKS[slug] if isinstance(question, MultipleChoice)]
    longest = [max(question.choices, key=lambda choice: len(choice.text)).correct for question in singles]
    shortest = [min(question.choices, key=lambda choice: len(choice.text)).correct for question in singles]
    assert sum(longest) / len(singles) <= 0.38, "the longest choice is right too often"
    assert sum(shortest) / len(singles) <= 0.38, "the shortest choice is right too often"


@questions()
def test_choices_are_of_like_length(question: Question) -> None:
    if isinstance(question, MultipleChoice | MultipleResponse):
        lengths = sorted(len(choice.text) for choice in question.choices)
        assert lengths[-1] <= max(2.2 * lengths[0], lengths[0] + 30), lengths


@questions()
def test_a_question_can_stand_alone(question: Question) -> None:
    texts = [question.prompt]
    if isinstance(question, MultipleChoice | MultipleResponse):
        texts += [choice.text for choice in question.choices]
        for phrase in ("all of the above", "none of the above", "both a and b"):
            assert not any(phrase in text.lower() for text in texts)
        for why in (choice.why for choice in question.choices):
            assert len(why) >= 20, f"says too little: {why}"
    if isinstance(question, MultipleResponse):
        right = sum(choice.correct for choice in question.choices)
        assert f"Select {NUMBERS[right]}" in question.prompt


def test_ids_are_unique_over_topics_and_no_card_is_asked_twice() -> None:
    asks = Counter(fact.ask for fact in CATALOG.facts.values() if fact.ask)
    assert [ask for ask, count in asks.items() if count > 1] == []
    prompts = Counter((question.scenario, question.prompt) for bank in BANKS.values() for question in bank)
    assert [prompt for prompt, count in prompts.items() if count > 1] == []


@pytest.mark.parametrize("slug", sorted(CATALOG.topics))
def test_every_topic_has_a_bank(slug: str) -> None:
    assert BANKS.get(slug)
