"""The page of the tuning race, through the app's front door."""

import os
import re
import signal
import time
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from simulators.hyperband import PREDICTIONS, SCENARIOS, drill, request
from simulators.pages.simulator import jobs
from tests.test_pages import LEARNER, button, open_app, store
from tests.test_pages import words as raw_words

PAGE = "quizzes/pages/simulator.py"
TINY = {
    "hyperband-max_resource": "9",
    "hyperband-rows": "150",
    "hyperband-seeds": "1",
    "hyperband-line_up": "duel",
    "hyperband-space": "mild",
}


def words(app: AppTest) -> str:
    return unescape(raw_words(app))


def page(**query: str) -> AppTest:
    return open_app(PAGE, simulator="hyperband", **{name.replace("__", "-"): value for name, value in query.items()})


def wait(app: AppTest) -> AppTest:
    """Until the race is over: the page's own refreshing needs a browser."""
    for _ in range(200):
        app.run()
        assert not app.exception, app.exception
        if "What happened" in [each.value for each in app.subheader]:
            return app
        time.sleep(0.25)
    raise AssertionError(f"the race has not ended: {words(app)[-300:]}")


def raced(choice: int | None = None, **query: str) -> AppTest:
    app = page(**TINY, **query)
    if choice is not None:
        app.radio(key="hyperband-prediction-0").set_value(choice).run()
    button(app, "Run").click().run()
    return wait(app)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_opens_and_sets_up_its_settings(scenario: str) -> None:
    app = page(**{"hyperband-scenario": scenario})
    assert app.selectbox(key="hyperband-scenario").value == scenario
    for name, value in SCENARIOS[scenario].params.items():
        assert app.session_state[f"hyperband-{name}"] == value
    primary = [each.label for each in app.button if each.proto.type == "primary"]
    assert primary == ["Run"]
    assert not app.error


def test_a_prediction_is_graded_once_and_kept_as_reviews() -> None:
    app = raced(choice=0)
    told = words(app)
    assert "You said: Hyperband's alone" in told
    assert "Median validation accuracy over 1 seed" in told
    app.run()
    reviews = store().reviews(LEARNER)
    assert {each.fact for each in reviews} == set(PREDICTIONS[0].facts)
    assert len(reviews) == len(PREDICTIONS[0].facts)
    assert {each.kind for each in reviews} == {"prediction"}


def test_a_race_tells_its_rungs_and_can_be_stopped() -> None:
    app = page(**{"hyperband-line_up": "duel", "hyperband-seeds": "30", "hyperband-seed": "77"})
    button(app, "Run").click().run()
    told = set()
    for _ in range(200):
        told |= {each.proto.text for each in app.get("progress")}
        if any("bracket s = " in text and "rung" in text for text in told):
            break
        time.sleep(0.1)
        app.run()
    else:
        raise AssertionError(f"no rung in {told}")
    button(app, "Stop").click().run()
    assert [each.value for each in app.info] == ["The run was stopped."]
    assert not app.exception
    assert button(app, "Run")
    app.run()
    assert not app.info
    assert not app.get("progress")


def test_one_seed_is_not_asked_how_many_seeds() -> None:
    asked = [each.ask for each in PREDICTIONS if each.fits is None or each.fits(page_params(seeds=1))]
    assert len(asked) == len(PREDICTIONS) - 1


def page_params(**given: int) -> object:
    from simulators.hyperband import Params

    return Params(**given)


def test_each_view_of_a_race_draws_its_charts_and_a_change_of_view_does_not_race_again() -> None:
    app = raced()
    views = {
        "best": ["Best so far"],
        "replay": ["The race again"],
        "brackets": ["The brackets"],
        "curves": ["Learning curves"],
        "epochs": ["Where the epochs went"],
        "winner": ["Validation and test"],
        "time": ["Wall-clock time", "Who waits"],
    }
    for view, titles in views.items():
        app.session_state["hyperband-view"] = view
        app.run()
        assert not app.exception
        assert re.findall(r"<h3>(.*?)</h3>", " ".join(str(block.proto.body) for block in app.get("html"))) == titles
        charts = app.get("plotly_chart")
        assert len(charts) == len(titles)
        if view in ("replay", "brackets", "curves"):
            assert '"frames":[{' in charts[0].proto.spec.replace(" ", "")
            assert '"sliders"' in charts[0].proto.spec
    button(app, "Predict and run again").click().run()
    assert "What happened" not in [each.value for each in app.subheader]


def test_the_calculator_answers_at_once_by_both_rules() -> None:
    app = page(**{"hyperband-part": "Calculator", "hyperband-calculated_resource": "27"})
    assert [each.value for each in app.metric] == ["49", "8", "357", "423"]
    assert "Table 1 46 and 342 (405)" in words(app)
    table = app.dataframe[0].value
    assert list(table["Rung 1"]) == ["27 @ 1", "12 @ 3", "6 @ 9", "4 @ 27"]
    assert list(table["Resuming"]) == [81, 78, 90, 108]
    assert list(table["Restarting"]) == [108, 99, 108, 108]
    app.session_state["hyperband-calculated_rule"] = "table-1"
    app.run()
    assert [each.value for each in app.metric] == ["46", "8", "342", "405"]
    for resource, eta in ((1, 10), (100_000, 2), (243, 3), (59_049, 3)):
        app.number_input(key="hyperband-calculated_resource").set_value(resource)
        app.number_input(key="hyperband-calculated_eta").set_value(eta)
        app.run()
        assert not app.exception


