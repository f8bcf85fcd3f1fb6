"""What an update does when: stages of traffic and capacity, bakes, and the events AWS reports.

Four readings of ours, where AWS's pages leave room: k shifts have k - 1 bakes of WaitIntervalInSeconds, and then
TerminationWaitInSeconds is the final bake; a percentage becomes max(1, floor(percent of the instances)) instances;
traffic shifts in proportion to the instances it is activated on. Alarms are watched during bakes, and one that is in
ALARM when a bake would begin stops the shift before it. AWS publishes its status messages for canaries only,
and they are used for linear and rolling steps too; its one sample says TerminationWaitInSeconds for any bake.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Literal

from simulators._traffic.params import Params, SizeType, Strategy

Fleet = Literal["blue", "green", "endpoint"]
Outcome = Literal["completed", "rolled back", "stopped", "timed out", "refused", "test"]


@dataclass(frozen=True)
class Stage:
    """From `start` (seconds after the update call) until the next stage: who gets traffic, and who is paid for."""

    start: float
    green_share: float
    blue_active: int
    green_active: int
    blue_alive: int
    green_alive: int


@dataclass(frozen=True)
class Bake:
    """A time in which alarms are watched."""

    start: float
    end: float
    green_active: int
    final: bool


@dataclass(frozen=True)
class Event:
    """One line of the deployment's history, with AWS's status and message."""

    time: float
    fleet: Fleet
    status: str
    message: str
    endpoint_status: str


@dataclass(frozen=True)
class Plan:
    """The course of an update; `end` is when the endpoint is InService again."""

    strategy: Strategy
    stages: tuple[Stage, ...]
    bakes: tuple[Bake, ...]
    events: tuple[Event, ...]
    end: float
    outcome: Outcome
    one_fleet_billed: bool = False
    note: str = ""
    """Why the policy was not used as asked, if so."""

    def at(self, seconds: float) -> Stage:
        """The stage at that time; before the update it is the old fleet alone."""
        return self.stages[max(bisect_right([stage.start for stage in self.stages], seconds) - 1, 0)]

    @property
    def instance_minutes(self) -> float:
        """Billed from the update call until its end, both fleets."""
        starts = [stage.start for stage in self.stages] + [self.end]
        total = 0.0
        for stage, until in zip(self.stages, starts[1:], strict=True):
            length = max(min(until, self.end) - max(stage.start, 0.0), 0.0)
            green = stage.green_active if self.one_fleet_billed else stage.green_alive
            total += length * (stage.blue_alive + green)
        return total / 60

    @property
    def peak_instances(self) -> int:
        """The most instances that run at one time."""
        return max(stage.blue_alive + stage.green_alive for stage in self.stages)

    @property
    def first_traffic(self) -> float | None:
        """When the new fleet first gets requests; None when it never does."""
        return next((stage.start for stage in self.stages if stage.green_active), None)

    @property
    def full_traffic(self) -> float | None:
        """When the new fleet first gets every request; None when it never does."""
        return next((stage.start for stage in self.stages if stage.green_share >= 1), None)


def instances_of(size: int, size_type: SizeType, instances: int) -> int:
    """A CapacitySize as a number of instances."""
    return min(size, instances) if size_type == "INSTANCE_COUNT" else max(1, size * instances // 100)


def shifts(params: Params, strategy: Strategy) -> tuple[int, ...]:
    """How many new instances have traffic after each shift; the last is all of them."""
    total = params.instances
    if strategy == "ALL_AT_ONCE":
        return (total,)
    if strategy == "CANARY":
        canary = instances_of(params.canary_size, params.size_type, total)
        return (canary, total) if canary < total else (total,)
    size = params.linear_step if strategy == "LINEAR" else params.batch_size
    step = instances_of(size, params.size_type, total)
    return (*range(step, total, step), total)


def fallback(params: Params, strategy: Strategy) -> str:
    """Why this endpoint cannot use the policy and gets all-at-once without a bake instead; empty when it can."""
    kind = params.endpoint_kind
    if kind == "marketplace":
        return "endpoints with AWS Marketplace containers cannot use deployment guardrails"
    if kind == "inf1":
        return "endpoints on Inf1 instances cannot use deployment guardrails"
    if kind == "serverless":
        return "deployment guardrails are for real-time and asynchronous endpoints only, not for serverless ones"
    if kind == "multi-variant" and strategy == "ROLLING":
        return "endpoints with several variants cannot use rolling deployments"
    return ""


def plan(params: Params, strategy: Strategy) -> Plan:
    """The course of an update in which no alarm trips."""
    reason = fallback(params, strategy)
    if reason:
        course = replace(_blue_green(params, "ALL_AT_ONCE", final_bake=0), strategy=strategy, note=reason)
    elif strategy == "ROLLING":
        course = _rolling(params)
    else:
        course = _blue_green(params, strategy, final_bake=params.termination_wait_seconds)
    if course.end > params.timeout_seconds:
        why = f"MaximumExecutionTimeoutInSeconds ({params.timeout_seconds}) is over"
        return rolled_back(course, params, at=float(params.timeout_seconds), why=why, outcome="timed out")
    return course


def untouched(params: Params, strategy: Strategy, outcome: Outcome) -> Plan:
    """The old fleet alone: what stays when AWS refuses the call."""
    stage = Stage(0.0, 0.0, params.instances, 0, params.instances, 0)
    return Plan(strategy=strategy, stages=(stage,), bakes=(), events=(), end=0.0, outcome=outcome)


def variants(params: Params) -> Plan:
    """Both variants in service from the start: an A/B test by weight, or a shadow variant beside production."""
    share = params.ab_weight_percent / 100 if params.mode == "ab" else 0.0
    total = params.instances
    stage = Stage(0.0, share, total, total, total, total)
    end = params.watch_minutes * 60.0
    return Plan(strategy=params.strategy, stages=(stage,), bakes=(), events=(), end=end, outcome="test")


def _blue_green(params: Params, strategy: Strategy, *, final_bake: int) -> Plan:
    total = params.instances
    now = float(params.launch_seconds)
    stages = [Stage(0.0, 0.0, total, 0, total, total)]
    events = [
        Event(0.0, "endpoint", "", "UpdateEndpoint", "Updating"),
        Event(0.0, "green", "Creating", f"Launching {total} instance(s).", "Updating"),
    ]
    bakes = []
    steps = shifts(params, strategy)
    for active in steps:
        last = active == total
        stages.append(Stage(now, active / total, total - active, active, total, total))
        events.append(_activating(now, active, total))
        wait = final_bake if last else params.wait_seconds
        if wait:
            bakes.append(Bake(now, now + wait, active, last))
            events.append(_baking(now, wait, active, total))
        now += wait
    stages.append(Stage(now, 1.0, 0, total, 0, total))
    events.append(Event(now, "blue", "Deleting", f"Terminating {total} instance(s).", "Updating"))
    events.append(Event(now, "endpoint", "", "Update complete", "InService"))
    return Plan(
        strategy=strategy,
        stages=_distinct(stages),
        bakes=tuple(bakes),
        events=tuple(events),
        end=now,
        outcome="completed",
        one_fleet_billed=strategy == "ALL_AT_ONCE" and final_bake == 0,
    )


def _rolling(params: Params) -> Plan:
    total, now, active = params.instances, 0.0, 0
    stages = []
    events = [Event(0.0, "endpoint", "", "UpdateEndpoint", "Updating")]
    bakes = []
    blue_alive = total
    for target in shifts(params, "ROLLING"):
        batch = target - active
        status = "Updating" if active else "Creating"
        stages.append(Stage(now, active / total, total - active, active, blue_alive, target))
        events.append(Event(now, "green", status, f"Launching {batch} instance(s).", "Updating"))
        now += params.launch_seconds
        stages.append(Stage(now, target / total, total - target, target, blue_alive, target))
        events.append(_activating(now, target, total))
        if params.wait_seconds:
            bakes.append(Bake(now, now + params.wait_seconds, target, target == total))
            events.append(_baking(now, params.wait_seconds, target, total))
        now += params.wait_seconds
        active, blue_alive = target, blue_alive - batch
        stages.append(Stage(now, active / total, total - active, active, blue_alive, active))
        events.append(Event(now, "blue", "Deleting", f"Terminating {batch} instance(s).", "Updating"))
    events.append(Event(now, "endpoint", "", "Update complete", "InService"))
    return Plan(
        strategy="ROLLING",
        stages=_distinct(stages),
        bakes=tuple(bakes),
        events=tuple(events),
        end=now,
        outcome="completed",
    )


def rolled_back(course: Plan, params: Params, *, at: float, why: str, outcome: Outcome) -> Plan:
    """The course that follows `course` until `at` and then brings all traffic back to the old fleet.

    Blue/green has the whole old fleet standing by and returns at once. A rolling update has to launch again what it
    terminated, in batches of RollbackMaximumBatchSize.
    """
    total = params.instances
    # A shift planned for this very moment does not happen any more; the launch that came before it did.
    stages = [stage for stage in course.stages if stage.start < at or stage.start == 0.0]
    events = [
        event for event in course.events if event.time < at or (event.time == at and event.status in ("", "Creating"))
    ]
    events = [event for event in events if event.endpoint_status == "Updating"]
    bakes = [replace(bake, end=min(bake.end, at)) for bake in course.bakes if bake.start < at]
    here = stages[-1]
    events.append(Event(at, "endpoint", "", f"Rolling back: {why}.", "RollingBack"))
    batch = total
    if course.strategy == "ROLLING" and not course.note:
        batch = instances_of(params.rollback_batch_size, params.size_type, total)
    now, green, blue_alive = at, here.green_active, here.blue_alive
    idle = here.green_alive - green
    while green > 0:
        serving = min(total, total - green + batch)
        missing = serving - blue_alive
        if missing > 0:
            stages.append(Stage(now, green / total, total - green, green, serving, green))
            events.append(Event(now, "blue", "Updating", f"Launching {missing} instance(s).", "RollingBack"))
            now += params.launch_seconds
            blue_alive = serving
        left = total - serving
        stages.append(Stage(now, left / total, serving, left, blue_alive, left))
        capacity = "full" if serving == total else "canary"
        message = f"Activating traffic on {capacity} capacity of {serving} instance(s)."
        events.append(Event(now, "blue", "ActivatingTraffic", message, "RollingBack"))
        message = f"Terminating {green - left + idle} instance(s)."
        events.append(Event(now, "green", "Deleting", message, "RollingBack"))
        green, idle = left, 0
    if idle:
        events.append(Event(now, "green", "Deleting", f"Terminating {idle} instance(s).", "RollingBack"))
    stages.append(Stage(now, 0.0, total, 0, total, 0))
    events.append(Event(now, "endpoint", "", "Rollback complete", "InService"))
    return replace(
        course,
        stages=_distinct(stages),
        bakes=tuple(bakes),
        events=tuple(events),
        end=now,
        outcome=outcome,
        one_fleet_billed=False,
    )


def longest_end(params: Params, strategy: Strategy) -> float:
    """An end in seconds that no course of this update exceeds, rollback included."""
    course = plan(params, strategy)
    if strategy != "ROLLING":
        return course.end
    batch = instances_of(params.rollback_batch_size, params.size_type, params.instances)
    return course.end + -(-params.instances // batch) * params.launch_seconds


def _activating(now: float, active: int, total: int) -> Event:
    capacity = "full" if active == total else "canary"
    message = f"Activating traffic on {capacity} capacity of {active} instance(s)."
    return Event(now, "green", "ActivatingTraffic", message, "Updating")


def _baking(now: float, wait: int, active: int, total: int) -> Event:
    capacity = "full" if active == total else "canary"
    message = (
        f"Baking for {wait} seconds (TerminationWaitInSeconds) "
        f"with traffic enabled on {capacity} capacity of {active} instance(s)."
    )
    return Event(now, "green", "Baking", message, "Updating")


def _distinct(stages: list[Stage]) -> tuple[Stage, ...]:
    """Of several stages that start at one time, only the last is ever seen."""
    return tuple({stage.start: stage for stage in stages}.values())
