"""One run: the update with its four strategies side by side, or a test of two variants."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators._traffic import alarms as cloudwatch
from simulators._traffic import api, schedule
from simulators._traffic.detection import MOST_POINTS, Curve, curve, error_alarm, first_bake
from simulators._traffic.doctor import Diagnosis, diagnose
from simulators._traffic.engine import ERROR_4XX, ERROR_5XX, HELPED, HURT, LATE, WRONG, Trail, intensity, run_plans
from simulators._traffic.params import STRATEGIES, STRATEGY_NAMES, Params, Strategy
from simulators._traffic.schedule import Plan
from simulators._traffic.variants import ABTest, ShadowTest, ab_test, shadow_test
from simulators.contract import OnProgress

_RUN_SHARE = 0.9
"""How much of the progress is the requests; the rest is the chance of detection."""

MOST_REQUESTS = 40_000_000
"""A run that would serve more, all strategies together, is turned down: it would take longer than anybody waits."""


@dataclass(frozen=True)
class Result:
    """What happened to every request, minute by minute, and what the alarms made of it."""

    params: Params
    problems: tuple[str, ...]
    """Why AWS refuses the settings; nothing is updated then."""
    trail: Trail
    minutes: pd.DataFrame
    """One row per minute, from before the update call: requests, errors, latency (ms), users hurt; old and new."""
    comparison: pd.DataFrame | None
    """One row per strategy on the same requests; None when they were not compared."""
    hurt_so_far: Mapping[Strategy, NDArray[np.int64]]
    """Users hurt up to the end of each minute after the update call, by strategy."""
    curve: Curve | None
    diagnoses: tuple[Diagnosis, ...]
    ab: ABTest | None
    shadow: ShadowTest | None

    @property
    def plan(self) -> Plan:
        """The course the update took."""
        return self.trail.plan

    @property
    def outcome(self) -> str:
        """`completed`, `rolled back`, `stopped` before the first shift, `timed out`, `refused`, or a `test`."""
        return self.trail.plan.outcome

    @property
    def users_hurt(self) -> int:
        """Requests the new fleet failed, got wrong or answered too late, which the old fleet would have answered well.

        A shadow variant's answers reach nobody, so they hurt nobody.
        """
        return 0 if self.params.mode == "shadow" else int(self.trail.counts.hurt[1].sum())

    @property
    def users_helped(self) -> int:
        """Requests the new fleet answered well and the old one would not have."""
        return 0 if self.params.mode == "shadow" else int(self.trail.counts.helped[1].sum())

    @property
    def green_requests(self) -> int:
        """Requests the new fleet answered."""
        return int(self.trail.metrics.invocations[1].sum())

    @property
    def detection_minutes(self) -> float | None:
        """From the new fleet's first request until an alarm stopped the update; None when none did, or before."""
        start, end = self.plan.first_traffic, self.trail.tripped_at
        return None if start is None or end is None else (end - start) / 60

    @property
    def extra_instance_minutes(self) -> float:
        """Billed during the update beyond the instances that would have run anyway."""
        return extra_instance_minutes(self.plan, self.params.instances)


def extra_instance_minutes(course: Plan, instances: int) -> float:
    """Instance-minutes of a course beyond `instances` running all the time."""
    return course.instance_minutes - instances * course.end / 60


def run(params: Params, on_progress: OnProgress | None = None) -> Result:
    """Run the settings; the same params give the same result, to the last request.

    Args:
        params: what to run. Settings that AWS refuses are run too: the old fleet then simply goes on.
        on_progress: called with the share done and a few words after every chunk of requests.

    Raises:
        ValueError: the traffic is too much for one run.
    """
    problems = api.problems(params)
    if params.mode != "deployment":
        return _run_variants(params, problems, on_progress)
    plans = _plans(params, refused=bool(problems))
    last = max(schedule.longest_end(params, name) if course.end else 0.0 for name, course in plans.items())
    minutes = max(params.watch_minutes, ceil(last / 60) + 1)
    _turn_down(params, minutes, len(plans))
    trails = run_plans(params, plans, minutes, _scaled(on_progress))
    hurt = {
        name: np.cumsum(trail.counts.hurt[1, params.history_minutes :]).astype(np.int64)
        for name, trail in trails.items()
    }
    if on_progress:
        on_progress(_RUN_SHARE, "chance of detection")
    return Result(
        params=params,
        problems=problems,
        trail=_light(trails[params.strategy]),
        minutes=_minutes(params, trails[params.strategy], params.history_minutes),
        comparison=_comparison(params, trails) if len(plans) > 1 else None,
        hurt_so_far=hurt,
        curve=None if problems else curve(params),
        diagnoses=() if problems else diagnose(params),
        ab=None,
        shadow=None,
    )


