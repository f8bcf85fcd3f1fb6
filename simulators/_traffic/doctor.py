"""The dead-alarm doctor: can an alarm stop this update at all, would it stop a healthy one, and what to change.

The worst case is played through without chance: from its first request on, the new fleet does the worst that the
metric can show (every answer an error, every answer wrong, every answer at the 60-second limit). An alarm that stays
silent in every bake of that update can never stop one. The healthy case is an update to a fleet that behaves exactly
as the old one does: an alarm that fires then stops everything.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from simulators._traffic import alarms as cloudwatch
from simulators._traffic.alarms import Metrics
from simulators._traffic.detection import exposure, simulated
from simulators._traffic.engine import ASYNC_LIMIT_SECONDS, RESPONSE_LIMIT_SECONDS, intensity
from simulators._traffic.fleets import fleets
from simulators._traffic.params import Alarm, Params
from simulators._traffic.schedule import Plan, plan


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says of one alarm."""

    alarm: Alarm
    can_fire: bool
    """Whether it stops an update whose new fleet does the worst."""
    in_first_bake: bool
    """Whether it does so before the second shift."""
    fires_after_minutes: float | None
    """From the new fleet's first request until then; None when it cannot fire."""
    smallest_fault_percent: float | None
    """The smallest share of the new fleet's requests that, going wrong on top of the usual errors, trips it, chance
    left aside: within the first bake if it can fire there. None for latency alarms and for alarms that cannot fire."""
    always_fires: bool
    """Whether it also stops an update to a fleet that is as good as the old one."""
    causes: tuple[str, ...]
    """Why it cannot fire, fires too late, fires for nothing, or seldom fires."""
    changes: tuple[str, ...]
    """What to change, one for each cause where a change helps."""


def diagnose(params: Params) -> tuple[Diagnosis, ...]:
    """Examine every auto-rollback alarm of the update."""
    course = plan(params, params.strategy)
    return tuple(_diagnosis(params, course, alarm) for alarm in params.alarms)


