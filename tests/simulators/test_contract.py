"""What the pages rely on, for every simulator there is and every one that will be."""

import json
import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from pydantic import ValidationError

from content import default_catalog
from simulators import find, slugs
from simulators.contract import Cancelled

RESULTS: dict[str, Any] = {}


def result_of(slug: str) -> Any:
    """The run of the default params, once for all tests."""
    if slug not in RESULTS:
        simulator = find(slug)
        RESULTS[slug] = simulator.run(simulator.params())
    return RESULTS[slug]


each = pytest.mark.parametrize("slug", slugs())


def test_there_are_simulators_and_only_they_are_found() -> None:
    assert {"bias", "hyperband", "traffic"} <= set(slugs())
    for wrong in ("contract", "jobs", "_bias", "../app", "", "nobody"):
        with pytest.raises(LookupError):
            find(wrong)


@each
def test_the_result_can_leave_its_process(slug: str) -> None:
    assert pickle.loads(pickle.dumps(result_of(slug))) is not None


@each
def test_findings_are_words_with_numbers(slug: str) -> None:
    findings = find(slug).findings(result_of(slug))
    assert findings
    assert all(text.strip() for text in findings)
    assert any(sign.isdigit() for text in findings for sign in text)


@each
def test_every_chart_has_words_and_its_numbers(slug: str) -> None:
    figures = find(slug).figures(result_of(slug))
    assert figures
    for figure in figures:
        assert len(figure.caption) > 20
        assert figure.chart.data
        assert 0 < len(figure.table) <= 300
        assert figure.chart.layout.width is None, "a fixed width does not fit a telephone"


@each
def test_predictions_are_answered_by_the_run(slug: str) -> None:
    predictions = find(slug).predictions
    assert len(predictions) >= 3
    for prediction in predictions:
        assert len(set(prediction.choices)) == len(prediction.choices) >= 2
        assert 0 <= prediction.answer(result_of(slug)) < len(prediction.choices)
        assert len(prediction.why(result_of(slug))) > 20


@each
def test_a_prediction_is_evidence_about_facts_that_exist(slug: str) -> None:
    facts = default_catalog().facts
    for prediction in find(slug).predictions:
        assert prediction.facts, prediction.ask
        assert [name for name in prediction.facts if name not in facts] == []


@each
def test_scenarios_are_params_with_a_lesson(slug: str) -> None:
    simulator = find(slug)
    assert len(simulator.scenarios) >= 3
    for scenario in simulator.scenarios.values():
        assert scenario.title
        assert len(scenario.lesson) > 20
        simulator.params(**scenario.params)


@each
def test_params_are_frozen_bounded_and_shown_with_a_title(slug: str) -> None:
    simulator = find(slug)
    params = simulator.params()
    name = next(iter(simulator.params.__pydantic_fields__))
    with pytest.raises((FrozenInstanceError, ValidationError)):
        setattr(params, name, None)
    for name, field in simulator.params.__pydantic_fields__.items():
        assert field.title, name
    with pytest.raises(ValidationError):
        simulator.params(seed=-1)


@each
def test_the_request_is_json(slug: str) -> None:
    simulator = find(slug)
    if simulator.request:
        operation, body = simulator.request(simulator.params())
        assert operation[0].isupper()
        assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize("slug", [slug for slug in slugs() if find(slug).slow is True])
def test_a_slow_run_can_be_cancelled_and_tells_its_progress(slug: str) -> None:
    simulator = find(slug)
    shares: list[float] = []

    def stop(share: float, words: str) -> None:
        assert words
        shares.append(share)
        if len(shares) == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        simulator.run(simulator.params(), stop)
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


def test_every_topic_with_a_simulator_names_one_there_is() -> None:
    named = {topic.simulator for topic in default_catalog().topics.values() if topic.simulator}
    assert named <= set(slugs())
    assert {"bias", "hyperband", "traffic"} <= named