def trace(params: Params) -> pd.DataFrame:
    """Every single request of the chosen strategy, in order of arrival.

    Returns:
        `time_seconds` after the update call, `new_fleet` (bool), `instance` (in its fleet), `latency_ms`, and whether
        it was a 4XX, a 5XX, wrong, late, and whether its user was hurt or helped by the update.
    """
    problems = api.problems(params)
    if params.mode == "deployment":
        course = _plans(replace(params, compare=False), refused=bool(problems))[params.strategy]
        minutes = max(params.watch_minutes, ceil(schedule.longest_end(params, params.strategy) / 60) + 1)
    else:
        params = replace(params, history_minutes=0)
        course, minutes = schedule.variants(params), params.watch_minutes
    rows: dict[Strategy, list[dict[str, NDArray[np.float64]]]] = {}
    run_plans(params, {params.strategy: course}, minutes, rows=rows)
    parts = rows[params.strategy]
    column = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    new = column["new_fleet"].astype(bool)
    flags = column["flags"].astype(np.uint8)
    return pd.DataFrame(
        {
            "time_seconds": column["time_seconds"],
            "new_fleet": new,
            "instance": (column["instance"] - np.where(new, 0, params.instances)).astype(np.int64),
            "latency_ms": 1000 * column["latency_seconds"],
            "error_4xx": (flags & ERROR_4XX) > 0,
            "error_5xx": (flags & ERROR_5XX) > 0,
            "wrong": (flags & WRONG) > 0,
            "late": (flags & LATE) > 0,
            "hurt": (flags & HURT) > 0,
            "helped": (flags & HELPED) > 0,
        }
    )


def _plans(params: Params, *, refused: bool) -> dict[Strategy, Plan]:
    if refused:
        return {params.strategy: schedule.untouched(params, params.strategy, "refused")}
    wanted: list[Strategy] = [params.strategy]
    if params.compare:
        wanted += [name for name in STRATEGIES if name != params.strategy and api.allowed(params, name)]
    return {name: schedule.plan(params, name) for name in wanted}


def _run_variants(params: Params, problems: tuple[str, ...], on_progress: OnProgress | None) -> Result:
    # The test begins with the first request: there is no time before it.
    from_start = replace(params, history_minutes=0)
    course = schedule.variants(from_start)
    if problems:
        course = schedule.untouched(from_start, params.strategy, "refused")
        from_start = replace(from_start, mode="deployment")
    _turn_down(from_start, params.watch_minutes, 1)
    trail = run_plans(from_start, {params.strategy: course}, params.watch_minutes, _scaled(on_progress))[
        params.strategy
    ]
    return Result(
        params=params,
        problems=problems,
        trail=_light(trail),
        minutes=_minutes(from_start, trail, 0),
        comparison=None,
        hurt_so_far={},
        curve=None,
        diagnoses=(),
        ab=ab_test(params, trail) if params.mode == "ab" and not problems else None,
        shadow=shadow_test(trail) if params.mode == "shadow" and not problems else None,
    )


BLINK_SECONDS = 0.3


def takes_long(params: Params) -> bool:
    """Whether a run takes longer than a blink: because of its requests, of the alarm's points, or of the curve's.

    The seconds per piece of work are measured ones, of an ordinary machine.
    """
    if params.mode == "deployment" and not api.problems(params):
        names = STRATEGIES if params.compare else (params.strategy,)
        last = max(schedule.longest_end(params, name) for name in names)
        minutes = max(params.watch_minutes, ceil(last / 60) + 1)
    else:
        names, minutes = (params.strategy,), params.watch_minutes
    requests = _requests(params, minutes, len(names))
    if requests > MOST_REQUESTS:
        return False  # turned down at once
    seconds = 0.04 + 6e-8 * requests + 4e-5 * minutes * len(names)
    for alarm in params.alarms:
        points = cloudwatch.evaluation_range(alarm) * (params.history_minutes + minutes)
        is_percentile = alarm.metric == "ModelLatency" and alarm.statistic in ("p90", "p99")
        seconds += len(names) * points * (1.5e-6 if is_percentile else 1e-7)
    bake = first_bake(params) if params.mode == "deployment" else None
    if bake is not None and (watched := error_alarm(params)):
        points = cloudwatch.evaluation_range(watched) * int(bake.end - bake.start) // 60
        seconds += 1.2e-4 * points
        if cloudwatch.evaluation_range(watched) <= MOST_POINTS:
            seconds += 6e-8 * points * 3 ** cloudwatch.evaluation_range(watched)
    return seconds > BLINK_SECONDS