def first_alarm(params: Params, course: Plan, alarm: Alarm, *, fault: float) -> float | None:
    """When, in seconds after the update call, the alarm would stop the update; None when it would not.

    Args:
        params: the traffic and the old fleet's errors.
        course: the update without any alarm.
        alarm: the one to look at.
        fault: the share of the new fleet's requests that show the worst of the metric; 0 is as good as the old fleet.
    """
    minutes = params.history_minutes + int(course.end // 60) + 1
    metrics = _expected(params, course, alarm, minutes, fault)
    state = cloudwatch.evaluate(alarm, metrics, label_delay=params.label_delay_minutes).state
    ends = 60.0 * (np.arange(minutes) - params.history_minutes + 1)
    ringing = state == cloudwatch.ALARM
    for bake in course.bakes:
        known = int(bake.start // 60) + params.history_minutes - 1
        if known >= 0 and ringing[known]:
            return bake.start
        inside = (ends > bake.start) & (ends <= bake.end) & ringing
        if inside.any():
            return float(ends[np.argmax(inside)])
    return None


def _expected(params: Params, course: Plan, alarm: Alarm, minutes: int, fault: float) -> Metrics:
    """Expected metrics, as if requests could be split."""
    rate = intensity(params, minutes)
    metrics = Metrics.empty(minutes)
    share = np.array([_green_share(course, 60.0 * (minute - params.history_minutes)) for minute in range(minutes)])
    metrics.invocations[0], metrics.invocations[1] = rate * (1 - share), rate * share
    client = params.client_error_percent / 100
    server = min(params.blue_error_percent / 100, 1 - client)
    wrong = 1 - fleets(params.green_model).accuracy[0]
    limit = ASYNC_LIMIT_SECONDS if params.endpoint_kind == "asynchronous" else RESPONSE_LIMIT_SECONDS
    for row in (0, 1):
        count = metrics.invocations[row]
        bad = {alarm.metric: fault * row}
        of_4xx = _mix(client, bad.get("Invocation4XXErrors", 0.0), 1.0)
        of_5xx = _mix(server, bad.get("Invocation5XXErrors", bad.get("InvocationModelErrors", 0.0)), 1.0 - of_4xx)
        metrics.errors_4xx[row] = count * of_4xx
        metrics.errors_5xx[row] = count * of_5xx
        metrics.wrong[row] = count * (1 - of_4xx - of_5xx) * _mix(wrong, bad.get("WrongAnswers", 0.0), 1.0)
        slow = bad.get("ModelLatency", 0.0)
        latency = _mix(params.service_ms / 1000, slow, limit) * 1e6
        metrics.latency_sum[row] = count * latency
        metrics.latency_max[row] = np.where(count > 0, latency, 0.0)
        metrics.latency_buckets[row, :, int(cloudwatch.bucket_of(np.array([latency]))[0])] = count
    return metrics


def _mix(normal: float, fault: float, worst: float) -> float:
    return normal + fault * (worst - normal)


def _green_share(course: Plan, begin: float) -> float:
    """The new fleet's share of the requests in the minute from `begin`."""
    edges = [begin, *(stage.start for stage in course.stages if begin < stage.start < begin + 60), begin + 60]
    if begin < 0:
        return 0.0
    return sum((until - since) / 60 * course.at(since).green_share for since, until in pairwise(edges))


def _diagnosis(params: Params, course: Plan, alarm: Alarm) -> Diagnosis:
    fires = first_alarm(params, course, alarm, fault=1.0)
    always = first_alarm(params, course, alarm, fault=0.0) is not None
    start = course.first_traffic
    after = None if fires is None or start is None else max(fires - start, 0.0) / 60
    first_end = course.bakes[0].end if course.bakes else 0.0
    in_first = fires is not None and fires <= first_end
    if always:
        causes, changes = _why_always(params, alarm)
    elif not in_first:
        causes, changes = _why_silent(params, course, alarm, first_end)
    else:
        causes, changes = _why_rare(params, course, alarm)
    return Diagnosis(
        alarm=alarm,
        can_fire=fires is not None,
        in_first_bake=in_first,
        fires_after_minutes=after,
        smallest_fault_percent=_smallest_fault(params, course, alarm, first_end if in_first else course.end)
        if fires is not None
        else None,
        always_fires=always,
        causes=tuple(causes),
        changes=tuple(changes),
    )


def _smallest_fault(params: Params, course: Plan, alarm: Alarm, before: float) -> float | None:
    def trips(fault: float) -> bool:
        fires = first_alarm(params, course, alarm, fault=fault)
        return fires is not None and fires <= before

    if alarm.metric == "ModelLatency":
        return None
    low, high = 0.0, 1.0
    if trips(low):
        return 0.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if trips(middle) else (middle, high)
    return 100 * high


_Cure = tuple[str, str, Callable[[Params, Alarm], tuple[Params, Alarm]]]


def _cures(params: Params, course: Plan, alarm: Alarm) -> list[_Cure]:
    """Each possible cause, the change against it, and the change as a function."""
    found: list[_Cure] = []
    rate = alarm.metric != "ModelLatency" and alarm.statistic != "Sum"
    greater = alarm.operator.startswith("Greater")
    strict = alarm.operator == "GreaterThanThreshold"
    if not greater:
        found.append(
            (
                f"{alarm.operator} rings when the metric is low, and a fault makes it high",
                "use GreaterThanThreshold",
                lambda p, a: (p, replace(a, operator="GreaterThanThreshold")),
            )
        )
    if rate and greater and (alarm.threshold > 1 or (strict and alarm.threshold >= 1)):
        sign = ">" if strict else "≥"
        found.append(
            (
                f"each request counts 1 or 0, so the {alarm.statistic.lower()} is at most 1 and cannot be {sign} "
                f"{alarm.threshold:g}",
                "give the threshold as a share, for example 0.05 for 5 %",
                lambda p, a: (p, replace(a, threshold=0.05)),
            )
        )
    elif rate and greater and alarm.threshold > 0.5:
        found.append(
            (
                f"a threshold of {alarm.threshold:g} needs {100 * alarm.threshold:.0f} % of the requests to fail",
                "give the threshold as a share, for example 0.05 for 5 %",
                lambda p, a: (p, replace(a, threshold=0.05)),
            )
        )
    share = course.bakes[0].green_active / params.instances if course.bakes else 0.0
    if alarm.fleet == "both":
        found.append(
            (
                "the metric covers both fleets: the old fleet's good answers dilute those of the new one, which gets "
                f"{100 * share:.0f} % of the traffic in the first bake",
                "watch the new fleet alone: add the dimension EndpointConfigName with the new configuration",
                lambda p, a: (p, replace(a, fleet="new")),
            )
        )
    longest = (course.bakes[0].end - course.bakes[0].start) / 60 if course.bakes else 0.0
    window = alarm.period_seconds * alarm.periods / 60
    if alarm.period_seconds > 60 or alarm.datapoints > 1:
        found.append(
            (
                f"{alarm.datapoints} of {alarm.periods} periods of {alarm.period_seconds / 60:g} minutes look back "
                f"{window:g} minutes, the first bake is {longest:g} minutes",
                "use a Period of 60 s and fewer datapoints to alarm, or bake longer",
                lambda p, a: (p, replace(a, period_seconds=60, periods=min(a.periods, 3), datapoints=1)),
            )
        )
    if alarm.metric == "WrongAnswers" and params.label_delay_minutes:
        found.append(
            (
                f"the right answers arrive {params.label_delay_minutes} minutes later, the first bake is "
                f"{longest:g} minutes",
                "bake longer than the labels take, or watch a metric that needs no labels",
                lambda p, a: (replace(p, label_delay_minutes=0), a),
            )
        )
    if alarm.statistic == "Sum" and alarm.metric != "ModelLatency" and greater:
        found.append(
            (
                f"a Sum above {alarm.threshold:g} needs that many errors in one period, and the bake brings fewer "
                "requests",
                "use the Average with a share, which does not depend on the traffic",
                lambda p, a: (p, replace(a, statistic="Average", threshold=0.05)),
            )
        )
    if alarm.metric == "ModelLatency" and greater:
        found.append(
            (
                f"{alarm.threshold:,.0f} µs is {alarm.threshold / 1e6:g} s, beyond the longest answer there is",
                "give the threshold in microseconds: 500 ms is 500,000",
                lambda p, a: (p, replace(a, threshold=500_000.0, statistic="Average")),
            )
        )
    return found


def _why_silent(params: Params, course: Plan, alarm: Alarm, first_end: float) -> tuple[list[str], list[str]]:
    """Why it cannot fire, or not before the second shift."""
    if course.note:
        return [f"{course.note}: there is no bake in which it could"], ["use an endpoint that has guardrails"]
    if not course.bakes:
        return ["no bake: nothing is watched"], ["set TerminationWaitInSeconds or WaitIntervalInSeconds above 0"]
    if params.requests_per_minute <= 0:
        return ["without requests there is no metric"], ["send traffic during the bakes"]
    if course.bakes[0].end - course.bakes[0].start < 60:
        return ["the first bake is shorter than 1 minute, the shortest period of the metric"], ["bake longer"]
    needed = _smallest_cure(params, course, alarm, first_end)
    if needed is None:
        return ["no single setting of the alarm explains it"], ["bake longer"]
    return [cause for cause, _, _ in needed], [change for _, change, _ in needed]


def _smallest_cure(params: Params, course: Plan, alarm: Alarm, before: float) -> list[_Cure] | None:
    """The fewest changes that let the alarm fire in time, found by trying all sets of them, small ones first."""
    cures = _cures(params, course, alarm)
    useful = None
    for bits in sorted(range(1, 1 << len(cures)), key=lambda bits: (bits.bit_count(), bits)):
        chosen = [cure for number, cure in enumerate(cures) if bits >> number & 1]
        changed, cured = params, alarm
        for _, _, change in chosen:
            changed, cured = change(changed, cured)
        fires = first_alarm(changed, course, cured, fault=1.0)
        if fires is None or fires > before:
            continue
        if first_alarm(changed, course, cured, fault=0.0) is None:
            return chosen
        # It would then stop healthy updates too: kept only if nothing better is found.
        useful = useful or chosen
    return useful


def _why_always(params: Params, alarm: Alarm) -> tuple[list[str], list[str]]:
    if alarm.metric == "ModelLatency" and alarm.operator.startswith("Greater"):
        cause = (
            f"a healthy answer takes {params.service_ms * 1000:,.0f} µs, and the threshold is {alarm.threshold:,.0f} µs"
        )
        return [cause], ["give the threshold in microseconds, above the healthy latency"]
    if alarm.fleet == "both":
        cause = "the old fleet alone trips it, and an alarm that rings stops the update before the first shift"
        return [cause], ["watch the new fleet alone, or raise the threshold above the old fleet's own error rate"]
    if alarm.missing == "breaching":
        cause = "the new fleet has no data before its first request, and missing data is treated as breaching"
        return [cause], ["treat missing data as missing or notBreaching"]
    return ["a fleet as good as the old one trips it"], ["move the threshold away from the healthy value"]


def _why_rare(params: Params, course: Plan, alarm: Alarm) -> tuple[list[str], list[str]]:
    """It can fire, but with so few requests that it mostly does not."""
    if alarm.metric not in ("Invocation5XXErrors", "InvocationModelErrors") or not course.bakes:
        return [], []
    bake = course.bakes[0]
    around = exposure(params, alarm, bake)
    expected = float(around.green[around.first :].sum())
    fired, _ = simulated(
        alarm,
        around,
        blue_error=params.blue_error_percent / 100,
        base_error=0.0,
        fault=1.0,
        runs=300,
        seed=params.seed,
    )
    if fired >= 0.5:
        return [], []
    causes = [
        f"the first bake brings the new fleet about {expected:.1f} requests: even if every one failed, the alarm "
        f"would fire in {100 * fired:.0f} % of such bakes"
    ]
    changes = ["bake longer, use a larger first step, or send test traffic"]
    if alarm.missing in ("notBreaching", "ignore") and alarm.datapoints > 1:
        causes.append(f"periods without a request are treated as {alarm.missing}, so they count against it")
        changes.append("use fewer datapoints to alarm, or a longer period")
    return causes, changes
