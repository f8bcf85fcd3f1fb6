"""The traffic shifter's page through the front door: every scenario, mode and view, forged links, configs, drills."""

import json
import re
from html import unescape
from typing import Any

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from content import default_catalog
from simulators.pages import traffic as traffic_page
from simulators.pages.film import _told, _trimmed
from simulators.pages.simulator import jobs
from simulators.traffic import PREDICTIONS, SCENARIOS, SIMULATOR, Params, deployment_config, drill, frames, run
from tests.conftest import Visit
from tests.journeys.test_browser import Open, clean, violations
from tests.test_pages import LEARNER, button, open_app, store
from tests.test_pages import words as raw_words

PAGE = "quizzes/pages/simulator.py"


def opened(**query: str) -> AppTest:
    return open_app(PAGE, simulator="traffic", **{f"traffic-{name}": value for name, value in query.items()})


def words(app: AppTest) -> str:
    return unescape(raw_words(app))


def pressed(app: AppTest, label: str) -> AppTest:
    button(app, label).click().run()
    assert not app.exception, app.exception
    return app


def ran(app: AppTest, choice: int | None = 0) -> AppTest:
    if choice is not None:
        asked = [each for each in app.radio if each.label.startswith("Before you run it")]
        asked[0].set_value(choice).run()
    return pressed(app, "Run")


def looked(app: AppTest, view: str, mode: str = "deployment") -> AppTest:
    app.button_group(key=f"traffic-{mode}-view").set_value(view).run()
    assert not app.exception, app.exception
    return app


# --- scenarios and views ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_opens_runs_and_teaches(name: str) -> None:
    app = opened(scenario=name)
    scenario = SCENARIOS[name]
    assert app.selectbox(key="traffic-scenario").value == name
    assert "Before you run it" in app.radio[0].label
    assert scenario.lesson not in words(app)
    ran(app)
    params = Params(**scenario.params)
    result = run(params)
    told = words(app)
    for sentence in SIMULATOR.findings(result):
        assert sentence in told
    assert scenario.lesson in told
    assert ("You expected it." in told) or ("It came out differently" in told)
    if params.mode == "deployment":
        assert [each.value for each in app.metric][:2] == [result.outcome.capitalize(), f"{result.users_hurt:,}"]
    for view in traffic_page._VIEWS[params.mode]:
        looked(app, view, params.mode)
        if view == "strategies" and params.compare:
            assert result.comparison is not None
            for hurt in result.comparison["users_hurt"].dropna():
                assert f" {hurt:,.0f} " in words(app)


def test_a_link_by_the_name_or_by_the_title_gives_the_same_settings_and_a_link_that_lasts() -> None:
    by_name, by_title = opened(scenario="low-traffic"), opened(scenario=SCENARIOS["low-traffic"].title)
    for app in (by_name, by_title):
        assert app.number_input(key="traffic-requests_per_minute").value == 10
        assert app.query_params["traffic-scenario"] == SCENARIOS["low-traffic"].title
    named = {name for name in by_name.query_params if name.startswith("traffic-")}
    assert named == {"traffic-scenario", "traffic-requests_per_minute"}


def test_a_changed_setting_is_no_scenario_any_more() -> None:
    app = opened(scenario="low-traffic")
    app.slider(key="traffic-canary_size").set_value(30).run()
    assert app.selectbox(key="traffic-scenario").value is None
    assert app.number_input(key="traffic-requests_per_minute").value == 10
    ran(app)
    assert "The lesson" not in words(app)


def test_another_link_in_the_same_visit_sets_up_the_other_scenario() -> None:
    app = opened(scenario="low-traffic")
    app.query_params["traffic-scenario"] = "leak"
    app.run()
    assert app.selectbox(key="traffic-scenario").value == "leak"
    assert app.number_input(key="traffic-requests_per_minute").value == Params().requests_per_minute
    assert app.slider(key="traffic-leak_minutes").value == 25


@pytest.mark.parametrize("strategy", ["ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING"])
def test_the_size_in_sight_is_that_of_the_strategy_and_all_settings_are_somewhere(strategy: str) -> None:
    app = opened(strategy=strategy)
    assert not app.exception
    keys = {each.key for kind in (app.slider, app.number_input, app.selectbox, app.toggle) for each in kind}
    keys |= {each.key for each in app.button_group}
    assert {f"traffic-{name}" for name in Params.__pydantic_fields__} <= keys  # type: ignore[attr-defined]
    first = next(each for each in app.slider)
    assert first.key == f"traffic-{traffic_page._SIZES.get(strategy, 'termination_wait_seconds')}"