def _requests(params: Params, minutes: int, strategies: int) -> float:
    """How many are expected, every strategy's counted."""
    return strategies * float(intensity(params, params.history_minutes + minutes).sum())


def _turn_down(params: Params, minutes: int, strategies: int) -> None:
    expected = _requests(params, minutes, strategies)
    if expected > MOST_REQUESTS:
        raise ValueError(
            f"found {expected:,.0f} requests to serve, wanted at most {MOST_REQUESTS:,}: "
            "fewer requests a minute, fewer minutes, or one strategy"
        )


def _scaled(on_progress: OnProgress | None) -> OnProgress | None:
    if on_progress is None:
        return None
    return lambda share, words: on_progress(_RUN_SHARE * share, words)


def _light(trail: Trail) -> Trail:
    """Without the latency buckets, which are by far the largest part and have been read."""
    return replace(trail, metrics=replace(trail.metrics, latency_buckets=np.zeros((2, 0, 0))))


def _minutes(params: Params, trail: Trail, history: int) -> pd.DataFrame:
    metrics, counts = trail.metrics, trail.counts
    requests = metrics.invocations
    below = np.cumsum(metrics.latency_buckets, axis=2)
    p99 = cloudwatch.bucket_value(np.argmax(below >= 0.99 * requests[:, :, None], axis=2)) / 1000
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = metrics.latency_sum / requests / 1000
        share = 100 * requests[1] / requests.sum(axis=0)
    number = np.arange(requests.shape[1]) - history
    columns: dict[str, NDArray[Any]] = {"minute": number, "new_percent": np.round(share, 2)}
    for row, name in enumerate(("old", "new")):
        columns |= {
            f"requests_{name}": requests[row].astype(np.int64),
            f"errors_4xx_{name}": metrics.errors_4xx[row].astype(np.int64),
            f"errors_5xx_{name}": metrics.errors_5xx[row].astype(np.int64),
            f"wrong_{name}": metrics.wrong[row].astype(np.int64),
            f"late_{name}": counts.late[row].astype(np.int64),
            f"latency_ms_{name}": np.round(mean[row], 2),
            f"latency_p99_ms_{name}": np.round(np.where(requests[row] > 0, p99[row], np.nan), 1),
        }
    columns["hurt"] = counts.hurt[1].astype(np.int64)
    columns["helped"] = counts.helped[1].astype(np.int64)
    for row in range(len(params.alarms)):
        columns[f"alarm_{row + 1}"] = trail.values[row]
    frame = pd.DataFrame(columns)
    for row in range(len(params.alarms)):
        frame[f"state_{row + 1}"] = [cloudwatch.STATES[state] for state in trail.states[row]]
    return frame


def _comparison(params: Params, trails: Mapping[Strategy, Trail]) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for name in STRATEGIES:
        if name not in trails:
            rows.append({"strategy": STRATEGY_NAMES[name], "outcome": "refused"})
            continue
        trail = trails[name]
        course = trail.plan
        start = course.first_traffic
        noticed = np.nan if trail.tripped_at is None or start is None else (trail.tripped_at - start) / 60
        rows.append(
            {
                "strategy": STRATEGY_NAMES[name],
                "outcome": course.outcome,
                "users_hurt": int(trail.counts.hurt[1].sum()),
                "users_helped": int(trail.counts.helped[1].sum()),
                "new_fleet_requests": int(trail.metrics.invocations[1].sum()),
                "noticed_after_min": noticed,
                "update_min": course.end / 60,
                "extra_instance_min": extra_instance_minutes(course, params.instances),
                "peak_instances": course.peak_instances,
            }
        )
    return pd.DataFrame(rows)
