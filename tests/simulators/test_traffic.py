"""The traffic shifter against closed forms: shares, times, costs, requests, queues, harm, chances."""

import pickle
import re
from dataclasses import replace
from math import ceil, isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import TypeAdapter
from scipy import stats

from simulators import find
from simulators._traffic import schedule
from simulators._traffic.detection import exact, exposure, first_bake, simulated
from simulators._traffic.engine import FIXED_PART, finish_times, intensity, mean_intensity, run_plans
from simulators._traffic.fleets import fleets
from simulators._traffic.variants import z_statistic
from simulators.contract import Cancelled
from simulators.traffic import (
    PREDICTIONS,
    SCENARIOS,
    SIMULATOR,
    STRATEGIES,
    Params,
    alarm_requests,
    curve,
    drill,
    expected_hurt,
    figures,
    findings,
    forecast,
    frames,
    green_requests,
    hurt_chance,
    plan,
    pocock_constant,
    problems,
    repeated_rate,
    run,
    trace,
)

QUIET = {"alarm_metric": "none", "compare": False}
"""Nothing stops the update, and only one strategy runs."""

courses = some.fixed_dictionaries(
    {
        "strategy": some.sampled_from(STRATEGIES),
        "instances": some.integers(2, 100),
        "size_type": some.sampled_from(["CAPACITY_PERCENT", "INSTANCE_COUNT"]),
        "canary_size": some.integers(1, 50),
        "linear_step": some.integers(1, 50),
        "batch_size": some.integers(1, 50),
        "rollback_batch_size": some.integers(1, 100),
        "wait_seconds": some.integers(0, 3600),
        "termination_wait_seconds": some.integers(0, 3600),
        "launch_seconds": some.integers(0, 1800),
        "timeout_seconds": some.integers(600, 28_800),
    }
)


# Schedules.


def sound(course, params):
    """What holds of every course at every instant."""
    total = params.instances
    starts = [stage.start for stage in course.stages]
    assert starts == sorted(set(starts))
    for stage in course.stages:
        blue_share = stage.blue_active / total
        assert stage.green_share + blue_share == pytest.approx(1)
        assert stage.blue_active + stage.green_active == total
        assert stage.green_share == pytest.approx(stage.green_active / total)
        assert stage.blue_active <= stage.blue_alive <= total
        assert stage.green_active <= stage.green_alive <= total
    times = [event.time for event in course.events]
    assert times == sorted(times)
    for bake in course.bakes:
        assert 0 <= bake.start < bake.end <= course.end
    last = course.stages[-1]
    assert course.end >= last.start
    assert {last.blue_alive, last.green_alive} == {0, total}
    assert course.events[-1].endpoint_status == "InService"


@given(settled=courses)
def test_blue_and_green_share_all_traffic_at_every_instant(settled):
    params = Params(**settled)
    sound(plan(params, params.strategy), params)


@given(settled=courses, when=some.floats(0, 1))
def test_a_rollback_at_any_moment_brings_the_old_fleet_back(settled, when):
    params = Params(**settled)
    course = plan(params, params.strategy)
    if course.outcome != "completed" or not course.end:
        return
    at = when * course.end * 0.999
    back = schedule.rolled_back(course, params, at=at, why="a test", outcome="rolled back")
    sound(back, params)
    assert back.stages[-1].blue_alive == params.instances
    before = [stage for stage in course.stages if stage.start < at]
    assert [stage for stage in back.stages if stage.start < at] == before
    launched = sum(stage.blue_alive < params.instances for stage in before[-1:])
    if params.strategy != "ROLLING" or not launched:
        assert back.end == at, "nothing was terminated, so it is immediate"
    terminated = sum(
        int(event.message.split()[1]) for event in back.events if event.fleet == "green" and event.status == "Deleting"
    )
    started = sum(
        int(event.message.split()[1])
        for event in back.events
        if event.fleet == "green" and "Launching" in event.message
    )
    assert terminated == started, "every new instance that was launched is terminated"
    # A rollback never gives the new fleet more than it had.
    here = before[-1].green_share if before else 0.0
    assert all(stage.green_share <= here + 1e-12 for stage in back.stages if stage.start >= at)


@given(settled=courses)
def test_times_and_costs_equal_the_closed_forms(settled):
    params = Params(**(settled | {"timeout_seconds": 28_800}))
    course, expected = plan(params, params.strategy), forecast(params, params.strategy)
    if expected.end_seconds > params.timeout_seconds:
        assert course.outcome == "timed out"
        return
    assert course.end == expected.end_seconds
    assert course.first_traffic == expected.first_traffic_seconds
    assert course.full_traffic == expected.full_traffic_seconds
    assert len(schedule.shifts(params, params.strategy)) == expected.shifts
    baked = sum(bake.end - bake.start for bake in course.bakes)
    assert baked == expected.waits_seconds
    extra = course.instance_minutes - params.instances * course.end / 60
    assert extra == pytest.approx(expected.extra_instance_minutes)
    if course.end:
        step = expected.peak_instances
        assert course.peak_instances == step or params.launch_seconds == params.wait_seconds == 0


