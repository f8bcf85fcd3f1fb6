"""Requests: when they arrive, who answers, how long it takes and what comes back, millions at a time.

Every random number belongs to a request and not to a strategy, so the same seed gives the same requests, whatever
the update does with them. Each instance works on one request at a time, first come, first served; its queue is exact
(Lindley's recursion as a running maximum), not an approximation.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import cos, exp, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators._traffic import alarms as cloudwatch
from simulators._traffic.alarms import BUCKETS, Metrics
from simulators._traffic.fleets import Fleets, fleets
from simulators._traffic.params import Params, Strategy
from simulators._traffic.schedule import Outcome, Plan, Stage, rolled_back

Floats = NDArray[np.float64]

ERROR_4XX, ERROR_5XX, WRONG, LATE, HURT, HELPED = 1, 2, 4, 8, 16, 32
_FLAGS = (ERROR_4XX, ERROR_5XX, WRONG, LATE, HURT, HELPED)
_CODES = 64

RESPONSE_LIMIT_SECONDS = 60.0
"""A real-time model that has not answered by then is a server error."""
ASYNC_LIMIT_SECONDS = 3600.0

FIXED_PART = 0.5
"""Half of the time per answer is the same for every request, the other half is exponential."""

_CHUNK_REQUESTS = 1 << 18
_CHUNK_MINUTES = 32
_BLOCK_REQUESTS = 1 << 15
_DOTS_PER_MINUTE = 20


@dataclass(frozen=True)
class Counts:
    """Requests per fleet (row 0 old, row 1 new) and minute, beyond what CloudWatch is sent."""

    late: Floats
    hurt: Floats
    helped: Floats


@dataclass(frozen=True)
class Dots:
    """A few requests of every minute, evenly picked: seconds after the update call, fleet (1 is new), outcome flags."""

    time: NDArray[np.float32]
    fleet: NDArray[np.int8]
    flags: NDArray[np.uint8]


@dataclass(frozen=True)
class Trail:
    """One strategy, run to the end: what happened, minute by minute (minute 0 is `history_minutes` before the call)."""

    plan: Plan
    metrics: Metrics
    counts: Counts
    states: NDArray[np.int8]
    """Of shape (alarms, minutes): an index into alarms.STATES at the end of each minute."""
    values: Floats
    """Of shape (alarms, minutes): the newest point of each alarm, NaN where it is missing."""
    tripped_at: float | None
    """Seconds after the update call at which an alarm ended the update; None when none did."""
    tripped_by: tuple[str, ...]
    dots: Dots
    fingerprint: int
    """A checksum over every request's fleet, instance, outcome and latency."""


@dataclass(frozen=True)
class Draw:
    """Random numbers of a run of minutes, one of each per request."""

    first_minute: int
    starts: NDArray[np.int64]
    """Where each minute's requests begin; one more than minutes."""
    time: Floats
    route: NDArray[np.float32]
    error: NDArray[np.float32]
    work: NDArray[np.float32]
    row: NDArray[np.uint16]

    def until(self, minute: int) -> "Draw":
        """Without the minutes from `minute` on."""
        count = min(minute - self.first_minute, len(self.starts) - 1)
        kept = slice(0, int(self.starts[count]))
        return Draw(
            first_minute=self.first_minute,
            starts=self.starts[: count + 1],
            time=self.time[kept],
            route=self.route[kept],
            error=self.error[kept],
            work=self.work[kept],
            row=self.row[kept],
        )


def intensity(params: Params, minutes: int) -> Floats:
    """Expected requests in each minute, the first being `history_minutes` before the update call."""
    number = np.arange(minutes) - params.history_minutes
    hours = params.start_hour + (number + 0.5) / 60
    swing = 1 + params.daily_swing_percent / 100 * np.cos(2 * pi * (hours - 15) / 24)
    rate = params.requests_per_minute * swing
    if params.bursts_per_hour:
        # One uniform per minute, drawn in order: a longer run has the same bursts at its beginning.
        chance = 1 - exp(-params.bursts_per_hour / 60)
        begins = np.random.default_rng([params.seed, 1]).random(minutes) < chance
        begun = np.concatenate([[0], np.cumsum(begins)])
        since = np.maximum(np.arange(1, minutes + 1) - params.burst_minutes, 0)
        rate = np.where(begun[1:] - begun[since] > 0, rate * params.burst_factor, rate)
    return np.asarray(rate)


