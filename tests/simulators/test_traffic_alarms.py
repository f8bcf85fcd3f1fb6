"""CloudWatch alarms against AWS's printed tables, and against a slow reading of the rules."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from simulators._traffic import alarms as cloudwatch
from simulators._traffic.alarms import Metrics, decide, evaluate
from simulators.traffic import Alarm, Params, alarm_state, diagnose, run

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
KEEP = "keep"

# User guide, "How alarm state is evaluated when data is missing", both tables: points, then the state for missing,
# ignore, breaching and notBreaching.
THREE_OF_THREE = {
    "0-X-X": ("OK", "OK", "OK", "OK"),
    "0----": ("OK", "OK", "OK", "OK"),
    "-----": ("INSUFFICIENT_DATA", KEEP, "ALARM", "OK"),
    "0XX-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "--X--": ("ALARM", KEEP, "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0-X-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "00X0X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0-X--": ("OK", "OK", "ALARM", "OK"),
    "----0": ("OK", "OK", "ALARM", "OK"),
    "---X-": ("ALARM", KEEP, "ALARM", "OK"),
}
PRINTED = [
    (m, text, treatment, state)
    for m, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for text, row in table.items()
    for treatment, state in zip(TREATMENTS, row, strict=True)
]


def points_of(text):
    return [{"0": False, "X": True, "-": None}[letter] for letter in text]


def state_of(text, m, treatment="missing", current="OK", n=3):
    return alarm_state(
        points_of(text), datapoints_to_alarm=m, evaluation_periods=n, treat_missing_data=treatment, current=current
    )


@pytest.mark.parametrize("current", STATES)
@pytest.mark.parametrize(("m", "text", "treatment", "state"), PRINTED)
def test_the_printed_tables(m, text, treatment, state, current):
    assert len(PRINTED) == 40
    assert state_of(text, m, treatment, current) == (current if state == KEEP else state)


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_only_the_most_recent_points_count(treatment):
    """Two old breaches outside the last three say nothing, however many points were fetched."""
    assert state_of("XX000", 2, treatment) == "OK"
    assert state_of("XX-000", 2, treatment) == "OK"
    assert state_of("00XX0", 2, treatment) == "ALARM"


def test_a_breach_younger_than_m_waits():
    """The guide's examples of premature alarms avoided, and the one that is not."""
    assert state_of("----X", 3) != "ALARM"
    assert state_of("---X-", 3) != "ALARM"
    assert state_of("--X--", 3) == "ALARM"
    assert state_of("---X0", 3) == state_of("--X-0", 3) == "OK"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"datapoints_to_alarm": 4}, "4 datapoints to alarm of 3"),
        ({"datapoints_to_alarm": 0}, "0 datapoints to alarm of 3"),
        ({"treat_missing_data": "Missing"}, "'Missing', wanted one of missing"),
        ({"current": "ALERT"}, "'ALERT', wanted one of OK"),
    ],
)
def test_what_is_not_an_alarm_is_refused(wrong, words):
    settled = {"datapoints_to_alarm": 2, "evaluation_periods": 3, "treat_missing_data": "missing", "current": "OK"}
    with pytest.raises(ValueError, match=words):
        alarm_state([True], **(settled | wrong))


ranges = some.lists(some.sampled_from([True, False, None]), max_size=12)


@given(points=ranges, n=some.integers(1, 8), data=some.data(), treatment=some.sampled_from(TREATMENTS))
def test_the_rules_one_by_one(points, n, data, treatment):
    m = data.draw(some.integers(1, n))
    current = data.draw(some.sampled_from(STATES))
    state = alarm_state(
        points, datapoints_to_alarm=m, evaluation_periods=n, treat_missing_data=treatment, current=current
    )
    real = [point for point in points if point is not None]
    if len(real) >= n:
        assert state == ("ALARM" if sum(real[-n:]) >= m else "OK")
    elif sum(real) >= m:
        assert state == "ALARM"
    elif treatment == "notBreaching":
        assert state == "OK"
    elif treatment == "breaching":
        assert state == ("ALARM" if sum(real) + n - len(real) >= m else "OK")
    elif not real:
        assert state == ("INSUFFICIENT_DATA" if treatment == "missing" else current)
    elif not all(real):
        assert state == "OK"
    elif treatment == "ignore":
        assert state == current
    else:
        age = len(points) - points.index(True)
        assert state == ("ALARM" if age >= m else "OK")


