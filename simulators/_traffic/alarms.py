"""CloudWatch metric alarms: M of N points, four treatments of missing data, evaluated at the end of every minute.

The user guide fixes the behaviour by two printed tables and a rule on premature alarms; it leaves two things open,
and these are our readings: the evaluation range is N + 2 points (the tables use 5 for N = 3), and too few points that
all breach but are younger than M leave a `missing` alarm OK and an `ignore` alarm where it was.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
and https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators._traffic.params import Alarm

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
OK, ALARM, INSUFFICIENT_DATA, RETAIN = 0, 1, 2, 3
BREACHING, WITHIN, MISSING = 1, 0, -1
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

BUCKETS_PER_DOUBLING = 7.2725
"""Latency is kept in buckets 10 % wide, 1 µs to over an hour, as CloudWatch keeps percentiles."""
BUCKETS = 232


def alarm_state(
    points: Sequence[bool | None],
    *,
    datapoints_to_alarm: int,
    evaluation_periods: int,
    treat_missing_data: str,
    current: str = "OK",
) -> str:
    """The state of an alarm after it looked at `points`.

    Args:
        points: the evaluation range, oldest first: True breaches, False is within the threshold, None is missing.
        datapoints_to_alarm: M, how many points must breach.
        evaluation_periods: N, how many of the most recent points count; at least M.
        treat_missing_data: `missing`, `ignore`, `breaching` or `notBreaching`.
        current: the state before; `ignore` may keep it.

    Returns:
        `OK`, `ALARM` or `INSUFFICIENT_DATA`.

    Raises:
        ValueError: M and N do not fit each other, or a name is none of AWS's.
    """
    if not 1 <= datapoints_to_alarm <= evaluation_periods:
        raise ValueError(
            f"found {datapoints_to_alarm} datapoints to alarm of {evaluation_periods} evaluation periods, "
            "wanted 1 <= datapoints to alarm <= evaluation periods"
        )
    if treat_missing_data not in TREATMENTS:
        raise ValueError(f"found treat_missing_data {treat_missing_data!r}, wanted one of {', '.join(TREATMENTS)}")
    if current not in STATES:
        raise ValueError(f"found current state {current!r}, wanted one of {', '.join(STATES)}")
    coded = np.array([MISSING if p is None else int(p) for p in points] or [MISSING], dtype=np.int8)
    code = int(decide(coded, datapoints_to_alarm, evaluation_periods, treat_missing_data))
    return current if code == RETAIN else STATES[code]


def decide(points: Codes, datapoints: int, periods: int, missing: str) -> Codes:
    """`alarm_state` for many ranges at once.

    Args:
        points: any shape; the last axis is the evaluation range, oldest first, of BREACHING, WITHIN and MISSING.
        datapoints: M.
        periods: N.
        missing: how missing data is treated.

    Returns:
        Of the shape without the last axis: OK, ALARM, INSUFFICIENT_DATA or RETAIN.
    """
    length = points.shape[-1]
    real = points != MISSING
    # Newest first, a point counts while fewer than N real ones are newer: that is the most-recent-points rule.
    rank = np.cumsum(real[..., ::-1], axis=-1)[..., ::-1]
    used = real & (rank <= periods)
    breaching = np.count_nonzero(used & (points == BREACHING), axis=-1)
    found = np.count_nonzero(real, axis=-1)
    fill = np.maximum(periods - found, 0)
    if missing == "breaching":
        return np.where(breaching + fill >= datapoints, ALARM, OK).astype(np.int8)
    state = np.where(breaching >= datapoints, ALARM, OK)
    if missing == "notBreaching":
        return state.astype(np.int8)
    only_breaching = (fill > 0) & (breaching == found) & (breaching < datapoints)
    if missing == "ignore":
        return np.where(only_breaching, RETAIN, state).astype(np.int8)
    # Premature alarms: when nothing but breaching points is known, and the oldest of them is as old as M points.
    oldest_age = np.where(found > 0, length - np.argmax(real, axis=-1), 0)
    state = np.where(only_breaching & (oldest_age >= datapoints), ALARM, state)
    return np.where(found == 0, INSUFFICIENT_DATA, state).astype(np.int8)


def evaluation_range(alarm: Alarm) -> int:
    """How many points CloudWatch is taken to fetch for N evaluation periods: N + 2."""
    return alarm.periods + 2


@dataclass(frozen=True)
class Metrics:
    """What CloudWatch is sent, per fleet (row 0 old, row 1 new) and minute: counts, and latency in microseconds."""

    invocations: Floats
    errors_4xx: Floats
    errors_5xx: Floats
    wrong: Floats
    latency_sum: Floats
    latency_max: Floats
    latency_buckets: Floats
    """Of shape (2, minutes, BUCKETS)."""

    @staticmethod
    def empty(minutes: int) -> "Metrics":
        """Zeros for that many minutes."""
        names = [name for name in Metrics.__dataclass_fields__ if name != "latency_buckets"]
        zeros = {name: np.zeros((2, minutes)) for name in names}
        return Metrics(**zeros, latency_buckets=np.zeros((2, minutes, BUCKETS)))


def bucket_of(latency_us: Floats) -> NDArray[np.int64]:
    """The latency bucket of each value, in microseconds."""
    logs = np.log2(latency_us.astype(np.float32))
    logs *= np.float32(BUCKETS_PER_DOUBLING)
    return np.clip(logs, 0, BUCKETS - 1).astype(np.int64)


def bucket_value(bucket: NDArray[np.int64]) -> Floats:
    """The middle of a bucket, in microseconds."""
    return np.asarray(2.0 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING), dtype=np.float64)


def window_sums(values: Floats, period: int, points: int, start: int = 0) -> Floats:
    """Sums over sliding windows of `period` minutes, the last `points` windows before the end of each minute.

    Args:
        values: the last axis is minutes.
        period: minutes per point.
        points: how many windows, without gaps or overlap, going back from each minute.
        start: the first minute wanted.

    Returns:
        The shape of `values` with the minutes from `start`, and one more axis: the points, oldest first.
    """
    sums = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    ends = np.arange(start, values.shape[-1])[:, None] + 1 - period * np.arange(points - 1, -1, -1)[None, :]
    upper, lower = np.clip(ends, 0, None), np.clip(ends - period, 0, None)
    return np.asarray(sums[..., upper] - sums[..., lower])


def breaches(values: Floats, known: NDArray[np.bool_], alarm: Alarm) -> Codes:
    """BREACHING, WITHIN or MISSING for each value of the alarm's statistic."""
    over = {
        "GreaterThanThreshold": np.greater,
        "GreaterThanOrEqualToThreshold": np.greater_equal,
        "LessThanThreshold": np.less,
        "LessThanOrEqualToThreshold": np.less_equal,
    }[alarm.operator](values, alarm.threshold)
    return np.where(known, np.where(over, BREACHING, WITHIN), MISSING).astype(np.int8)