def mean_intensity(params: Params, from_second: float, to_second: float) -> float:
    """Expected requests a minute between two times, without bursts: the closed form of the daily swing."""
    middle = params.start_hour + (from_second + to_second) / 7200
    half = pi * (to_second - from_second) / 3600 / 24
    shape = np.sinc(half / pi) * cos(2 * pi * (middle - 15) / 24)
    return params.requests_per_minute * float(1 + params.daily_swing_percent / 100 * shape)


def chunks(rate: Floats) -> Iterator[tuple[int, int]]:
    """Runs of minutes small enough to be held in memory; they depend on the traffic alone."""
    first = 0
    while first < len(rate):
        within = np.cumsum(rate[first : first + _CHUNK_MINUTES]) <= _CHUNK_REQUESTS
        last = first + max(int(np.argmin(within)) if not within.all() else len(within), 1)
        yield first, last
        first = last


def draw(params: Params, rate: Floats, first: int, last: int, rows: int) -> Draw:
    """All that is random in minutes `first` to `last`: a Poisson number of requests, uniform over the rate."""
    rng = np.random.default_rng([params.seed, 2, first])
    edges = np.concatenate([[0.0], np.cumsum(rate[first:last])])
    count = int(rng.poisson(edges[-1]))
    # Normalised running sums of exponentials are sorted uniforms, without sorting.
    gaps = rng.standard_exponential(count + 1)
    place = np.cumsum(gaps)
    place *= edges[-1] / place[-1]
    place = place[:-1]
    starts = np.searchsorted(place, edges)
    starts[0], starts[-1] = 0, count
    sizes = np.diff(starts)
    seconds = 60 / np.maximum(rate[first:last], 1e-12)
    begin = 60.0 * (np.arange(first, last) - params.history_minutes)
    time = place * np.repeat(seconds, sizes)
    time += np.repeat(begin - edges[:-1] * seconds, sizes)
    return Draw(
        first_minute=first,
        starts=starts.astype(np.int64),
        time=time,
        route=rng.random(count, dtype=np.float32),
        error=rng.random(count, dtype=np.float32),
        work=rng.standard_exponential(count, dtype=np.float32),
        row=rng.integers(0, rows, count, dtype=np.uint16),
    )


def finish_times(
    instance: NDArray[np.uint8], arrival: Floats, service: NDArray[np.floating[Any]], busy_until: Floats
) -> tuple[Floats, Floats]:
    """When each request is done, with every instance working through its own queue in order of arrival.

    A server that is busy until D takes up a request that arrives at A at max(A, D). Unrolled over a queue, with C the
    running sum of service times, the k-th is done at C[k] + max over i <= k of (A[i] - C[i-1]).

    Args:
        instance: which instance each request goes to.
        arrival: seconds, ascending.
        service: seconds of work.
        busy_until: per instance, when its earlier requests are done.

    Returns:
        When each request is done, and the new `busy_until`.
    """
    if not len(arrival):
        return arrival, busy_until
    order = np.argsort(instance, kind="stable")
    queue = instance[order]
    work = service[order]
    done = np.cumsum(work, dtype=np.float64)
    ready = arrival[order]
    sizes = np.bincount(instance, minlength=len(busy_until))
    firsts = (np.cumsum(sizes) - sizes)[sizes > 0]
    ready[firsts] = np.maximum(ready[firsts], busy_until[sizes > 0])
    ready -= done
    ready += work
    # One running maximum for all queues: each is lifted above everything in the queues before it.
    lift = queue * (np.ptp(ready) + 1.0)
    ready += lift
    np.maximum.accumulate(ready, out=ready)
    ready -= lift
    ready += done
    after = busy_until.copy()
    after[sizes > 0] = ready[(np.cumsum(sizes) - 1)[sizes > 0]]
    finished = np.empty_like(ready)
    finished[order] = ready
    return finished, after