@given(points=ranges, n=some.integers(1, 6), data=some.data(), treatment=some.sampled_from(TREATMENTS))
def test_one_more_breach_never_ends_an_alarm(points, n, data, treatment):
    m = data.draw(some.integers(1, n))
    places = [place for place, point in enumerate(points) if point is False]
    if not places:
        return
    worse = list(points)
    worse[data.draw(some.sampled_from(places))] = True
    rule = {"datapoints_to_alarm": m, "evaluation_periods": n, "treat_missing_data": treatment}
    if alarm_state(points, **rule) == "ALARM":
        assert alarm_state(worse, **rule) == "ALARM"


def slow_states(alarm, metrics, delay):
    """The alarm by plain loops over minutes and windows: no sums kept, no arrays."""
    minutes = metrics.invocations.shape[1]
    period = alarm.period_seconds // 60
    state, values, states = "INSUFFICIENT_DATA", [], []
    rows = [1] if alarm.fleet == "new" else [0, 1]
    shift = delay if alarm.metric == "WrongAnswers" else 0
    for minute in range(minutes):
        points, newest = [], np.nan
        for back in range(alarm.periods + 2):
            window = [at - shift for at in range(minute - (back + 1) * period + 1, minute - back * period + 1)]
            window = [at for at in window if 0 <= at < minutes]
            value = slow_value(alarm, metrics, rows, window)
            newest = value if back == 0 and value is not None else newest
            compare = {
                "GreaterThanThreshold": lambda v: v > alarm.threshold,
                "GreaterThanOrEqualToThreshold": lambda v: v >= alarm.threshold,
                "LessThanThreshold": lambda v: v < alarm.threshold,
                "LessThanOrEqualToThreshold": lambda v: v <= alarm.threshold,
            }[alarm.operator]
            points.append(None if value is None else bool(compare(value)))
        state = alarm_state(
            points[::-1],
            datapoints_to_alarm=alarm.datapoints,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.missing,
            current=state,
        )
        states.append(state)
        values.append(newest)
    return values, states


def slow_value(alarm, metrics, rows, window):
    def total(values):
        return sum(values[row, at] for row in rows for at in window)

    requests = total(metrics.invocations)
    if alarm.metric == "ModelLatency":
        if not requests:
            return None
        if alarm.statistic == "Maximum":
            return max(metrics.latency_max[row, at] for row in rows for at in window)
        summed = total(metrics.latency_sum)
        return summed if alarm.statistic == "Sum" else summed / requests
    errors = {
        "Invocation4XXErrors": total(metrics.errors_4xx),
        "Invocation5XXErrors": total(metrics.errors_5xx),
        "InvocationModelErrors": total(metrics.errors_4xx) + total(metrics.errors_5xx),
        "WrongAnswers": total(metrics.wrong),
    }[alarm.metric]
    if alarm.metric == "WrongAnswers":
        requests -= total(metrics.errors_4xx) + total(metrics.errors_5xx)
    if not requests:
        return None
    share = errors / requests
    limits = {"Maximum": 0.0, "p90": 0.1, "p99": 0.01}
    return {"Average": share, "Sum": errors}.get(alarm.statistic, float(share > limits.get(alarm.statistic, 0)))


