"""The chance that a fault of a given size is noticed within the first bake: simulated, and in closed form.

Two chances, because they are often confused: that at least one error is *seen*, 1 - (1 - p)^n for n requests to the
new fleet, and that the *alarm* fires, which also needs enough of them in enough periods. The second is exact too, for
one-minute periods: minutes are independent, so the last points of the alarm are a Markov chain.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulators._traffic import alarms as cloudwatch
from simulators._traffic.engine import intensity
from simulators._traffic.params import Alarm, Params
from simulators._traffic.schedule import Bake, plan

Floats = NDArray[np.float64]

MOST_POINTS = 8
"""The chain has 3^(N + 2) states; beyond this many points the curve is simulated only."""


@dataclass(frozen=True)
class Exposure:
    """The minutes of one bake, and as many before it as the alarm looks back: expected requests in each."""

    blue: Floats
    green: Floats
    first: int
    """The first minute at whose end the alarm is watched."""


@dataclass(frozen=True)
class Curve:
    """Chances by size of the fault; a fault is a share of server errors added to the new fleet."""

    fault_percent: Floats
    seen: Floats
    """At least one error reaches a user within the bake: closed form."""
    seen_simulated: Floats
    alarm: Floats
    """The alarm fires within the bake: exact; NaN where it has too many points for that."""
    alarm_simulated: Floats
    green_requests: float
    """Expected requests to the new fleet in the bake."""
    bake_minutes: float
    runs: int
    seen_here: float
    """The closed form at the new fleet's own share of server errors."""
    alarm_here: float
    """The alarm's chance there: exact where that is possible, simulated otherwise."""