@dataclass
class _Runner:
    """One strategy while it is being run."""

    params: Params
    pool: Fleets
    plan: Plan
    metrics: Metrics
    counts: Counts
    states: NDArray[np.int8]
    values: Floats
    busy_until: Floats
    dots: list[tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.uint8]]]
    rows: list[dict[str, NDArray[np.float64]]] | None
    tripped_at: float | None = None
    tripped_by: tuple[str, ...] = ()
    fingerprint: int = 0

    def chunk(self, numbers: Draw) -> None:
        """Serve a run of minutes, look at the alarms, and serve the rest again if one of them trips."""
        first, count = numbers.first_minute, len(numbers.starts) - 1
        everything = len(numbers.time)
        before = self.busy_until
        parts = self._serve(numbers, 0, everything)
        self._record(numbers, parts)
        self._evaluate(first, first + count)
        trip = self._trip(first, first + count)
        if trip is not None:
            at, why, gate = trip
            outcome: Outcome = "stopped" if gate and at == self.plan.first_traffic else "rolled back"
            self.tripped_at, self.tripped_by = at, why
            verb = "is" if len(why) == 1 else "are"
            text = f"{' and '.join(why)} {verb} in ALARM"
            cut = int(np.searchsorted(numbers.time, at))
            self.busy_until = before
            parts = self._serve(numbers, 0, cut)
            self.plan = rolled_back(self.plan, self.params, at=at, why=text, outcome=outcome)
            parts += self._serve(numbers, cut, everything)
            self._record(numbers, parts)
            self._evaluate(first, first + count)
        for part in parts:
            self.fingerprint = part.fingerprint(self.fingerprint)
            if self.rows is not None:
                self.rows.append(part.table())
        self._pick_dots(numbers, parts)

    def _serve(self, numbers: Draw, begin: int, end: int) -> list["_Served"]:
        """Serve requests `begin` to `end` in blocks that fit a processor's cache."""
        parts = []
        for start in range(begin, max(end, begin + 1), _BLOCK_REQUESTS):
            part = slice(start, min(start + _BLOCK_REQUESTS, end))
            served = _serve(self.params, self.plan, numbers, part, busy_until=self.busy_until, pool=self.pool)
            self.busy_until = served.busy_until
            parts.append(served)
        return parts

    def _record(self, numbers: Draw, parts: list["_Served"]) -> None:
        first, count = numbers.first_minute, len(numbers.starts) - 1
        minutes = slice(first, first + count)
        tally, buckets = np.zeros((2, count, _CODES)), np.zeros((2, count, BUCKETS))
        total, highest = np.zeros((2, count)), np.zeros((2, count))
        for part in parts:
            part.add_to(first, tally, buckets, total, highest)
        codes = np.arange(_CODES)
        by_flag = {flag: tally[:, :, (codes & flag) > 0].sum(axis=2) for flag in _FLAGS}
        self.metrics.invocations[:, minutes] = tally.sum(axis=2)
        self.metrics.errors_4xx[:, minutes] = by_flag[ERROR_4XX]
        self.metrics.errors_5xx[:, minutes] = by_flag[ERROR_5XX]
        self.metrics.wrong[:, minutes] = by_flag[WRONG]
        self.counts.late[:, minutes] = by_flag[LATE]
        self.counts.hurt[:, minutes] = by_flag[HURT]
        self.counts.helped[:, minutes] = by_flag[HELPED]
        self.metrics.latency_sum[:, minutes] = total
        self.metrics.latency_max[:, minutes] = highest
        self.metrics.latency_buckets[:, minutes] = buckets

    def _evaluate(self, first: int, last: int) -> None:
        for row, alarm in enumerate(self.params.alarms):
            seen = Metrics(*(getattr(self.metrics, name)[:, :last] for name in Metrics.__dataclass_fields__))
            current = int(self.states[row, first - 1]) if first else cloudwatch.INSUFFICIENT_DATA
            delay = self.params.label_delay_minutes
            now = cloudwatch.evaluate(alarm, seen, label_delay=delay, start=first, current=current)
            self.states[row, first:last], self.values[row, first:last] = now.state, now.value

    def _trip(self, first: int, last: int) -> tuple[float, tuple[str, ...], bool] | None:
        """The first moment in these minutes at which a watched alarm is in ALARM: when, which, and before a shift."""
        if self.tripped_at is not None or not self.params.alarms:
            return None
        history = self.params.history_minutes
        ends = 60.0 * (np.arange(first, last) - history + 1)
        begin = 60.0 * (first - history)
        ringing = (self.states == cloudwatch.ALARM).any(axis=0)
        found: list[tuple[float, int, bool]] = []
        for bake in self.plan.bakes:
            known = int(bake.start // 60) + history - 1
            if begin <= bake.start < ends[-1] and known >= 0 and ringing[known]:
                found.append((bake.start, known, True))
            inside = np.flatnonzero((ends > bake.start) & (ends <= bake.end) & ringing[first:last])
            if len(inside):
                found.append((float(ends[inside[0]]), first + int(inside[0]), False))
        if not found:
            return None
        at, minute, gate = min(found)
        names = [
            alarm.name for alarm, state in zip(self.params.alarms, self.states[:, minute], strict=True) if state == 1
        ]
        return at, tuple(names), gate

    def _pick_dots(self, numbers: Draw, parts: list["_Served"]) -> None:
        time, fleet, flags = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("time", "fleet", "flags")
        )
        first, count = numbers.first_minute, len(numbers.starts) - 1
        edges = 60.0 * (np.arange(first, first + count + 1) - self.params.history_minutes)
        starts = np.searchsorted(time, edges)
        picked = []
        for begin, end in pairwise(starts):
            wanted = min(int(end - begin), _DOTS_PER_MINUTE)
            picked.append(begin + (np.arange(wanted) + 0.5) * (end - begin) // max(wanted, 1))
        index = np.concatenate(picked).astype(np.int64)
        self.dots.append((time[index].astype(np.float32), fleet[index].astype(np.int8), flags[index]))

    def trail(self) -> Trail:
        """What was recorded."""
        time, fleet, flags = (np.concatenate(column) for column in zip(*self.dots, strict=True))
        return Trail(
            plan=self.plan,
            metrics=self.metrics,
            counts=self.counts,
            states=self.states,
            values=self.values,
            tripped_at=self.tripped_at,
            tripped_by=self.tripped_by,
            dots=Dots(time=time, fleet=fleet, flags=flags),
            fingerprint=self.fingerprint,
        )


@dataclass(frozen=True)
class _Served:
    """Some requests with their answers, in order of arrival."""

    time: Floats
    minute: NDArray[np.int64]
    fleet: NDArray[np.bool_]
    instance: NDArray[np.uint8]
    latency: Floats
    flags: NDArray[np.uint8]
    busy_until: Floats

    def fingerprint(self, before: int) -> int:
        """A number that changes with any request's place, instance, outcome or latency."""
        bits = self.latency.view(np.uint64) + self.instance * np.uint64(_CODES) + self.flags
        odd = np.arange(1, 2 * len(bits), 2, dtype=np.uint64)
        return (before * 1_000_003 + int(np.dot(bits, odd))) % (1 << 64)

    def add_to(self, first: int, tally: Floats, buckets: Floats, total: Floats, highest: Floats) -> None:
        """Add these requests to sums by fleet and minute (and outcome flags, and latency bucket)."""
        count = total.shape[1]
        place = self.minute - first
        starts = np.searchsorted(place, np.arange(count))
        filled = np.flatnonzero(np.diff(np.append(starts, len(place))))
        place += self.fleet * count
        tally += np.bincount(place * _CODES + self.flags, minlength=tally.size).reshape(tally.shape)
        micros = self.latency * 1e6
        key = place * BUCKETS + cloudwatch.bucket_of(micros)
        buckets += np.bincount(key, minlength=buckets.size).reshape(buckets.shape)
        total += np.bincount(place, weights=micros, minlength=total.size).reshape(total.shape)
        if len(filled):
            # The fleets are interleaved within a minute: for the maximum of one the other's are set to 0.
            for row, own in ((0, micros * ~self.fleet), (1, micros * self.fleet)):
                peak = np.maximum.reduceat(own, starts[filled])
                highest[row, filled] = np.maximum(highest[row, filled], peak)

    def table(self) -> dict[str, NDArray[np.float64]]:
        """One entry per request."""
        return {
            "time_seconds": self.time,
            "new_fleet": self.fleet.astype(np.float64),
            "instance": self.instance.astype(np.float64),
            "latency_seconds": self.latency,
            "flags": self.flags.astype(np.float64),
        }


def service_seconds(params: Params, fleet: NDArray[np.bool_], work: NDArray[np.float32]) -> NDArray[np.float32]:
    """How long an instance works on each request, `work` being exponential with mean 1."""
    mean = np.float32(params.service_ms / 1000)
    scale = np.where(fleet, mean * np.float32(params.green_slowdown), mean)
    return np.asarray((np.float32(FIXED_PART) + np.float32(1 - FIXED_PART) * work) * scale)


def _serve(params: Params, plan: Plan, numbers: Draw, part: slice, *, busy_until: Floats, pool: Fleets) -> _Served:
    """Answer the requests `part` of `numbers` under `plan`."""
    time, route, error = numbers.time[part], numbers.route[part], numbers.error[part]
    work, row = numbers.work[part], numbers.row[part]
    starts = np.clip(numbers.starts, part.start, part.stop)
    minute = np.repeat(np.arange(len(starts) - 1) + numbers.first_minute, starts[1:] - starts[:-1])
    is_copy = None
    if params.mode == "shadow":
        # The copies go to the shadow variant at the same moments; only production's answers reach users.
        share = np.float32(params.shadow_percent / 100)
        copied = np.flatnonzero(route < share)
        index = np.concatenate([np.arange(len(time)), copied])
        order = np.argsort(index, kind="stable")
        is_copy, index = (np.arange(len(index)) >= len(time))[order], index[order]
        minute, time, error, work, row = minute[index], time[index], error[index], work[index], row[index]
        route = np.where(is_copy, route[index] / share, route[index])
    routed = _route(params, plan, time, (route, error), is_copy)
    finished, busy = finish_times(routed.instance, time, service_seconds(params, routed.fleet, work), busy_until)
    limit = ASYNC_LIMIT_SECONDS if params.endpoint_kind == "asynchronous" else RESPONSE_LIMIT_SECONDS
    latency = finished
    latency -= time
    failed = routed.failed | (latency > limit)
    np.minimum(latency, limit, out=latency)
    late = latency > params.patience_ms / 1000
    wrong = pool.codes[row]
    blue_bad = routed.blue_failed | (wrong & 1).view(np.bool_)
    wrong = wrong >> routed.fleet.view(np.uint8) & np.uint8(1)
    # Each of these is 0 or 1 in a byte; a client error is nobody's fault, a failure has no answer to judge.
    ok = (~routed.refused).view(np.uint8)
    failed_at = failed.view(np.uint8) & ok
    answered = ok & ~failed_at
    wrong &= answered
    late_at = late.view(np.uint8) & answered
    bad = failed_at | wrong | late_at
    mine = routed.fleet.view(np.uint8) & ok
    blue_bad_at = blue_bad.view(np.uint8)
    flags = routed.refused * np.uint8(ERROR_4XX)
    flags |= failed_at * np.uint8(ERROR_5XX)
    flags |= wrong * np.uint8(WRONG)
    flags |= late_at * np.uint8(LATE)
    flags |= (mine & bad & (blue_bad_at ^ 1)) * np.uint8(HURT)
    flags |= (mine & (bad ^ 1) & blue_bad_at) * np.uint8(HELPED)
    return _Served(time, minute, routed.fleet, routed.instance, latency, flags, busy)


@dataclass(frozen=True)
class _Routed:
    """Fleet and instance of each request, and what its random number says of errors."""

    fleet: NDArray[np.bool_]
    instance: NDArray[np.uint8]
    refused: NDArray[np.bool_]
    """A client error."""
    failed: NDArray[np.bool_]
    """A server error, unless it is a client error."""
    blue_failed: NDArray[np.bool_]
    """The old fleet would fail it."""


def _route(
    params: Params,
    plan: Plan,
    time: Floats,
    random: tuple[NDArray[np.float32], NDArray[np.float32]],
    is_copy: NDArray[np.bool_] | None,
) -> _Routed:
    route, error = random
    flags = (np.empty(len(time), dtype=np.bool_) for _ in range(4))
    fleet, refused, failed, blue_failed = flags
    instance = np.empty(len(time), dtype=np.uint8)
    leaks = _leak_times(params, plan)
    storm = (60.0 * params.storm_start_minute, 60.0 * (params.storm_start_minute + params.storm_minutes))
    total = np.float32(params.instances)
    blue_5xx, green_5xx = (np.float32(p / 100) for p in (params.blue_error_percent, params.green_error_percent))
    for here, since in _pieces(time, [stage.start for stage in plan.stages] + leaks + list(storm)):
        stage = plan.at(since) if since >= 0 else _before(params)
        if is_copy is None:
            green, slot = _slots(params, stage, route[here], total)
        else:
            green = is_copy[here]
            slot = np.minimum((route[here] * total).astype(np.uint8), np.uint8(params.instances - 1))
        fleet[here] = green
        instance[here] = slot + (~green) * np.uint8(params.instances)
        stormy = params.storm_error_percent > 0 and storm[0] <= since < storm[1]
        client = np.float32((params.storm_error_percent if stormy else params.client_error_percent) / 100)
        luck = error[here]
        refused[here] = luck < client
        blue_failed[here] = luck < client + blue_5xx
        mine = luck < client + green_5xx
        leaking = sum(1 for at in leaks if at <= since)
        if leaking:
            leaked = np.float32(max(params.leak_error_percent, params.green_error_percent) / 100)
            mine |= (slot < leaking) & (luck < client + leaked)
        failed[here] = np.where(green, mine, blue_failed[here])
    return _Routed(fleet, instance, refused, failed, blue_failed)


def _pieces(time: Floats, breaks: list[float]) -> Iterator[tuple[slice, float]]:
    """The requests between one break and the next, and from when on."""
    if not len(time):
        return
    inner = sorted({at for at in breaks if time[0] < at <= time[-1]})
    edges = [0, *np.searchsorted(time, inner).tolist(), len(time)]
    for (begin, end), since in zip(pairwise(edges), [float(time[0]), *inner], strict=True):
        if begin < end:
            yield slice(begin, end), since


def _slots(
    params: Params, stage: Stage, route: NDArray[np.float32], total: np.float32
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    if params.mode == "deployment":
        # As many slots as instances take traffic; the new fleet fills them from the first.
        slot = (route * total).astype(np.uint8)
        return slot < stage.green_active, slot
    share = np.float32(stage.green_share)
    green = route < share
    within = np.where(green, route / share, (route - share) / (1 - share))
    return green, np.minimum((within * total).astype(np.uint8), np.uint8(params.instances - 1))


def _before(params: Params) -> Stage:
    return Stage(0.0, 0.0, params.instances, 0, params.instances, 0)


def _leak_times(params: Params, plan: Plan) -> list[float]:
    """When each new instance, in order of activation, has used up its memory."""
    if not params.leak_minutes:
        return []
    times: list[float] = []
    for stage in plan.stages:
        times += [stage.start + 60.0 * params.leak_minutes] * (stage.green_active - len(times))
    return times


def run_plans(
    params: Params,
    plans: Mapping[Strategy, Plan],
    minutes: int,
    on_progress: Callable[[float, str], None] | None = None,
    *,
    rows: dict[Strategy, list[dict[str, NDArray[np.float64]]]] | None = None,
) -> dict[Strategy, Trail]:
    """Serve the same requests under every plan, for `minutes` after the update call.

    Args:
        params: the traffic, the models and the alarms.
        plans: what each strategy does when no alarm trips.
        minutes: how long.
        on_progress: called after every chunk of requests.
        rows: if given, gets every single request of every strategy.
    """
    pool = fleets(params.green_model)
    total = params.history_minutes + minutes
    # Drawn to the end of the last chunk and cut off after that: a longer run begins with the very same requests.
    rate = intensity(params, total + _CHUNK_MINUTES)
    alarms = len(params.alarms)
    runners = {
        name: _Runner(
            params=params,
            pool=pool,
            plan=plan,
            metrics=Metrics.empty(total),
            counts=Counts(*(np.zeros((2, total)) for _ in range(3))),
            states=np.full((alarms, total), cloudwatch.INSUFFICIENT_DATA, dtype=np.int8),
            values=np.full((alarms, total), np.nan),
            busy_until=np.full(2 * params.instances, -np.inf),
            dots=[],
            rows=None if rows is None else rows.setdefault(name, []),
        )
        for name, plan in plans.items()
    }
    for first, last in chunks(rate):
        if first >= total:
            break
        numbers = draw(params, rate, first, last, pool.rows).until(total)
        for step, runner in enumerate(runners.values(), start=1):
            runner.chunk(numbers)
            if on_progress:
                share = (first + (min(last, total) - first) * step / len(runners)) / total
                on_progress(share, f"minute {min(last, total) - params.history_minutes} of {minutes}")
    return {name: runner.trail() for name, runner in runners.items()}