@settings(max_examples=150, deadline=None)
@given(data=some.data())
def test_an_evaluation_is_the_same_minute_by_minute(data):
    minutes = data.draw(some.integers(1, 14))
    rng = np.random.default_rng(data.draw(some.integers(0, 10_000)))
    requests = rng.poisson(1.2, (2, minutes)).astype(float)
    e4 = rng.binomial(requests.astype(int), 0.2).astype(float)
    e5 = rng.binomial((requests - e4).astype(int), 0.4).astype(float)
    wrong = rng.binomial((requests - e4 - e5).astype(int), 0.3).astype(float)
    high = np.where(requests > 0, rng.uniform(1e4, 1e6, (2, minutes)).round(), 0.0)
    metrics = replace(
        Metrics.empty(minutes),
        invocations=requests,
        errors_4xx=e4,
        errors_5xx=e5,
        wrong=wrong,
        latency_max=high,
        latency_sum=(high * requests / 2).round(),
    )
    metric = data.draw(
        some.sampled_from(
            ["Invocation5XXErrors", "Invocation4XXErrors", "InvocationModelErrors", "ModelLatency", "WrongAnswers"]
        )
    )
    latency = metric == "ModelLatency"
    n = data.draw(some.integers(1, 4))
    alarm = Alarm(
        name="any",
        metric=metric,
        fleet=data.draw(some.sampled_from(["new", "both"])),
        statistic=data.draw(some.sampled_from(["Average", "Sum", "Maximum"] + ([] if latency else ["p90", "p99"]))),
        operator=data.draw(
            some.sampled_from(["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"])
        ),
        threshold=data.draw(some.sampled_from([3e5, 5e5] if latency else [0.0, 0.25, 0.5, 1.0, 2.0])),
        period_seconds=60 * data.draw(some.integers(1, 4)),
        periods=n,
        datapoints=data.draw(some.integers(1, n)),
        missing=data.draw(some.sampled_from(TREATMENTS)),
    )
    delay = data.draw(some.integers(0, 5))
    whole = evaluate(alarm, metrics, label_delay=delay)
    values, states = slow_states(alarm, metrics, delay)
    assert [cloudwatch.STATES[code] for code in whole.state] == states
    np.testing.assert_allclose(whole.value, values)
    # In two parts, as a run does it, it is the same.
    cut = data.draw(some.integers(1, minutes))
    rest = evaluate(alarm, metrics, label_delay=delay, start=cut, current=int(whole.state[cut - 1]))
    assert (rest.state == whole.state[cut:]).all()


def test_percentiles_are_right_to_a_tenth():
    rng = np.random.default_rng(0)
    latency = rng.lognormal(11, 0.8, (3, 500))
    metrics = Metrics.empty(3)
    metrics.invocations[1] = 500
    for minute in range(3):
        np.add.at(metrics.latency_buckets[1, minute], cloudwatch.bucket_of(latency[minute]), 1)
    for name, share in (("p90", 0.9), ("p99", 0.99)):
        alarm = Alarm(name=name, metric="ModelLatency", statistic=name, period_seconds=180, periods=1, datapoints=1)
        value = evaluate(alarm, metrics, label_delay=0).value[-1]
        assert value == pytest.approx(np.quantile(latency, share), rel=0.1)


def test_many_ranges_at_once_are_decided_as_one_by_one():
    rng = np.random.default_rng(1)
    points = rng.integers(-1, 2, (50, 4, 6)).astype(np.int8)
    for treatment in TREATMENTS:
        together = decide(points, 2, 3, treatment)
        assert together.shape == (50, 4)
        assert together[7, 2] == decide(points[7, 2], 2, 3, treatment)


# The doctor.


def test_the_guides_example_can_never_fire():
    """Average > 1 of ones and zeros, 2 x 10 minutes against a bake of 10, on both fleets."""
    params = Params(
        canary_size=30,
        alarm_metric="Invocation4XXErrors",
        alarm_fleet="both",
        alarm_threshold=1.0,
        alarm_period_seconds=600,
        alarm_periods=2,
        alarm_datapoints=2,
        alarm_missing="notBreaching",
    )
    (found,) = diagnose(params)
    assert not found.can_fire
    assert not found.in_first_bake
    assert any("at most 1 and cannot be > 1" in cause for cause in found.causes)
    assert any("look back 20 minutes, the first bake is 10 minutes" in cause for cause in found.causes)
    cured = replace(params, alarm_threshold=0.05, alarm_period_seconds=60, alarm_periods=2, alarm_datapoints=1)
    (found,) = diagnose(cured)
    assert found.in_first_bake


def test_dilution_is_named():
    """A wholly broken 10 % canary moves the average of both fleets to 0.1."""
    (found,) = diagnose(Params(alarm_fleet="both", alarm_threshold=0.2))
    assert found.can_fire
    assert not found.in_first_bake
    assert any("dilute" in cause and "10 %" in cause for cause in found.causes)
    assert any("EndpointConfigName" in change for change in found.changes)
    (found,) = diagnose(Params(alarm_fleet="both", alarm_threshold=0.09, blue_error_percent=0.0))
    assert found.in_first_bake
    assert found.smallest_fault_percent == pytest.approx(90, abs=2), "a tenth of it is what the metric shows"


