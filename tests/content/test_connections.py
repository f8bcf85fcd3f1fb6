"""Confused pairs, the tasks an exam rests on, and the glossary."""

import pytest

from content import default_catalog
from content.connections import glossary, pairs, tasks
from quizzes import default_banks

CATALOG, BANKS = default_catalog(), default_banks()


def test_every_pair_is_there_once_and_of_two_facts() -> None:
    found = pairs(CATALOG)
    assert len(found) > 100
    assert len({frozenset(pair) for pair in found}) == len(found)
    assert all(left != right and {left, right} <= CATALOG.facts.keys() for left, right in found)


@pytest.mark.parametrize("code", ["mla-c02", "mla-c01"])
def test_every_task_of_an_exam_has_facts_and_questions(code: str) -> None:
    """A task with too little would be found by the candidate in the exam."""
    for task, slugs in tasks(CATALOG, code):
        facts = sum(1 for slug in slugs for _ in CATALOG.topics[slug].facts)
        questions = sum(len(BANKS[slug]) for slug in slugs)
        assert facts >= 60, (task.id, facts)
        assert questions >= 40, (task.id, questions)


def test_the_glossary_says_what_letters_stand_for() -> None:
    terms = {term.short: term for term in glossary(CATALOG)}
    assert terms["DPL"].long == "difference in proportions of labels"
    assert all(name in CATALOG.facts for term in terms.values() for name in term.facts)
    for term in glossary(CATALOG):
        assert term.long[0].lower() == term.short[0].lower()
