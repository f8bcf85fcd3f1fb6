"""What a learner types finds what she means."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as some

from content import default_catalog, search
from content.search import Document, Index


@pytest.mark.parametrize(
    ("text", "topic", "word"),
    [
        ("hyper band", "tuning-strategies", "hyperband"),
        ("hyperbnad", "tuning-strategies", "hyperband"),
        ("fast file", "input-modes", "fastfile"),
        ("canar", "deployment-guardrails", "canary"),
        ("kullback", "bias-metrics", "kullback"),
        ("serverles concurrency", "deployment-types", "serverless"),
        ("Simpson's paradox", "bias-metrics", "paradox"),
    ],
)
def test_the_first_hit_is_what_was_meant(text: str, topic: str, word: str) -> None:
    hit = search(text)[0]
    assert hit.topic == topic
    assert word in "".join(part for part, _ in hit.excerpt).lower() + hit.title.lower()
    assert hit.name in default_catalog().facts


def test_matches_are_marked() -> None:
    marked = [part for hit in search("canary") for part, found in hit.excerpt if found]
    assert marked
    assert all(part.lower().startswith("canar") for part in marked)


def test_a_title_weighs_more_than_a_mention() -> None:
    index = Index([Document("fact", "a/x", "Other", "a pipe and more"), Document("fact", "a/y", "Pipe", "a mode")])
    assert [hit.name for hit in index.search("pipe")] == ["a/y", "a/x"]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("canary", "deployment-guardrails/"),
        ("pipe mode", "input-modes/"),
        ("multi model endpoint", "deployment-types/"),
        ("smote", "class-imbalance/"),
    ],
)
def test_who_looks_for_a_term_finds_the_fact_that_explains_it(text: str, fact: str) -> None:
    hit = search(text)[0]
    assert hit.name.startswith(fact)
    assert text.split(maxsplit=1)[0] in " ".join(default_catalog().facts[hit.name].terms).lower().replace("-", " ")


def test_all_words_come_before_some() -> None:
    bodies = ["spot training", "spot prices", "training jobs"]
    index = Index([Document("fact", f"a/{i}", "T", body) for i, body in enumerate(bodies)])
    assert next(hit.name for hit in index.search("spot training")) == "a/0"
    assert len(index.search("spot training")) == 3


@given(some.text(max_size=60))
def test_no_query_is_an_error(text: str) -> None:
    search(text)


@pytest.mark.parametrize("text", ["", "   ", '"', "AND OR NOT", "a*b", "(", "near/2", "x" * 5_000, "\x00", "col:val"])
def test_what_fts5_would_read_as_syntax_is_only_words(text: str) -> None:
    assert isinstance(search(text), list)


def test_nothing_is_found_in_an_empty_index() -> None:
    assert Index([]).search("anything") == []


def test_threads_share_the_index() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [hit.name for hit in search("hyperband")], range(64)))
    assert len({tuple(names) for names in found}) == 1