def test_sizes_say_their_unit() -> None:
    assert opened().slider(key="traffic-canary_size").label == "Canary size (%)"
    for app in (opened(scenario="aws-notebook"), opened(size_type="instances"), opened(size_type="INSTANCE_COUNT")):
        assert app.slider(key="traffic-canary_size").label == "Canary size (instances)"
        assert app.slider(key="traffic-rollback_batch_size").label == "Rollback batch (instances)"


def test_every_setting_has_its_group() -> None:
    grouped = [name for names in traffic_page._GROUPS.values() for name in names]
    assert sorted([*grouped, "mode"]) == sorted(Params.__pydantic_fields__)  # type: ignore[attr-defined]


def test_a_quick_run_follows_its_settings_and_a_slow_one_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ran(opened())
    assert app.metric[1].value == f"{run(Params()).users_hurt:,}"
    app.slider(key="traffic-green_error_percent").set_value(50.0).run()
    assert app.metric[1].value == f"{run(Params(green_error_percent=50)).users_hurt:,}"
    app.number_input(key="traffic-requests_per_minute").set_value(60_000.0).run()
    assert SIMULATOR.takes_long(Params(requests_per_minute=60_000, green_error_percent=50))
    assert "The settings have changed" in " ".join(each.value for each in app.info)
    assert not app.exception


def test_a_slow_run_shows_its_progress_and_then_its_result() -> None:
    app = ran(opened(requests_per_minute="60000"))
    params = Params(requests_per_minute=60_000)
    assert not app.metric
    job = jobs().get("traffic", params)
    assert job is not None
    job.future.result(timeout=120)
    app.run()
    assert not app.exception
    assert app.metric[1].value == f"{job.result().users_hurt:,}"
    assert "queues grow without end" in words(app)


def test_too_much_is_a_message() -> None:
    app = ran(opened(requests_per_minute="250000", watch_minutes="480"))
    assert "This cannot be run: found 490,000,000 requests to serve, wanted at most 40,000,000" in words(app)
    assert not app.metric


def test_what_aws_refuses_is_said_with_the_limit() -> None:
    app = ran(opened(canary_size="70"), 4)
    assert "You expected it." in words(app)
    assert "found 70 %, wanted at most 50 %" in words(app)
    app = ran(opened(timeout_seconds="600"), 4)
    assert "MaximumExecutionTimeoutInSeconds: found 600, wanted more than the sum of the waits" in words(app)


@pytest.mark.parametrize(
    "forged",
    [
        {"scenario": "nobody", "strategy": "MAYBE", "instances": "0", "mode": "<script>", "seed": "-1"},
        {"instances": "1e9", "canary_size": "NaN", "alarm_threshold": "-1", "alarm_periods": "101", "part": "?"},
        {"seed": "1e400", "instances": "1e400", "requests_per_minute": "1e400", "drill": "1e400"},
        {"seed": "nan", "wait_seconds": "-inf", "green_error_percent": "inf", "alarm_threshold": "nan"},
        {"deployment-view": "secrets", "drill": "99999999999999999999", "green_model": "💥", "compare": "perhaps"},
    ],
)
def test_a_forged_link_gives_defaults(forged: dict[str, str]) -> None:
    app = ran(opened(**forged))
    assert app.metric[1].value == f"{run(Params()).users_hurt:,}"
    assert "secrets" not in words(app)


def test_m_above_n_is_refused_and_not_an_error() -> None:
    app = ran(opened(alarm_datapoints="9"))
    assert "found DatapointsToAlarm 9, wanted 1 to EvaluationPeriods (3)" in words(app)


# --- predictions ------------------------------------------------------------------------------------------------------


def test_predictions_name_facts_and_reach_the_learners_record() -> None:
    facts = default_catalog().facts
    for prediction in PREDICTIONS:
        assert prediction.facts
        assert all(fact in facts for fact in prediction.facts)
    app = ran(opened(), 1)
    assert "You expected it." in words(app)
    kept = store().reviews(LEARNER)
    assert {each.fact for each in kept} == set(PREDICTIONS[0].facts)
    assert {(each.kind, each.rating > 1) for each in kept} == {("prediction", True)}
    app.run()
    assert len(store().reviews(LEARNER)) == len(kept)
    pressed(app, "Predict and run again")
    ran(app, 4)
    later = store().reviews(LEARNER)[len(kept) :]
    assert {each.fact for each in later} == set(PREDICTIONS[1].facts)