def test_a_calculated_schedule_can_be_raced() -> None:
    app = page(**{"hyperband-part": "Calculator", "hyperband-calculated_resource": "64"})
    button(app, "Race with this schedule").click().run()
    assert not app.exception
    assert app.session_state["hyperband-part"] == "Race"
    assert app.session_state["hyperband-max_resource"] == 64
    assert "bracket" in words(app)


def test_the_request_is_that_of_the_settings_and_the_decision_path_changes_it() -> None:
    app = page(**{"hyperband-part": "On SageMaker", "hyperband-max_resource": "81", "hyperband-early_stopping": "true"})
    told = words(app)
    assert "MaxResource is R" in told
    assert "Early stopping stays Off" in told
    assert "would refuse" not in told
    app.session_state["hyperband-request"] = True
    for at in range(3):
        app.radio(key=f"hyperband-choosing-{at}").set_value("No").run()
    assert "Bayesian. Bayesian search makes the most" in words(app)
    button(app, "Put Bayesian in the request").click().run()
    assert not app.exception
    assert app.session_state["hyperband-api_strategy"] == "Bayesian"


def test_the_strategy_of_the_request_does_not_touch_the_race() -> None:
    app = raced()
    app.session_state["hyperband-part"] = "On SageMaker"
    app.run()
    app.session_state["hyperband-api_strategy"] = "Random"
    app.run()
    app.session_state["hyperband-part"] = "Race"
    app.run()
    assert "What happened" in [each.value for each in app.subheader]
    assert not app.info


def test_a_drill_is_checked_with_all_its_whys_and_the_next_one_follows() -> None:
    app = page(**{"hyperband-part": "Drills", "hyperband-drill": "5"})
    posed = drill(5)
    assert posed.ask in words(app)
    wrong = (posed.answer + 1) % 4
    app.radio(key="hyperband-drill-5").set_value(wrong).run()
    button(app, "Check").click().run()
    told = words(app)
    assert "Not right." in told
    assert all(why in told for why in posed.whys)
    assert [(each.fact, each.kind) for each in store().reviews(LEARNER)] == [(posed.facts[0], "prediction")]
    button(app, "Next drill").click().run()
    assert app.number_input(key="hyperband-drill").value == 6
    assert drill(6).ask in words(app)


def test_a_race_whose_process_dies_is_a_message_and_can_be_run_again() -> None:
    app = page(**{**TINY, "hyperband-max_resource": "81", "hyperband-seed": "77"})
    button(app, "Run").click().run()
    job = next(each for each in jobs()._jobs.values() if not each.done)
    for process in list(jobs()._crew.pool._processes.values()):
        os.kill(process.pid, signal.SIGKILL)
    while not job.done:
        time.sleep(0.05)
    app.run()
    assert not app.exception
    assert "The run failed" in words(app)
    app.run()
    button(app, "Run").click().run()
    assert not app.exception
    button(app, "Stop").click().run()
    assert not app.exception


def test_a_cluster_that_is_not_there_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTLAB_DASK", "tcp://127.0.0.1:9")
    jobs.clear()
    app = page(**TINY)
    button(app, "Run").click().run()
    assert not app.exception
    assert "found no Dask scheduler at 'tcp://127.0.0.1:9', which CERTLAB_DASK names" in words(app)
    jobs.clear()


@pytest.mark.parametrize("part", ["Race", "Calculator", "On SageMaker", "Drills", "nobody"])
def test_forged_and_out_of_range_links_give_the_defaults(part: str) -> None:
    forged = {
        "hyperband-part": part,
        "hyperband-scenario": "nobody",
        "hyperband-max_resource": "1000000",
        "hyperband-eta": "one",
        "hyperband-space": "<script>",
        "hyperband-line_up": "nobody",
        "hyperband-seeds": "-4",
        "hyperband-view": "nobody",
        "hyperband-drill": "-7",
        "hyperband-calculated_resource": "1e99",
        "hyperband-calculated_eta": "-1e400",
        "hyperband-calculated_rule": "x",
        "hyperband-api_strategy": "Magic",
    }
    app = page(**forged)
    assert not app.exception
    assert app.slider(key="hyperband-max_resource").value == 27
    assert app.slider(key="hyperband-seeds").value == 3
    assert "nobody" not in words(app)


def test_the_page_asks_for_the_request_the_module_makes() -> None:
    operation, body = request(page_params())
    assert operation == "CreateHyperParameterTuningJob"
    assert body["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] == "Off"