def test_steps_are_one_over_the_percentage_when_it_divides():
    for percent, steps in ((10, 10), (20, 5), (25, 4), (50, 2)):
        assert forecast(Params(instances=20, linear_step=percent), "LINEAR").shifts == steps == ceil(100 / percent)


def test_the_sample_event_of_eventbridge():
    """3 instances, canary: 121 s after the call it bakes, for 600 s, on 1 of 3 instances, in these words."""
    params = Params(instances=3, canary_size=30, launch_seconds=121, timeout_seconds=1800)
    (event,) = [event for event in plan(params, "CANARY").events if event.status == "Baking" and event.time == 121.0]
    assert event.message == (
        "Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on canary capacity of 1 instance(s)."
    )
    assert 1000 * event.time == 1635195269181 - 1635195148181
    assert schedule.instances_of(33, "CAPACITY_PERCENT", 3) == 1, "AWS's rolling notebook: 33 % of 3 is 1 instance"


def test_the_messages_are_those_aws_lists():
    known = (
        r"Launching \d+ instance\(s\)\.",
        r"Terminating \d+ instance\(s\)\.",
        r"Activating traffic on (canary|full) capacity of \d+ instance\(s\)\.",
        r"Baking for \d+ seconds \(TerminationWaitInSeconds\) with traffic enabled on "
        r"(canary|full) capacity of \d+ instance\(s\)\.",
    )
    statuses = {"Creating": 0, "Updating": 0, "Deleting": 1, "ActivatingTraffic": 2, "Baking": 3}
    for strategy in STRATEGIES:
        for event in plan(Params(strategy=strategy), strategy).events:
            if event.fleet != "endpoint":
                assert re.fullmatch(known[statuses[event.status]], event.message)


@pytest.mark.parametrize(
    ("kind", "falls_back"),
    [
        ("real-time", ()),
        ("asynchronous", ()),
        ("multi-variant", ("ROLLING",)),
        ("serverless", STRATEGIES),
        ("marketplace", STRATEGIES),
        ("inf1", STRATEGIES),
    ],
)
def test_kinds_without_guardrails_shift_all_at_once_without_a_bake(kind, falls_back):
    for strategy in STRATEGIES:
        params = Params(strategy=strategy, endpoint_kind=kind, green_error_percent=50.0, compare=False)
        course = plan(params, strategy)
        assert bool(course.note) == (strategy in falls_back)
        if course.note:
            assert course.bakes == ()
            assert [stage.green_share for stage in course.stages] == [0, 1]
            assert run(params).outcome == "completed", "its alarm is not watched"


# Requests.


def test_the_same_params_give_the_same_run_to_the_last_request():
    params = Params(bursts_per_hour=4.0, daily_swing_percent=30.0, requests_per_minute=300.0)
    first, second = run(params), run(params)
    assert first.trail.fingerprint == second.trail.fingerprint
    assert first.minutes.equals(second.minutes)
    assert trace(params).equals(trace(params))
    assert run(replace(params, seed=1)).trail.fingerprint != first.trail.fingerprint


def test_every_strategy_meets_the_same_requests():
    base = Params(**QUIET, watch_minutes=70, requests_per_minute=200.0)
    lists = [trace(replace(base, strategy=strategy)) for strategy in STRATEGIES]
    shortest = min(len(each) for each in lists)
    for each in lists[1:]:
        assert each["time_seconds"][:shortest].equals(lists[0]["time_seconds"][:shortest])
    # A request that meets the new fleet meets it under any strategy that has as much traffic on it by then.
    canary, everything = lists[STRATEGIES.index("CANARY")], lists[STRATEGIES.index("ALL_AT_ONCE")]
    assert not (canary["new_fleet"] & ~everything["new_fleet"])[:shortest].any()


def test_the_minutes_add_up_to_the_requests():
    params = Params(requests_per_minute=400.0, green_slowdown=10.0, client_error_percent=2.0, compare=False)
    minutes, requests = run(params).minutes, trace(params)
    number = np.floor(requests["time_seconds"] / 60).astype(int)
    for name, new in (("old", False), ("new", True)):
        mine = requests[requests["new_fleet"] == new]
        by_minute = mine.groupby(number[mine.index])
        counted = minutes.set_index("minute")
        for column, source in (("errors_4xx", "error_4xx"), ("errors_5xx", "error_5xx"), ("wrong", "wrong")):
            expected = by_minute[source].sum()
            assert (counted[f"{column}_{name}"][expected.index] == expected).all()
            assert counted[f"{column}_{name}"].sum() == mine[source].sum()
        assert counted[f"requests_{name}"].sum() == len(mine)
        mean = by_minute["latency_ms"].mean()
        np.testing.assert_allclose(counted[f"latency_ms_{name}"][mean.index], mean, atol=0.006)
    assert minutes["hurt"].sum() == requests["hurt"].sum()