@pytest.mark.parametrize(("mode", "word"), [("shadow", "shadow"), ("ab", "stops at the first p")])
def test_a_test_of_variants_asks_about_itself(mode: str, word: str) -> None:
    app = opened(mode=mode)
    asked = [each for each in PREDICTIONS if each.fits is None or each.fits(Params(mode=mode))]
    assert len(asked) >= 2
    assert any(word in each.ask for each in asked)
    ran(app)
    assert not app.exception
    assert {each.fact for each in store().reviews(LEARNER)} == set(asked[0].facts)


# --- the film ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_film_tells_the_run_to_its_end(name: str) -> None:
    result = run(Params(**SCENARIOS[name].params))
    data = _told.__wrapped__("key", result)  # type: ignore[attr-defined]
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    count = len(data["minute"])
    assert data["minute"][-1] == data["until"]
    assert len(data["hurt"]) == count
    assert data["hurt"][-1] == result.users_hurt
    assert len(data["dots"]["minute"]) == len(data["dots"]["fleet"]) == len(data["dots"]["outcome"])
    for alarm in data["alarms"]:
        assert len(alarm["values"]) == len(alarm["states"]) == count
        assert alarm["threshold"] <= alarm["top"]
    for event, (_, fleet, status, message) in zip(result.plan.events, data["events"], strict=False):
        assert (event.fleet, event.status, event.message) == (fleet, status, message)
    if data["events"]:
        assert data["events"][-1][0] <= data["until"]


def test_the_film_ends_when_nothing_happens_any_more() -> None:
    film = frames(run(Params()))
    short = _trimmed(film)
    assert short.minute[-1] < film.minute[-1]
    assert short.users_hurt[-1] == film.users_hurt[-1]
    assert short.events == film.events


# --- a config, drills -------------------------------------------------------------------------------------------------


def test_a_config_is_explained_simulated_and_taken_over() -> None:
    app = opened(part="Explain a config")
    config = deployment_config(Params(strategy="LINEAR", linear_step=50, wait_seconds=300))
    app.text_area(key="traffic-config").set_value(json.dumps({"EndpointName": "x", "DeploymentConfig": config})).run()
    assert "Linear on 10 instances, in 2 shifts." in words(app)
    wanted = run(Params(strategy="LINEAR", linear_step=50, wait_seconds=300))
    assert app.metric[1].value == f"{wanted.users_hurt:,}"
    pressed(app, "Simulate it with all its figures")
    assert app.slider(key="traffic-linear_step").value == 50
    assert app.slider(key="traffic-wait_seconds").value == 300
    assert app.metric[1].value == f"{wanted.users_hurt:,}"
    assert app.query_params["traffic-strategy"] == "Linear"


def test_the_config_of_the_settings_is_offered() -> None:
    app = opened(part="Explain a config", strategy="Rolling")
    pressed(app, "Take that of the settings")
    assert "RollingUpdatePolicy" in app.text_area(key="traffic-config").value
    assert "AWS takes it." in words(app)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[" * 19_000,
        "[]",
        '{"BlueGreenUpdatePolicy": null}',
        '{"AutoRollbackConfiguration": {"Alarms": null}}',
        '{"BlueGreenUpdatePolicy": {}, "RollingUpdatePolicy": {}}',
        '{"<script>alert(1)</script>": 1}',
    ],
)
def test_what_is_no_config_is_a_message(text: str) -> None:
    app = opened(part="Explain a config")
    app.text_area(key="traffic-config").set_value(text).run()
    assert not app.exception
    shown = " ".join(str(block.proto.body) for block in app.get("html"))
    assert "AWS would refuse this" in shown
    assert "<script>" not in shown
    assert not app.metric


def test_an_alarm_name_that_is_half_a_character_is_shown_all_the_same() -> None:
    app = opened(part="Explain a config")
    text = '{"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "\\ud800 *x* <b>"}]}}'
    app.text_area(key="traffic-config").set_value(text).run()
    assert not app.exception
    shown = " ".join(str(block.proto.body) for block in app.get("html"))
    assert "? *x* &lt;b&gt;" in shown


@pytest.mark.parametrize("seed", range(12))
def test_drills_are_answered_and_count_once(seed: int) -> None:
    posed = drill(seed)
    app = opened(part="Drills", drill=str(seed))
    assert posed.ask.split(".")[0] in words(app)
    facts = default_catalog().facts
    assert all(fact in facts for fact in posed.facts)
    wrong = (posed.answer + 1) % 4
    app.radio(key=f"traffic-drill-{seed}").set_value(wrong).run()
    pressed(app, "Check")
    assert "Not right" in words(app)
    assert [(each.fact, each.rating) for each in store().reviews(LEARNER)] == [(fact, 1) for fact in posed.facts]
    # Answered is answered: the right choice is known now, and a second try would be no evidence.
    assert f"traffic-drill-{seed}" not in [each.key for each in app.radio]
    pressed(app, "Next drill")
    assert drill(seed + 1).ask.split(".")[0] in words(app)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "inf", "nan", "99999999999999999999"])