def error_statistic(errors: Floats, counts: Floats, alarm: Alarm) -> Floats:
    """The statistic of a metric that is 1 for an error and 0 for every other request; NaN without requests."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = errors / counts
    if alarm.statistic == "Average":
        return np.asarray(share)
    if alarm.statistic == "Sum":
        return np.where(counts > 0, errors, np.nan)
    limit = {"Maximum": 0.0, "p90": 0.10, "p99": 0.01}[alarm.statistic]
    return np.where(counts > 0, (share > limit).astype(np.float64), np.nan)


@dataclass(frozen=True)
class Evaluation:
    """What an alarm saw and was, minute by minute."""

    value: Floats
    """The newest point at the end of each minute, in the metric's unit; NaN where it is missing."""
    state: NDArray[np.int8]
    """An index into STATES."""


def points_of(alarm: Alarm, metrics: Metrics, label_delay: int, start: int = 0) -> tuple[Floats, Codes]:
    """The newest value at the end of each minute from `start`, and all points of the evaluation range."""
    period, count = max(alarm.period_seconds // 60, 1), evaluation_range(alarm)
    rows = slice(1, 2) if alarm.fleet == "new" else slice(0, 2)
    requests = metrics.invocations[rows].sum(axis=0)
    if alarm.metric == "ModelLatency":
        counts = window_sums(requests, period, count, start)
        value, known = _latency(alarm, metrics, rows, counts, start), counts > 0
    else:
        errors, requests = _errors(alarm, metrics, rows, requests, label_delay)
        counts = window_sums(requests, period, count, start)
        known = counts > 0
        value = error_statistic(window_sums(errors, period, count, start), counts, alarm)
    value = np.where(known, value, np.nan)
    return value[:, -1], breaches(value, known, alarm)


def evaluate(
    alarm: Alarm, metrics: Metrics, *, label_delay: int, start: int = 0, current: int = INSUFFICIENT_DATA
) -> Evaluation:
    """The alarm at the end of every minute from `start`, which it enters in state `current`."""
    value, points = points_of(alarm, metrics, label_delay, start)
    codes = decide(points, alarm.datapoints, alarm.periods, alarm.missing)
    kept = np.where(codes == RETAIN, -1, np.arange(len(codes)))
    last = np.maximum.accumulate(kept) if len(codes) else kept
    state = np.where(last >= 0, codes[np.maximum(last, 0)], current) if len(codes) else codes
    return Evaluation(value=value, state=state.astype(np.int8))


def _errors(alarm: Alarm, metrics: Metrics, rows: slice, requests: Floats, label_delay: int) -> tuple[Floats, Floats]:
    by_name = {
        "Invocation4XXErrors": metrics.errors_4xx,
        "Invocation5XXErrors": metrics.errors_5xx,
        "InvocationModelErrors": metrics.errors_4xx + metrics.errors_5xx,
        "WrongAnswers": metrics.wrong,
    }
    errors = by_name[alarm.metric][rows].sum(axis=0)
    if alarm.metric != "WrongAnswers":
        return errors, requests
    answered = requests - (metrics.errors_4xx + metrics.errors_5xx)[rows].sum(axis=0)
    # A label that comes d minutes later is published d minutes later: the point of now tells of d minutes ago.
    return _later(errors, label_delay), _later(answered, label_delay)


def _later(values: Floats, minutes: int) -> Floats:
    if minutes == 0:
        return values
    return np.concatenate([np.zeros(min(minutes, len(values))), values[: max(len(values) - minutes, 0)]])


def _latency(alarm: Alarm, metrics: Metrics, rows: slice, requests: Floats, start: int) -> Floats:
    period, count = max(alarm.period_seconds // 60, 1), evaluation_range(alarm)
    if alarm.statistic in ("Average", "Sum"):
        total = window_sums(metrics.latency_sum[rows].sum(axis=0), period, count, start)
        if alarm.statistic == "Sum":
            return total
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total / requests)
    if alarm.statistic == "Maximum":
        highest = metrics.latency_max[rows].max(axis=0)
        padded = np.concatenate([np.zeros(period * count), highest])
        windows = np.lib.stride_tricks.sliding_window_view(padded, period).max(axis=-1)
        ends = np.arange(start, len(highest))[:, None] - period * np.arange(count - 1, -1, -1)[None, :]
        return np.asarray(windows[ends + period * count - period + 1])
    counts = window_sums(metrics.latency_buckets[rows].sum(axis=0).T, period, count, start)
    below = np.cumsum(counts, axis=0)
    wanted = {"p90": 0.90, "p99": 0.99}[alarm.statistic] * below[-1]
    return bucket_value(np.argmax(below >= wanted[None], axis=0))