@settings(max_examples=40, deadline=None)
@given(
    settled=courses,
    rate=some.floats(0, 300),
    swing=some.floats(0, 100),
    hour=some.floats(0, 23.9),
    seed=some.integers(0, 1000),
)
def test_request_counts_equal_the_closed_forms(settled, rate, swing, hour, seed):
    params = Params(
        **(settled | QUIET | {"timeout_seconds": 28_800}),
        requests_per_minute=rate,
        daily_swing_percent=swing,
        start_hour=hour,
        seed=seed,
        watch_minutes=10,
        history_minutes=7,
        service_ms=1.0,
    )
    result = run(params)
    if result.problems or result.outcome != "completed":
        return
    last = float(result.minutes["minute"].iloc[-1] + 1) * 60
    total = mean_intensity(params, -420.0, last) * (last + 420) / 60
    counted = result.trail.metrics.invocations.sum()
    assert abs(counted - total) <= 6 * sqrt(total) + 6
    expected = green_requests(params, params.strategy, last)
    assert abs(result.green_requests - expected) <= 6 * sqrt(expected) + 6
    assert result.extra_instance_minutes == pytest.approx(
        forecast(params, params.strategy).extra_instance_minutes, abs=1e-6
    )


def test_the_number_of_requests_is_poisson():
    """Mean and variance of the minutes agree, and gaps are exponential."""
    params = Params(**QUIET, requests_per_minute=50.0, history_minutes=0, watch_minutes=480)
    requests = trace(params)["time_seconds"]
    counts = np.bincount((requests // 60).astype(int))
    assert stats.chi2.sf(counts.var() / counts.mean() * len(counts), len(counts)) > 1e-3
    gaps = np.diff(requests)
    assert stats.kstest(gaps, "expon", args=(0, 60 / 50)).pvalue > 1e-3


def test_bursts_multiply_the_traffic_while_they_last():
    params = Params(bursts_per_hour=3.0, burst_factor=5.0, burst_minutes=4, requests_per_minute=100.0)
    rate = intensity(params, 5000)
    assert set(np.unique(rate)) == {100.0, 500.0}
    # A minute is outside every burst if none of the last four began one.
    quiet = np.exp(-3 / 60) ** 4
    assert (rate == 100).mean() == pytest.approx(quiet, abs=0.03)
    assert (intensity(params, 100) == rate[:100]).all(), "a longer run begins the same"


@given(
    data=some.lists(some.tuples(some.floats(0, 50), some.integers(0, 4), some.floats(0, 9)), min_size=1, max_size=60),
    cut=some.integers(0, 60),
)
def test_queues_are_worked_off_in_order(data, cut):
    """The vectorised recursion against one request at a time; and in two parts it is the same."""
    data = sorted(data)
    arrival, instance, service = (np.array(column, dtype=float) for column in zip(*data, strict=True))
    free = np.full(5, -np.inf)
    expected = []
    for at, where, work in data:
        free[where] = max(at, free[where]) + work
        expected.append(free[where])
    idle = np.full(5, -np.inf)
    done, busy = finish_times(instance.astype(np.uint8), arrival, service, idle)
    np.testing.assert_allclose(done, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(busy, free, rtol=0, atol=1e-9)
    head, tail = slice(0, cut), slice(cut, None)
    first, between = finish_times(instance[head].astype(np.uint8), arrival[head], service[head], idle)
    second, _ = finish_times(instance[tail].astype(np.uint8), arrival[tail], service[tail], between)
    np.testing.assert_allclose(np.concatenate([first, second]), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_waiting_agrees_with_pollaczek_and_khinchine(load):
    """M/G/1: the mean wait is lambda E[S^2] / (2 (1 - rho)); latency is wait plus service."""
    service = 0.05
    per_instance = load / service
    params = Params(
        **QUIET,
        instances=10,
        service_ms=1000 * service,
        requests_per_minute=600 * per_instance,
        watch_minutes=60,
        history_minutes=20,
    )
    requests = trace(params)
    mine = requests[(requests["time_seconds"] < 0) & (requests["time_seconds"] > -900)]
    second_moment = service**2 * (1 + (1 - FIXED_PART) ** 2)
    expected = service + per_instance * second_moment / (2 * (1 - load))
    assert mine["latency_ms"].mean() == pytest.approx(1000 * expected, rel=0.03)


def test_an_overloaded_fleet_runs_into_the_time_limit():
    params = Params(
        **QUIET, strategy="ALL_AT_ONCE", green_error_percent=0.0, green_slowdown=40.0, requests_per_minute=900.0
    )
    requests = trace(params)
    late = requests[requests["new_fleet"] & (requests["time_seconds"] > 1200)]
    assert late["error_5xx"].mean() > 0.8
    assert requests["latency_ms"].max() == 60_000


def test_a_leak_shows_when_the_first_instances_are_that_old():
    params = Params(
        **QUIET, green_error_percent=0.0, client_error_percent=0.0, leak_minutes=6, leak_error_percent=100.0
    )
    requests = trace(params)
    new = requests[requests["new_fleet"]]
    start = plan(params, "CANARY").first_traffic
    assert not new[new["time_seconds"] < start + 360]["error_5xx"].any()
    during = new[(new["time_seconds"] > start + 361) & (new["time_seconds"] < start + 599)]
    assert during["error_5xx"].all(), "the canary is one instance"
    after = new[(new["time_seconds"] > start + 601) & (new["time_seconds"] < start + 900)]
    assert after.groupby("instance")["error_5xx"].mean().tolist() == [1.0] + 9 * [0.0]


# Harm.


@settings(max_examples=8, deadline=None)
@given(
    model=some.sampled_from(["better", "worse", "skewed", "same"]),
    blue=some.sampled_from([0.0, 1.0, 8.0]),
    green=some.sampled_from([0.0, 1.0, 5.0, 40.0]),
    client=some.sampled_from([0.0, 3.0]),
    strategy=some.sampled_from(STRATEGIES),
    rate=some.sampled_from([5.0, 40.0]),
)
def test_users_hurt_are_binomial_over_many_seeds(model, blue, green, client, strategy, rate):
    """Each request to the new fleet is hurt with one and the same chance, whatever else happens."""
    params = Params(
        **QUIET,
        strategy=strategy,
        green_model=model,
        blue_error_percent=blue,
        green_error_percent=green,
        client_error_percent=client,
        requests_per_minute=rate,
        patience_ms=60_000,
        service_ms=1.0,
        history_minutes=0,
    )
    hurt = helped = count = 0
    for seed in range(60):
        course = {strategy: plan(params, strategy)}
        trail = run_plans(replace(params, seed=seed), course, 60)[strategy]
        n = int(trail.metrics.invocations[1].sum())
        mine = int(trail.counts.hurt[1].sum())
        hurt, helped, count = hurt + mine, helped + int(trail.counts.helped[1].sum()), count + n
    for found, chance in zip((hurt, helped), hurt_chance(params), strict=True):
        low, high = stats.binom.interval(1 - 1e-7, count, chance)
        assert low <= found <= high


def test_a_thousand_seeds_stay_within_the_binomial_bounds():
    """Users hurt before the alarm: at most one seed in a thousand beyond the one-in-ten-thousand bounds or so."""
    params = Params(**QUIET, requests_per_minute=60.0, history_minutes=0, service_ms=1.0, watch_minutes=25)
    chance, _ = hurt_chance(params)
    beyond = hurt = count = 0
    for seed in range(1000):
        trail = run_plans(replace(params, seed=seed), {"CANARY": plan(params, "CANARY")}, 25)["CANARY"]
        n, mine = int(trail.metrics.invocations[1].sum()), int(trail.counts.hurt[1].sum())
        low, high = stats.binom.interval(0.998, n, chance)
        beyond += not low <= mine <= high
        hurt, count = hurt + mine, count + n
    assert beyond <= 8, "1 to 2 are expected"
    low, high = stats.binom.interval(0.9999, count, chance)
    assert low <= hurt <= high
    expected = 1000 * green_requests(params, "CANARY", 1500)
    assert abs(count - expected) < 5 * sqrt(expected)
    harm = 1000 * expected_hurt(params, "CANARY", 1500)
    assert abs(hurt - harm) < 5 * sqrt(harm)


def test_two_equal_models_hurt_nobody_and_a_perfect_switch_helps():
    same = Params(**QUIET, green_model="same", green_error_percent=2.0, blue_error_percent=2.0)
    assert run(same).users_hurt == run(same).users_helped == 0
    healing = Params(**QUIET, green_model="same", green_error_percent=0.0, blue_error_percent=20.0)
    assert run(healing).users_hurt == 0
    assert run(healing).users_helped > 1000


def test_the_answers_are_those_of_fitted_classifiers():
    """Rows no model was fitted on, and accuracies that two different learners really have."""
    for model, low, high in (("better", 0.97, 1.0), ("worse", 0.7, 0.9), ("skewed", 0.1, 0.4)):
        blue, green = fleets(model).accuracy
        assert 0.92 < blue < 0.97
        assert low < green < high
    params = Params(**QUIET, green_model="worse", requests_per_minute=2000.0)
    frame = run(params).minutes
    answered = (frame["requests_new"] - frame["errors_4xx_new"] - frame["errors_5xx_new"]).sum()
    assert frame["wrong_new"].sum() / answered == pytest.approx(1 - fleets("worse").accuracy[1], abs=0.01)


# Detection.


def test_the_alarm_fires_as_often_over_a_thousand_seeds_as_computed():
    """Whole runs, against the Markov chain over minutes."""
    params = Params(
        compare=False,
        requests_per_minute=100.0,
        green_error_percent=4.0,
        history_minutes=3,
        wait_seconds=480,
        termination_wait_seconds=0,
        watch_minutes=12,
        service_ms=1.0,
        client_error_percent=0.0,
    )
    alarm, bake = params.alarms[0], first_bake(params)
    chance = exact(alarm, exposure(params, alarm, bake), 0.001, 0.04)
    course = plan(params, "CANARY")
    fired = 0
    for seed in range(1000):
        trail = run_plans(replace(params, seed=seed), {"CANARY": course}, 12)["CANARY"]
        fired += trail.tripped_at is not None
    low, high = stats.binom.interval(0.9999, 1000, chance)
    assert 0.2 < chance < 0.9
    assert low <= fired <= high


@settings(max_examples=40, deadline=None)
@given(
    rate=some.floats(1, 500),
    share=some.sampled_from([10, 30, 50]),
    fault=some.floats(0, 1),
    fleet=some.sampled_from(["new", "both"]),
    statistic=some.sampled_from(["Average", "Sum", "Maximum", "p90", "p99"]),
    operator=some.sampled_from(
        ["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"]
    ),
    threshold=some.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0, 3.0]),
    n=some.integers(1, 4),
    missing=some.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
    bake=some.integers(60, 900),
    data=some.data(),
)
def test_the_exact_chance_agrees_with_simulated_bakes(
    rate, share, fault, fleet, statistic, operator, threshold, n, missing, bake, data
):
    params = Params(
        canary_size=share,
        requests_per_minute=rate,
        wait_seconds=bake,
        alarm_fleet=fleet,
        alarm_statistic=statistic,
        alarm_operator=operator,
        alarm_threshold=threshold,
        alarm_periods=n,
        alarm_datapoints=data.draw(some.integers(1, n)),
        alarm_missing=missing,
        history_minutes=5,
    )
    alarm = params.alarms[0]
    around = exposure(params, alarm, first_bake(params))
    chance = exact(alarm, around, 0.01, fault)
    found, _ = simulated(alarm, around, blue_error=0.01, base_error=0.0, fault=fault, runs=2000, seed=3)
    assert abs(found - chance) <= 6 * sqrt(chance * (1 - chance) / 2000) + 0.002


def test_one_point_and_one_alarm_is_the_textbook_formula():
    """1 of 1 points: 1 - (1 - q)^k; and one error seen: 1 - (1 - p)^n for Poisson n."""
    params = Params(
        alarm_periods=1, alarm_datapoints=1, alarm_statistic="Sum", alarm_threshold=0.0, requests_per_minute=50.0
    )
    alarm = params.alarms[0]
    around = exposure(params, alarm, first_bake(params))
    q = 1 - np.exp(-5 * 0.05)
    assert exact(alarm, around, 0.0, 0.05) == pytest.approx(1 - (1 - q) ** 10)
    found = curve(params)
    place = int(np.flatnonzero(found.fault_percent == 5.0)[0])
    assert found.seen[place] == pytest.approx(1 - np.exp(-50 * 0.05))
    assert found.alarm[place] == pytest.approx(found.seen[place]), "any error is one too many for this alarm"
    counts = np.arange(200)
    mixed = (stats.poisson.pmf(counts, 50) * (1 - 0.95**counts)).sum()
    assert found.seen[place] == pytest.approx(mixed, abs=1e-9)


def test_the_curve_is_within_its_simulation_error():
    found = curve(Params(requests_per_minute=120.0), runs=2000)
    for closed, counted in ((found.seen, found.seen_simulated), (found.alarm, found.alarm_simulated)):
        assert (np.abs(closed - counted) <= 5 * np.sqrt(closed * (1 - closed) / 2000) + 0.002).all()
        assert (np.diff(closed) >= -1e-12).all()
    assert curve(Params(alarm_metric="none")) is None
    assert np.isnan(curve(Params(alarm_period_seconds=120)).alarm).all(), "overlapping periods are simulated only"


# Variants.


def test_a_shadow_changes_nothing_for_users():
    """Production answers every request as if there were no shadow; the copies are a share of them."""
    shadow = Params(mode="shadow", green_model="skewed", green_error_percent=30.0, shadow_percent=40)
    alone = replace(shadow, mode="ab", ab_weight_percent=1)
    result = run(shadow)
    assert result.users_hurt == 0
    requests = trace(shadow)
    production = requests[~requests["new_fleet"]]
    copies = requests[requests["new_fleet"]]
    assert production["time_seconds"].to_numpy() == pytest.approx(trace(alone)["time_seconds"].to_numpy())
    assert set(copies["time_seconds"]) <= set(production["time_seconds"])
    assert len(copies) / len(production) == pytest.approx(0.4, abs=0.02)
    quiet = trace(replace(shadow, green_model="better", green_error_percent=0.0, green_slowdown=20.0))
    again = quiet[~quiet["new_fleet"]]
    np.testing.assert_allclose(again["latency_ms"], production["latency_ms"], atol=1e-6)
    assert (again["wrong"].to_numpy() == production["wrong"].to_numpy()).all()
    assert result.shadow.would_be_hurt > 0


@settings(max_examples=15, deadline=None)
@given(weight=some.integers(1, 99), seed=some.integers(0, 100))
def test_variants_get_their_weight(weight, seed):
    params = Params(mode="ab", ab_weight_percent=weight, seed=seed, requests_per_minute=200.0)
    a, b = run(params).trail.metrics.invocations.sum(axis=1)
    low, high = stats.binom.interval(1 - 1e-7, int(a + b), weight / 100)
    assert low <= b <= high


def test_peeking_costs_what_armitage_mcpherson_and_rowe_printed():
    """JRSS A 132 (1969), table 2: repeated tests at 5 %, by the number of looks."""
    printed = {1: 0.050, 2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320}
    for looks, rate in printed.items():
        assert repeated_rate(looks, 1.959964) == pytest.approx(rate, abs=0.001)


def test_pococks_constants_are_the_published_ones():
    """Pocock (1977), 5 % two-sided."""
    for looks, constant in {1: 1.960, 2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 10: 2.555}.items():
        assert pocock_constant(looks) == pytest.approx(constant, abs=0.002)


def test_the_z_statistic_by_hand():
    """200 of 250 against 180 of 250: pooled share 0.76."""
    z = z_statistic(np.array([200.0, 180.0]), np.array([250.0, 250.0]))
    assert z == pytest.approx((0.72 - 0.80) / sqrt(0.76 * 0.24 * 2 / 250))
    assert isnan(z_statistic(np.array([0.0, 3.0]), np.array([0.0, 4.0])))


def test_an_equal_pair_is_told_apart_by_peeking_as_often_as_computed():
    """Whole A/A tests, every look counted."""
    params = Params(
        mode="ab", green_model="same", green_error_percent=0.1, ab_looks=10, watch_minutes=30, service_ms=1.0
    )
    runs = 150
    fooled = honest = 0
    for seed in range(runs):
        test = run(replace(params, seed=seed)).ab
        fooled += test.first_peek is not None
        honest += test.first_honest is not None
    low, high = stats.binom.interval(0.9999, runs, test.peek_rate)
    assert low <= fooled <= high
    assert honest <= stats.binom.isf(1e-4, runs, 0.05)


# The front door.


def test_it_is_found_and_quick():
    assert find("traffic") is SIMULATOR
    assert not SIMULATOR.takes_long(Params())


def test_what_takes_long_is_known_before():
    """A page may wait for what is quick; what is not goes out of the server's threads."""
    assert not any(SIMULATOR.takes_long(Params(**each.params)) for each in SCENARIOS.values())
    assert SIMULATOR.takes_long(Params(requests_per_minute=60_000))
    assert SIMULATOR.takes_long(Params(alarm_periods=100, wait_seconds=3600, timeout_seconds=28_800))
    assert not SIMULATOR.takes_long(Params(requests_per_minute=250_000, watch_minutes=480)), "turned down at once"


def test_an_alarm_cannot_look_back_beyond_the_run():
    params = Params(alarm_period_seconds=3600, alarm_periods=24)
    around = exposure(params, params.alarms[0], first_bake(params))
    assert around.first == params.history_minutes + params.launch_seconds // 60
    assert len(around.green) == around.first + params.wait_seconds // 60


def test_progress_is_told_and_a_run_can_be_stopped():
    told = []
    run(Params(), lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    assert all(words for _, words in told)

    def stop(share, words):
        raise Cancelled

    with pytest.raises(Cancelled):
        run(Params(), stop)


def test_too_many_requests_are_turned_down():
    with pytest.raises(ValueError, match="wanted at most 40,000,000"):
        run(Params(requests_per_minute=250_000.0, watch_minutes=480))


def test_refused_settings_are_run_without_an_update():
    result = run(Params(canary_size=80))
    assert result.outcome == "refused"
    assert result.green_requests == result.users_hurt == 0
    assert "50 %" in findings(result)[1]
    assert figures(result)
    assert run(Params(mode="shadow", endpoint_kind="serverless")).outcome == "refused"


everything = some.fixed_dictionaries(
    {},
    optional={
        "mode": some.sampled_from(["deployment", "shadow", "ab"]),
        "strategy": some.sampled_from(STRATEGIES),
        "instances": some.sampled_from([1, 2, 3, 10, 100]),
        "endpoint_kind": some.sampled_from(
            ["real-time", "asynchronous", "serverless", "multi-variant", "marketplace", "inf1"]
        ),
        "size_type": some.sampled_from(["CAPACITY_PERCENT", "INSTANCE_COUNT"]),
        "wait_seconds": some.sampled_from([0, 45, 600]),
        "termination_wait_seconds": some.sampled_from([0, 45, 600]),
        "launch_seconds": some.sampled_from([0, 90, 600]),
        "timeout_seconds": some.sampled_from([600, 900, 7200]),
        "requests_per_minute": some.sampled_from([0.0, 0.5, 20.0, 400.0]),
        "history_minutes": some.sampled_from([0, 1, 10]),
        "watch_minutes": some.sampled_from([10, 61]),
        "green_model": some.sampled_from(["better", "worse", "skewed", "same"]),
        "green_error_percent": some.sampled_from([0.0, 5.0, 100.0]),
        "blue_error_percent": some.sampled_from([0.0, 100.0]),
        "client_error_percent": some.sampled_from([0.0, 100.0]),
        "leak_minutes": some.sampled_from([0, 3]),
        "storm_error_percent": some.sampled_from([0.0, 100.0]),
        "green_slowdown": some.sampled_from([0.1, 1.0, 50.0]),
        "label_delay_minutes": some.sampled_from([0, 240]),
        "alarm_metric": some.sampled_from(
            ["none", "Invocation5XXErrors", "Invocation4XXErrors", "ModelLatency", "WrongAnswers"]
        ),
        "alarm_statistic": some.sampled_from(["Average", "Sum", "Maximum", "p90", "p99"]),
        "alarm_fleet": some.sampled_from(["new", "both"]),
        "alarm_threshold": some.sampled_from([0.0, 0.02, 1.0, 500_000.0]),
        "alarm_missing": some.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
        "alarm_period_seconds": some.sampled_from([60, 90, 600, 86_400]),
        "alarm_periods": some.sampled_from([1, 3, 100]),
        "second_alarm_metric": some.sampled_from(["none", "ModelLatency"]),
        "ab_looks": some.sampled_from([1, 20]),
        "ab_weight_percent": some.sampled_from([1, 50]),
        "compare": some.booleans(),
        "seed": some.integers(0, 5),
    },
)


@settings(max_examples=70, deadline=None)
@given(settled=everything)
def test_any_settings_run_and_can_be_shown(settled):
    """Every result has words, pictures, a film, answers; it adds up; and it can be sent between processes."""
    result = run(Params(**settled))
    again = pickle.loads(pickle.dumps(result))
    assert again.trail.fingerprint == result.trail.fingerprint
    assert again.minutes.equals(result.minutes)
    assert 1 <= len(findings(result)) <= 5
    for figure in figures(result):
        assert figure.title
        assert figure.caption.endswith(".")
        assert len(figure.table) <= 200
        assert figure.chart.to_json()
    for prediction in PREDICTIONS:
        assert 0 <= prediction.answer(result) < len(prediction.choices)
        assert prediction.why(result)
    film = frames(result)
    assert len(film.minute) <= 120
    assert len(film.dot_minute) == len(film.dot_new) == len(film.dot_outcome)
    metrics = result.trail.metrics
    assert (metrics.errors_4xx + metrics.errors_5xx + metrics.wrong <= metrics.invocations).all()
    if result.params.mode == "deployment":
        assert result.outcome in ("completed", "rolled back", "stopped", "timed out", "refused")
        if result.problems:
            assert result.outcome == "refused"
        else:
            sound(result.plan, result.params)
        if result.outcome in ("rolled back", "stopped"):
            assert result.trail.tripped_by
        if result.comparison is not None:
            assert len(result.comparison) == 4


def test_a_stopped_update_never_reaches_the_new_fleet():
    result = run(Params(blue_error_percent=10.0, alarm_fleet="both"))
    assert result.outcome == "stopped"
    assert result.green_requests == 0
    assert result.plan.end == result.params.launch_seconds


def test_the_film_shows_the_run():
    result = run(Params(**SCENARIOS["diluted"].params))
    film = frames(result)
    assert film.users_hurt[-1] == result.users_hurt
    assert max(share for _, share, _, _ in film.steps) == 100
    assert film.steps[0] == (0.0, 0.0, 10, 10)
    assert film.events[0] == (0.0, "endpoint", "", "UpdateEndpoint")
    assert any(message.startswith("Rolling back") for *_, message in film.events)
    assert (np.diff(film.dot_minute) >= 0).all()
    assert 0 <= film.dot_minute[0] <= film.dot_minute[-1] <= film.minute[-1]


def test_drills_are_well_posed():
    kinds = {"get 100 %", "reach the new fleet", "instance-minutes", "at least one", "What state", "sum of waits"}
    seen = set()
    for seed in range(400):
        posed = drill(seed)
        assert posed == drill(seed)
        assert len(posed.choices) == len(set(posed.choices)) == len(posed.whys) == 4
        assert 0 <= posed.answer < 4
        assert all(posed.whys)
        seen |= {kind for kind in kinds if kind in posed.ask}
    assert seen == kinds


def test_labels_help_and_bounds_are_all_there():
    for name, shape in TypeAdapter(Params).json_schema()["properties"].items():
        assert shape["title"], name
        assert shape["description"], name


# Scenarios: what each says, holds.


def played(name):
    return run(Params(**SCENARIOS[name].params))


def test_every_scenario_differs_from_the_defaults_and_is_allowed():
    for name, scenario in SCENARIOS.items():
        params = Params(**scenario.params)
        assert params != Params(), name
        assert problems(params) == (), name
        assert all(getattr(params, key) != getattr(Params(), key) for key in scenario.params), name


def test_a_bad_model_is_seen_by_no_metric_of_aws():
    silent, watched = played("bad-model"), played("bad-model-watched")
    assert silent.outcome == "completed"
    assert (silent.minutes["state_1"] != "ALARM").all()
    assert silent.users_hurt > 10_000
    assert watched.outcome == "rolled back"
    assert watched.users_hurt < silent.users_hurt / 50
    late = run(replace(watched.params, label_delay_minutes=30))
    assert late.outcome == "completed", "labels that arrive after the bakes stop nothing"


def test_a_slow_model_is_caught_by_latency_alone():
    result = played("slow-model")
    assert result.outcome == "rolled back"
    assert result.trail.tripped_by == ("second-ModelLatency-new",)
    assert (result.minutes["state_1"] != "ALARM").all()


def test_a_late_leak_finds_nothing_to_roll_back_to():
    result = played("leak")
    assert result.outcome == "completed"
    assert sum(bake.end - bake.start for bake in result.plan.bakes) == 1200
    first = result.minutes.loc[result.minutes["errors_5xx_new"] > 30, "minute"].iloc[0]
    assert first >= result.plan.end / 60
    assert result.users_hurt > 1000


def test_a_storm_rolls_back_a_good_model():
    result = played("client-storm")
    assert result.outcome == "rolled back"
    assert hurt_chance(result.params)[0] < hurt_chance(result.params)[1]


def test_low_traffic_hides_the_fault_from_the_canary():
    result = played("low-traffic")
    assert result.outcome == "completed"
    assert result.curve.alarm_here < 0.2
    assert result.users_hurt > 10


def test_the_guides_alarm_sleeps_through_a_dead_fleet():
    result = played("aws-example")
    assert result.outcome == "completed"
    assert (result.minutes["state_1"] != "ALARM").all()
    last = result.minutes.iloc[-1]
    assert last["errors_5xx_new"] > 0.95 * last["requests_new"]
    assert not result.diagnoses[0].can_fire


def test_the_notebooks_one_percent_is_a_hundred():
    result = played("aws-notebook")
    assert result.outcome == "completed"
    assert result.users_hurt > 0.3 * result.green_requests
    assert not result.diagnoses[0].can_fire
    ((_, body),) = alarm_requests(result.params)
    assert body["Threshold"] == 1.0
    assert body["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_dilution_lets_the_canary_pass():
    result = played("diluted")
    assert result.outcome == "rolled back"
    assert result.trail.tripped_at > result.plan.bakes[0].end
    assert run(replace(result.params, alarm_fleet="new")).users_hurt < result.users_hurt / 5


def test_an_old_fleet_in_alarm_stops_the_cure():
    result = played("old-fleet-in-alarm")
    assert result.outcome == "stopped"
    assert hurt_chance(result.params)[0] < hurt_chance(result.params)[1]


def test_bakes_without_an_alarm_watch_nothing():
    result = played("no-alarm")
    assert result.plan.bakes
    assert result.outcome == "completed"
    assert result.users_hurt > 1000


def test_all_at_once_hits_everybody():
    result = played("all-at-once")
    frame = result.comparison.set_index("strategy")
    assert result.outcome == "rolled back"
    assert frame["noticed_after_min"]["All at once"] == frame["noticed_after_min"]["Canary"]
    assert frame["users_hurt"]["All at once"] > 8 * frame["users_hurt"]["Canary"]


def test_rolling_needs_a_batch_more_and_not_a_fleet():
    frame = played("rolling-cost").comparison.set_index("strategy")
    assert frame["peak_instances"]["Rolling"] == 12
    assert frame["peak_instances"]["Canary"] == 20
    extra = frame["extra_instance_min"]
    assert extra["Rolling"] < min(extra["Canary"], extra["Linear"])
    assert frame["update_min"].idxmax() == "Rolling"


def test_a_rolling_update_has_to_launch_again():
    result = played("rolling-rollback")
    assert result.outcome == "rolled back"
    assert result.plan.end == result.trail.tripped_at + result.params.launch_seconds
    after = result.minutes["minute"] * 60 >= result.trail.tripped_at
    assert result.minutes.loc[after, "hurt"].sum() > 0.3 * result.users_hurt


def test_a_timeout_aws_accepts_can_still_be_too_short():
    result = played("timeout")
    assert result.problems == ()
    assert result.outcome == "timed out"
    assert result.plan.stages[-1].green_share == 0
    assert result.plan.full_traffic is not None


def test_a_marketplace_endpoint_has_no_guardrails():
    result = played("marketplace")
    assert result.outcome == "completed"
    assert result.plan.bakes == ()
    assert (result.minutes["state_1"] == "ALARM").any()


def test_the_shadow_shows_faults_to_nobody():
    result = played("shadow")
    assert result.users_hurt == 0
    assert result.shadow.latency_ms[1] > 2 * result.shadow.latency_ms[0]
    assert result.shadow.wrong_percent[1] > 2 * result.shadow.wrong_percent[0]


def test_a_better_variant_passes_the_honest_bound():
    test = played("ab-test").ab
    assert test.first_honest is not None
    assert test.z[-1] > test.pocock


def test_a_peeker_finds_a_winner_among_equals():
    test = played("peeking").ab
    assert test.first_peek is not None
    assert not test.at_end
    assert test.first_honest is None


def test_a_longer_run_begins_with_the_very_same_requests():
    params = Params(**QUIET, requests_per_minute=800.0, bursts_per_hour=5.0)
    short, long = trace(replace(params, watch_minutes=45)), trace(replace(params, watch_minutes=300))
    assert len(long) > 3 * len(short)
    begins = long[: len(short)]
    np.testing.assert_allclose(begins.pop("latency_ms"), short.pop("latency_ms"), atol=1e-6)
    assert begins.equals(short)
