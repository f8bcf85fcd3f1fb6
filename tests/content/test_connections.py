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


def test_pairs_and_links_are_told_on_both_sides() -> None:
    for links in (CATALOG.confused, CATALOG.related):
        assert all(name in links[other] for name, others in links.items() for other in others)
        assert all(name not in others for name, others in links.items())
    assert not any(set(CATALOG.confused.get(name, ())) & set(others) for name, others in CATALOG.related.items())


def test_every_topic_hangs_together_with_others() -> None:
    """A fact sends on to the topic that explains or continues it."""
    ways: dict[str, set[str]] = {slug: set() for slug in CATALOG.topics}
    for links in (CATALOG.confused, CATALOG.related):
        for name, others in links.items():
            slug = name.partition("/")[0]
            ways[slug] |= {other.partition("/")[0] for other in others} - {slug}
    assert {slug: len(topics) for slug, topics in ways.items() if len(topics) < 3} == {}


def test_no_fact_sends_everywhere() -> None:
    assert {name: others for name, others in CATALOG.related.items() if len(others) > 4} == {}


def test_the_glossary_says_what_letters_stand_for() -> None:
    terms = {term.head: term for term in glossary(CATALOG)}
    assert terms["DPL"].stands_for == "difference in proportions of labels"
    assert len(terms) > 600
    assert all(term.fact in CATALOG.facts for term in terms.values())
    for term in terms.values():
        assert term.stands_for is None or term.stands_for[0].lower() == term.head[0].lower()


def test_a_term_stands_in_the_glossary_once() -> None:
    heads = [(term.head.lower(), (term.stands_for or "").lower()) for term in glossary(CATALOG)]
    assert len(set(heads)) == len(heads)
    explained = [term.lower() for fact in CATALOG.facts.values() for term in fact.terms]
    assert sorted(explained) == sorted(set(explained))


def test_a_fact_speaks_of_the_term_it_explains() -> None:
    """At least of one of its words: who looks a term up must find it there."""
    lost = []
    for name, fact in CATALOG.facts.items():
        said = " ".join(filter(None, (fact.text, fact.ask, fact.answer, name))).lower().replace("-", " ")
        for term in fact.terms:
            words = [word.rstrip("s") for word in term.lower().replace("-", " ").split()]
            if not any(word[: max(4, len(word) - 3)] in said for word in words):
                lost.append((name, term))
    assert lost == []