def test_a_drill_number_out_of_this_world_does_not_hold_the_next_one_up(number: str) -> None:
    app = opened(part="Drills", drill=number)
    app.radio[0].set_value(0).run()
    pressed(app, "Check")
    before = app.number_input(key="traffic-drill").value
    pressed(app, "Next drill")
    after = app.number_input(key="traffic-drill").value
    assert after != before
    assert drill(after).ask.split(".")[0] in words(app)


# --- in a browser -----------------------------------------------------------------------------------------------------


def run_in_browser(seen: Visit, link: str, choice: str) -> Any:
    page = seen.go(f"/simulator?simulator=traffic&{link}")
    page.get_by_text(choice, exact=True).click()
    seen.settle()
    page.get_by_role("button", name=re.compile("^Run")).click()
    seen.settle()
    return page


def minute_of(page: Any) -> int:
    return int(page.locator(".film .clock").inner_text().split()[1])


@pytest.mark.browser
def test_the_film_plays_pauses_steps_and_remembers(visit: Open) -> None:
    seen = visit()
    seen.begin()
    page = run_in_browser(seen, "traffic-scenario=diluted", "The update completes")
    play = page.locator(".film .play")
    page.locator(".film .lines").scroll_into_view_if_needed()
    expect(play).to_have_text("Pause")
    expect(page.locator(".film .clock")).not_to_have_text("minute 0", timeout=10_000)
    play.click()
    expect(play).to_have_text("Play")
    paused = minute_of(page)
    page.wait_for_timeout(400)
    assert minute_of(page) == paused
    page.get_by_role("button", name="Step on").click()
    assert minute_of(page) == paused + 1
    page.get_by_role("button", name="Step back").click()
    page.get_by_role("button", name="Step back").click()
    assert minute_of(page) == max(paused - 1, 0)
    page.get_by_role("slider", name="Minute after the update call").press("End")
    expect(play).to_have_text("Play again")
    hurt = page.locator(".film .now div").nth(2).locator("dd").inner_text()
    assert hurt == f"{run(Params(**SCENARIOS['diluted'].params)).users_hurt:,}"
    expect(
        page.get_by_role("list", name="Events").get_by_text("Rolling back: Invocation5XXErrors-both")
    ).to_be_visible()
    page.get_by_role("button", name="Step back").click()
    before = minute_of(page)
    page.get_by_role("radio", name="Alarms").click()
    seen.settle()
    page.get_by_role("radio", name="Timeline").click()
    seen.settle()
    assert minute_of(page) == before
    clean(seen)


@pytest.mark.browser
def test_nothing_moves_for_who_wants_no_motion(visit: Open) -> None:
    seen = visit()
    seen.page.emulate_media(reduced_motion="reduce")
    seen.begin()
    page = run_in_browser(seen, "traffic-scenario=leak", "The update completes")
    page.locator(".film .lines").scroll_into_view_if_needed()
    expect(page.locator(".film .play")).to_have_text("Play again")


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_is_accessible_and_fits(visit: Open, width: int, dark: bool) -> None:
    seen = visit(width, 844, dark=dark)
    page = seen.begin()
    found: list[str] = []

    def look(where: str) -> None:
        seen.settle()
        page.wait_for_timeout(300)
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found.extend(f"{where}: {each}" for each in violations(page))
        found.extend([f"{where}: {spill} px too wide"] if spill > 1 else [])

    for mode, choice in (("deployment", "The update completes"), ("ab", "She finds no difference")):
        run_in_browser(seen, f"traffic-mode={mode}", choice)
        for name in page_views(mode):
            page.get_by_role("radio", name=name, exact=True).click()
            look(f"{mode}, {name}")
    page.get_by_text("More settings").click()
    look("more settings")
    seen.go("/simulator?simulator=traffic&traffic-part=Explain+a+config")
    page.get_by_role("button", name="Take that of the settings").click()
    look("config")
    seen.go("/simulator?simulator=traffic&traffic-part=Drills&traffic-drill=3")
    look("drill")
    assert found == []
    clean(seen)


def page_views(mode: str) -> list[str]:
    return list(traffic_page._VIEWS[mode].values())