def test_labels_that_come_late_are_named():
    slow = Params(
        alarm_metric="WrongAnswers", alarm_threshold=0.2, label_delay_minutes=15, termination_wait_seconds=300
    )
    (found,) = diagnose(slow)
    assert not found.can_fire
    assert any("15 minutes later" in cause for cause in found.causes)
    assert diagnose(replace(slow, label_delay_minutes=2))[0].in_first_bake


def test_microseconds_mistaken_for_milliseconds_stop_everything():
    params = Params(alarm_metric="ModelLatency", alarm_threshold=500.0, service_ms=40.0)
    (found,) = diagnose(params)
    assert found.always_fires
    assert "40,000 µs" in found.causes[0]


def test_missing_data_as_breaching_stops_the_update_before_it_starts():
    params = Params(alarm_missing="breaching", green_error_percent=0.1)
    assert diagnose(params)[0].always_fires
    assert run(params).outcome == "stopped"


def test_missing_data_as_fine_is_named_when_traffic_is_low():
    params = Params(requests_per_minute=2.0, alarm_missing="notBreaching", alarm_datapoints=3)
    (found,) = diagnose(params)
    assert any("notBreaching" in cause for cause in found.causes)


alarm_settings = some.fixed_dictionaries(
    {
        "alarm_metric": some.sampled_from(["Invocation5XXErrors", "InvocationModelErrors", "ModelLatency"]),
        "alarm_fleet": some.sampled_from(["new", "both"]),
        "alarm_statistic": some.sampled_from(["Average", "Sum", "Maximum", "p99"]),
        "alarm_operator": some.sampled_from(["GreaterThanThreshold", "GreaterThanOrEqualToThreshold"]),
        "alarm_threshold": some.sampled_from([0.0, 0.02, 0.15, 0.4, 1.0, 5.0, 2_000.0, 1e8]),
        "alarm_period_seconds": some.sampled_from([60, 120, 300, 600]),
        "alarm_periods": some.integers(2, 4),
        "alarm_datapoints": some.integers(1, 2),
        "alarm_missing": some.sampled_from(TREATMENTS),
        "strategy": some.sampled_from(["ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING"]),
        "canary_size": some.sampled_from([10, 30, 50]),
        "wait_seconds": some.sampled_from([0, 120, 300, 600]),
        "termination_wait_seconds": some.sampled_from([0, 120, 600]),
    }
)


@settings(max_examples=60, deadline=None)
@given(settled=alarm_settings, fault=some.sampled_from([0.1, 10.0, 100.0]), slow=some.sampled_from([1.0, 40.0]))
def test_an_alarm_the_doctor_calls_dead_stops_no_update(settled, fault, slow):
    params = Params(
        **settled,
        requests_per_minute=300.0,
        green_error_percent=fault,
        green_slowdown=slow,
        client_error_percent=0.0,
        blue_error_percent=0.0,
        compare=False,
        watch_minutes=10,
        timeout_seconds=28_800,
    )
    result = run(params)
    if result.diagnoses and not result.diagnoses[0].can_fire:
        assert result.outcome == "completed"


@settings(max_examples=40, deadline=None)
@given(settled=alarm_settings)
def test_an_alarm_the_doctor_trusts_stops_the_worst_update(settled):
    settled |= {"alarm_metric": "Invocation5XXErrors"}
    params = Params(
        **settled,
        requests_per_minute=3000.0,
        instances=20,
        green_error_percent=100.0,
        client_error_percent=0.0,
        blue_error_percent=0.0,
        compare=False,
        watch_minutes=10,
        timeout_seconds=28_800,
        service_ms=5.0,
    )
    result = run(params)
    if result.problems:
        return
    found = result.diagnoses[0]
    # At a threshold that expectation meets exactly, chance decides.
    near = found.smallest_fault_percent is not None and found.smallest_fault_percent > 90
    if found.in_first_bake and not near and not found.always_fires:
        assert result.outcome == "rolled back"
        assert result.detection_minutes == pytest.approx(found.fires_after_minutes, abs=1.01)