def exposure(params: Params, alarm: Alarm, bake: Bake) -> Exposure:
    """Expected requests per minute to either fleet around a bake that starts from the old fleet alone."""
    first, last = int(bake.start // 60), int(bake.end // 60)
    # What happened before the update is known only as far back as the run goes.
    known = first + params.history_minutes
    look_back = min(cloudwatch.evaluation_range(alarm) * max(alarm.period_seconds // 60, 1), known)
    number = np.arange(first - look_back, last)
    rate = intensity(params, params.history_minutes + last)[number + params.history_minutes]
    baked = np.clip(60.0 * (number + 1) - np.maximum(60.0 * number, bake.start), 0, 60) / 60
    green = rate * baked * bake.green_active / params.instances
    return Exposure(blue=rate - green, green=green, first=look_back)


def simulated(
    alarm: Alarm, around: Exposure, *, blue_error: float, base_error: float, fault: float, runs: int, seed: int
) -> tuple[float, float]:
    """Shares of `runs` bakes in which the alarm fired, and in which any request met the fault.

    Args:
        alarm: on errors.
        around: the minutes of the bake and before.
        blue_error: share of the old fleet's requests that count as errors.
        base_error: share of the new fleet's requests that would count as errors without the fault.
        fault: share of the new fleet's requests that meet the fault.
        runs: how many bakes.
        seed: of the random numbers.
    """
    rng = np.random.default_rng([seed, 3])
    shape = (runs, len(around.green))
    green, blue = rng.poisson(around.green, shape), rng.poisson(around.blue, shape)
    faults = rng.binomial(green, fault)
    others = rng.binomial(green - faults, min(base_error / (1 - fault), 1.0) if fault < 1 else 0.0)
    errors, counts = (faults + others).astype(np.float64), green.astype(np.float64)
    if alarm.fleet == "both":
        errors = errors + rng.binomial(blue, blue_error)
        counts = counts + blue
    period, points = max(alarm.period_seconds // 60, 1), cloudwatch.evaluation_range(alarm)
    totals = cloudwatch.window_sums(counts, period, points, around.first)
    value = cloudwatch.error_statistic(cloudwatch.window_sums(errors, period, points, around.first), totals, alarm)
    coded = cloudwatch.breaches(value, totals > 0, alarm)
    state = cloudwatch.decide(coded, alarm.datapoints, alarm.periods, alarm.missing)
    fired = (state == cloudwatch.ALARM).any(axis=-1)
    return float(fired.mean()), float((faults.sum(axis=-1) > 0).mean())


def exact(alarm: Alarm, around: Exposure, blue_error: float, green_error: float) -> float:
    """The chance that the alarm fires within the bake; NaN when its periods overlap or its states are too many."""
    points = cloudwatch.evaluation_range(alarm)
    if alarm.period_seconds != 60 or points > MOST_POINTS:
        return float("nan")
    states = 3**points
    digits = np.arange(states)[:, None] // 3 ** np.arange(points - 1, -1, -1)[None, :] % 3
    code = cloudwatch.decide((digits - 1).astype(np.int8), alarm.datapoints, alarm.periods, alarm.missing)
    ringing = code == cloudwatch.ALARM
    chance = np.zeros(states)
    chance[0] = 1.0  # nothing but missing points
    fired = 0.0
    after = np.arange(states) * 3 % states
    chances: dict[tuple[float, float], tuple[float, float]] = {}
    for minute in range(len(around.green)):
        green, blue = around.green[minute], around.blue[minute]
        if alarm.fleet == "both":
            rate = green + blue
            error = (green * green_error + blue * blue_error) / rate if rate else 0.0
        else:
            rate, error = green, green_error
        if (rate, error) not in chances:
            chances[rate, error] = point_chances(alarm, rate, error)
        breach, known = chances[rate, error]
        following = np.zeros(states)
        for digit, weight in enumerate((1 - known, known - breach, breach)):
            np.add.at(following, after + digit, chance * weight)
        if minute >= around.first:
            fired += float(following[ringing].sum())
            following[ringing] = 0.0
        chance = following
    return min(fired, 1.0)


def point_chances(alarm: Alarm, rate: float, error: float) -> tuple[float, float]:
    """The chances that a minute with Poisson(rate) requests breaches, and that it has data at all."""
    known = -float(np.expm1(-rate))
    if rate <= 0:
        return 0.0, 0.0
    compare: Callable[[Floats, float], NDArray[np.bool_]] = {
        "GreaterThanThreshold": np.greater,
        "GreaterThanOrEqualToThreshold": np.greater_equal,
        "LessThanThreshold": np.less,
        "LessThanOrEqualToThreshold": np.less_equal,
    }[alarm.operator]
    if alarm.statistic == "Sum":
        most = int(rate * error + 12 * np.sqrt(rate * error) + 30)
        errors = np.arange(most + 1, dtype=np.float64)
        weight = stats.poisson.pmf(errors, rate * error)
        hit = compare(errors, alarm.threshold)
        tail = float(stats.poisson.sf(most, rate * error)) if "Greater" in alarm.operator else 0.0
        breach = float(weight[hit].sum()) + tail
        # No request at all is no data, not a sum of 0.
        nothing = float(np.exp(-rate)) if bool(compare(np.zeros(1), alarm.threshold)[0]) else 0.0
        return max(breach - nothing, 0.0), known
    spread = 9 * np.sqrt(rate) + 12
    counts = np.arange(max(1, int(rate - spread)), int(rate + spread) + 1)
    weight = stats.poisson.pmf(counts, rate)
    if alarm.statistic == "Average":
        chance = _average_breaches(alarm, counts, error)
    else:
        limit = {"Maximum": 0.0, "p90": 0.10, "p99": 0.01}[alarm.statistic]
        at_one = stats.binom.sf(_most_within(counts, limit), counts, error)
        one, zero = (bool(compare(np.array([value]), alarm.threshold)[0]) for value in (1.0, 0.0))
        chance = np.asarray(at_one * one + (1 - at_one) * zero)
    return min(float((weight * chance).sum()), known), known


def _most_within(counts: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """The most errors k with k / n <= share, in the floating-point arithmetic the alarm uses."""
    most = np.floor(share * counts).astype(np.int64)
    most = np.where((most + 1) / counts <= share, most + 1, most)
    return np.asarray(np.where(most / counts > share, most - 1, most))


def _most_below(counts: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """The most errors k with k / n < share; -1 when there is none."""
    most = np.ceil(share * counts).astype(np.int64) - 1
    most = np.where((most + 1) / counts < share, most + 1, most)
    return np.asarray(np.where(most / counts >= share, most - 1, most))


def _average_breaches(alarm: Alarm, counts: NDArray[np.int64], error: float) -> Floats:
    within = _most_within if alarm.operator in ("GreaterThanThreshold", "LessThanOrEqualToThreshold") else _most_below
    bound = within(counts, alarm.threshold)
    above = alarm.operator.startswith("Greater")
    chance = stats.binom.sf(bound, counts, error) if above else stats.binom.cdf(bound, counts, error)
    return np.asarray(chance)


def error_alarm(params: Params) -> Alarm | None:
    """The first alarm on the model's errors, which the curve is about; None when there is none."""
    watched = ("Invocation5XXErrors", "InvocationModelErrors")
    return next((each for each in params.alarms if each.metric in watched), None)


def first_bake(params: Params) -> Bake | None:
    """The first bake of the update; None when nothing is baked."""
    bakes = plan(params, params.strategy).bakes
    return bakes[0] if bakes else None


def curve(
    params: Params,
    *,
    faults: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0),
    runs: int = 400,
) -> Curve | None:
    """Chances over the size of the fault, for the first error alarm and the first bake; None without either."""
    alarm = error_alarm(params)
    bake = first_bake(params)
    if alarm is None or bake is None:
        return None
    around = exposure(params, alarm, bake)
    expected = float(around.green[around.first :].sum())
    base = params.client_error_percent / 100 if alarm.metric == "InvocationModelErrors" else 0.0
    blue = min(base + params.blue_error_percent / 100, 1.0)
    rows = []
    for percent in (*faults, params.green_error_percent):
        fault = percent / 100
        fired, met = simulated(
            alarm, around, blue_error=blue, base_error=base, fault=fault, runs=runs, seed=params.seed
        )
        rows.append(
            (
                percent,
                -float(np.expm1(-expected * fault)),
                met,
                exact(alarm, around, blue, min(base + fault, 1.0)),
                fired,
            )
        )
    here = rows.pop()
    columns = (np.array(column) for column in zip(*rows, strict=True))
    fault_percent, seen_at, seen_simulated, alarm_at, alarm_simulated = columns
    return Curve(
        fault_percent=fault_percent,
        seen=seen_at,
        seen_simulated=seen_simulated,
        alarm=alarm_at,
        alarm_simulated=alarm_simulated,
        green_requests=expected,
        bake_minutes=(bake.end - bake.start) / 60,
        runs=runs,
        seen_here=here[1],
        alarm_here=here[4] if np.isnan(here[3]) else here[3],
    )
