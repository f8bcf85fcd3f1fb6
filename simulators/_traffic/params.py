"""What can be set: the endpoint, the policy, the traffic, the two models, the alarms."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from pydantic.dataclasses import dataclass as pydantic_dataclass

from simulators.contract import setting

Mode = Literal["deployment", "shadow", "ab"]
Strategy = Literal["ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING"]
SizeType = Literal["CAPACITY_PERCENT", "INSTANCE_COUNT"]
EndpointKind = Literal["real-time", "asynchronous", "serverless", "multi-variant", "marketplace", "inf1"]
GreenModel = Literal["better", "worse", "skewed", "same"]
MetricName = Literal[
    "Invocation5XXErrors", "Invocation4XXErrors", "InvocationModelErrors", "ModelLatency", "WrongAnswers"
]
AlarmMetric = Literal[
    "none", "Invocation5XXErrors", "Invocation4XXErrors", "InvocationModelErrors", "ModelLatency", "WrongAnswers"
]
Statistic = Literal["Average", "Sum", "Maximum", "p90", "p99"]
Operator = Literal[
    "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"
]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]
AlarmFleet = Literal["new", "both"]

STRATEGIES: tuple[Strategy, ...] = ("ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING")
STRATEGY_NAMES: dict[Strategy, str] = {
    "ALL_AT_ONCE": "All at once",
    "CANARY": "Canary",
    "LINEAR": "Linear",
    "ROLLING": "Rolling",
}

METRIC_NAMES = {
    "none": "No alarm",
    "Invocation5XXErrors": "5XX errors",
    "Invocation4XXErrors": "4XX errors",
    "InvocationModelErrors": "All model errors",
    "ModelLatency": "Model latency (µs)",
    "WrongAnswers": "Wrong answers (custom)",
}
OPERATORS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}
_MISSING = {
    "missing": "missing (default)",
    "ignore": "ignore",
    "breaching": "breaching",
    "notBreaching": "notBreaching",
}


@dataclass(frozen=True)
class Alarm:
    """A CloudWatch metric alarm: `datapoints` of `periods` points must breach; `threshold` in the metric's own unit."""

    name: str
    metric: MetricName
    fleet: AlarmFleet = "new"
    statistic: Statistic = "Average"
    operator: Operator = "GreaterThanThreshold"
    threshold: float = 0.02
    period_seconds: int = 60
    periods: int = 3
    datapoints: int = 2
    missing: Missing = "missing"


_OF_AN_ALARM = [field.name for field in fields(Alarm) if field.name != "name"]


@pydantic_dataclass(frozen=True, kw_only=True)
class Params:
    """The inputs of the page. What AWS limits across fields is checked by `api.problems`, not here, so that it can be
    tried: a run of refused settings says why they were refused."""

    mode: Annotated[
        Mode,
        setting(
            "What to run",
            "An update of the endpoint, a shadow test or an A/B test of two production variants.",
            names={"deployment": "Update", "shadow": "Shadow test", "ab": "A/B test"},
        ),
    ] = "deployment"
    strategy: Annotated[
        Strategy,
        setting(
            "Strategy",
            "How traffic moves from the old (blue) fleet to the new (green) one.",
            names=dict(STRATEGY_NAMES),
        ),
    ] = "CANARY"
    instances: Annotated[
        int,
        setting(
            "Instances",
            "Instances of the variant, in the old fleet and in the new one.",
            ge=1,
            le=100,
            step=1,
        ),
    ] = 10
    size_type: Annotated[
        SizeType,
        setting(
            "Sizes are given in",
            "CapacitySize.Type of the canary, the linear step and the rolling batches.",
            advanced=True,
            names={"CAPACITY_PERCENT": "percent of capacity", "INSTANCE_COUNT": "instances"},
        ),
    ] = "CAPACITY_PERCENT"
    canary_size: Annotated[
        int,
        setting(
            "Canary size",
            "The first of the two steps. AWS allows at most 50 % of the instances.",
            ge=1,
            le=100,
            unit="%",
            step=1,
        ),
    ] = 10
    linear_step: Annotated[
        int,
        setting(
            "Linear step",
            "Each step of a linear shift. AWS allows 10 to 50 % of the instances.",
            ge=1,
            le=100,
            unit="%",
            step=1,
        ),
    ] = 20
    batch_size: Annotated[
        int,
        setting(
            "Rolling batch",
            "Each batch of a rolling update. AWS allows 5 to 50 % of the instances.",
            ge=1,
            le=100,
            unit="%",
            step=1,
        ),
    ] = 20
    rollback_batch_size: Annotated[
        int,
        setting(
            "Rollback batch",
            "Batches in which a rolling update goes back; 100 % brings the old fleet back at once.",
            ge=1,
            le=100,
            unit="%",
            step=1,
            advanced=True,
        ),
    ] = 100
    wait_seconds: Annotated[
        int,
        setting(
            "Bake after each step",
            "WaitIntervalInSeconds: the bake between two shifts, and after each rolling batch.",
            ge=0,
            le=3600,
            unit="s",
            step=60,
        ),
    ] = 600
    termination_wait_seconds: Annotated[
        int,
        setting(
            "Final bake",
            "TerminationWaitInSeconds: how long the old fleet is kept at 100 % green (API default 0).",
            ge=0,
            le=3600,
            unit="s",
            step=60,
        ),
    ] = 600
    timeout_seconds: Annotated[
        int,
        setting(
            "Timeout",
            "MaximumExecutionTimeoutInSeconds: must exceed the sum of the waits.",
            ge=600,
            le=28800,
            unit="s",
            step=600,
            advanced=True,
        ),
    ] = 7200
    launch_seconds: Annotated[
        int,
        setting(
            "Time to launch",
            "From the launch of instances until they can serve; per batch in a rolling update.",
            ge=0,
            le=1800,
            unit="s",
            step=30,
            advanced=True,
        ),
    ] = 120
    endpoint_kind: Annotated[
        EndpointKind,
        setting(
            "Endpoint kind",
            "Some kinds cannot use deployment guardrails and fall back to all-at-once without a bake.",
            advanced=True,
            names={
                "real-time": "Real-time",
                "asynchronous": "Asynchronous",
                "serverless": "Serverless",
                "multi-variant": "Several variants",
                "marketplace": "Marketplace container",
                "inf1": "Inf1 instances",
            },
        ),
    ] = "real-time"
    same_variant_name: Annotated[
        bool,
        setting("Same variant name", "The new endpoint configuration must keep the variant's name.", advanced=True),
    ] = True
    requests_per_minute: Annotated[
        float,
        setting(
            "Traffic",
            "Average requests a minute to the endpoint; arrivals are random (Poisson).",
            ge=0,
            le=250000,
            unit="requests/min",
            step=10,
        ),
    ] = 600.0
    daily_swing_percent: Annotated[
        float,
        setting(
            "Daily swing",
            "How far traffic rises above and falls below its average; the peak is at 15:00.",
            ge=0,
            le=100,
            unit="%",
            step=5,
            advanced=True,
        ),
    ] = 0.0
    start_hour: Annotated[
        float,
        setting(
            "Start at",
            "Hour of the day at which UpdateEndpoint is called.",
            ge=0,
            lt=24,
            unit="h",
            step=1,
            advanced=True,
        ),
    ] = 9.0
    bursts_per_hour: Annotated[
        float,
        setting("Bursts", "Random bursts of traffic an hour.", ge=0, le=20, unit="per hour", step=1, advanced=True),
    ] = 0.0
    burst_factor: Annotated[
        float,
        setting(
            "Burst height", "Traffic during a burst, times the average.", ge=1, le=20, unit="×", step=1, advanced=True
        ),
    ] = 4.0
    burst_minutes: Annotated[
        int, setting("Burst length", "How long a burst lasts.", ge=1, le=30, unit="min", step=1, advanced=True)
    ] = 3
    history_minutes: Annotated[
        int,
        setting(
            "Minutes before",
            "Traffic to the old fleet before the update; alarms know nothing earlier.",
            ge=0,
            le=120,
            unit="min",
            step=5,
            advanced=True,
        ),
    ] = 10
    watch_minutes: Annotated[
        int,
        setting(
            "Minutes to watch",
            "At least this long after the update call, also when the update has ended before.",
            ge=10,
            le=480,
            unit="min",
            step=10,
        ),
    ] = 60
    green_model: Annotated[
        GreenModel,
        setting(
            "New model",
            "Classifiers of handwritten digits, fitted for this run; `skewed` gets its pixels unscaled.",
            names={
                "better": "better (SVM)",
                "worse": "worse (small tree)",
                "skewed": "SVM fed wrongly scaled pixels",
                "same": "the same as the old one",
            },
        ),
    ] = "better"
    blue_error_percent: Annotated[
        float,
        setting(
            "Old fleet: server errors (5XX)",
            "Share of requests that the old fleet answers with a server error.",
            ge=0,
            le=100,
            unit="%",
            step=0.1,
        ),
    ] = 0.1
    green_error_percent: Annotated[
        float,
        setting(
            "New fleet: server errors (5XX)",
            "Share of requests that the new fleet answers with a server error.",
            ge=0,
            le=100,
            unit="%",
            step=0.5,
        ),
    ] = 5.0
    leak_minutes: Annotated[
        int,
        setting(
            "Leak shows after",
            "Minutes of traffic after which a new instance has used up its memory; 0 is no leak.",
            ge=0,
            le=240,
            unit="min",
            step=5,
        ),
    ] = 0
    leak_error_percent: Annotated[
        float,
        setting(
            "5XX of a leaked instance",
            "Share of server errors of an instance whose memory is used up.",
            ge=0,
            le=100,
            unit="%",
            step=5,
            advanced=True,
        ),
    ] = 60.0
    client_error_percent: Annotated[
        float,
        setting(
            "4XX",
            "Share of malformed requests: a client error, whichever fleet answers.",
            ge=0,
            le=100,
            unit="%",
            step=0.5,
            advanced=True,
        ),
    ] = 0.5
    storm_error_percent: Annotated[
        float,
        setting(
            "4XX in a storm",
            "Share of malformed requests while one client misbehaves; 0 is no storm.",
            ge=0,
            le=100,
            unit="%",
            step=5,
            advanced=True,
        ),
    ] = 0.0
    storm_start_minute: Annotated[
        int, setting("Storm starts", "Minutes after the update call.", ge=0, le=480, unit="min", step=1, advanced=True)
    ] = 5
    storm_minutes: Annotated[
        int, setting("Storm lasts", "How long the client misbehaves.", ge=1, le=480, unit="min", step=1, advanced=True)
    ] = 10
    service_ms: Annotated[
        float,
        setting(
            "Time per answer",
            "Average time an instance of the old fleet works on a request, one request at a time.",
            ge=1,
            le=5000,
            unit="ms",
            step=5,
            advanced=True,
        ),
    ] = 40.0
    green_slowdown: Annotated[
        float,
        setting(
            "New model is slower by",
            "Time per answer of the new model, times that of the old one.",
            ge=0.1,
            le=50,
            unit="×",
            step=0.5,
        ),
    ] = 1.0
    patience_ms: Annotated[
        float,
        setting(
            "Users wait for",
            "A later answer of the new fleet counts as a user hurt.",
            ge=1,
            le=60000,
            unit="ms",
            step=100,
            advanced=True,
        ),
    ] = 1000.0
    label_delay_minutes: Annotated[
        int,
        setting(
            "Labels arrive after",
            "Until the right answers are known, nobody can count wrong ones.",
            ge=0,
            le=240,
            unit="min",
            step=5,
            advanced=True,
        ),
    ] = 5
    alarm_metric: Annotated[
        AlarmMetric,
        setting(
            "Alarm on",
            "The metric of the first auto-rollback alarm; without any alarm nothing is rolled back.",
            names=METRIC_NAMES,
        ),
    ] = "Invocation5XXErrors"
    alarm_fleet: Annotated[
        AlarmFleet,
        setting(
            "Alarm watches",
            "The new fleet alone (dimension EndpointConfigName) or all traffic of the variant.",
            names={"new": "the new fleet", "both": "both fleets"},
        ),
    ] = "new"
    alarm_statistic: Annotated[Statistic, setting("Statistic", "Over each period.")] = "Average"
    alarm_operator: Annotated[Operator, setting("Breaches when", "Against the threshold.", names=OPERATORS)] = (
        "GreaterThanThreshold"
    )
    alarm_threshold: Annotated[
        float,
        setting(
            "Threshold",
            "In the metric's unit: a share (0 to 1) for error averages, microseconds for latency.",
            ge=0,
            le=100000000,
            step=0.01,
        ),
    ] = 0.02
    alarm_period_seconds: Annotated[
        int,
        setting(
            "Period",
            "One point per period: a multiple of 60 s for SageMaker's one-minute metrics.",
            ge=60,
            le=86400,
            unit="s",
            step=60,
        ),
    ] = 60
    alarm_periods: Annotated[
        int,
        setting(
            "Evaluation periods (N)",
            "How many of the most recent points are looked at.",
            ge=1,
            le=100,
            step=1,
        ),
    ] = 3
    alarm_datapoints: Annotated[
        int, setting("Datapoints to alarm (M)", "How many of the N must breach.", ge=1, le=100, step=1)
    ] = 2
    alarm_missing: Annotated[
        Missing, setting("Missing data", "How a period without any request is treated.", advanced=True, names=_MISSING)
    ] = "missing"
    second_alarm_metric: Annotated[
        AlarmMetric, setting("Second alarm on", "Any alarm rolls the update back.", advanced=True, names=METRIC_NAMES)
    ] = "none"
    second_alarm_fleet: Annotated[
        AlarmFleet,
        setting(
            "Second alarm watches",
            "The new fleet alone or all traffic of the variant.",
            advanced=True,
            names={"new": "the new fleet", "both": "both fleets"},
        ),
    ] = "new"
    second_alarm_statistic: Annotated[Statistic, setting("Second statistic", "Over each period.", advanced=True)] = (
        "Average"
    )
    second_alarm_operator: Annotated[
        Operator, setting("Second breaches when", "Against the threshold.", advanced=True, names=OPERATORS)
    ] = "GreaterThanThreshold"
    second_alarm_threshold: Annotated[
        float, setting("Second threshold", "In the metric's unit.", ge=0, le=100000000, step=0.01, advanced=True)
    ] = 500000.0
    second_alarm_period_seconds: Annotated[
        int, setting("Second period", "A multiple of 60 s.", ge=60, le=86400, unit="s", step=60, advanced=True)
    ] = 60
    second_alarm_periods: Annotated[
        int,
        setting("Second evaluation periods", "N of the second alarm.", ge=1, le=100, step=1, advanced=True),
    ] = 3
    second_alarm_datapoints: Annotated[
        int,
        setting("Second datapoints to alarm", "M of the second alarm.", ge=1, le=100, step=1, advanced=True),
    ] = 2
    second_alarm_missing: Annotated[
        Missing,
        setting("Second missing data", "How a period without any request is treated.", advanced=True, names=_MISSING),
    ] = "missing"
    shadow_percent: Annotated[
        int,
        setting(
            "Mirrored traffic",
            "Share of the requests that is copied to the shadow variant.",
            ge=1,
            le=100,
            unit="%",
            step=10,
            advanced=True,
        ),
    ] = 100
    ab_weight_percent: Annotated[
        int,
        setting(
            "Weight of B",
            "Share of the requests that variant B (the new model) answers.",
            ge=1,
            le=99,
            unit="%",
            step=5,
            advanced=True,
        ),
    ] = 50
    ab_looks: Annotated[
        int,
        setting(
            "Looks at the A/B test",
            "How often somebody looks whether the difference is significant, evenly spaced.",
            ge=1,
            le=100,
            step=1,
            advanced=True,
        ),
    ] = 20
    compare: Annotated[
        bool,
        setting("Run all four strategies", "The same requests under every strategy, side by side.", advanced=True),
    ] = True
    seed: Annotated[int, setting("Seed", "The same seed, the same requests.", ge=0, le=2**31 - 1)] = 0

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The auto-rollback alarms, none to two, as CloudWatch would hold them."""
        return tuple(alarm for prefix in ("", "second_") if (alarm := self._alarm(prefix)))

    def _alarm(self, prefix: str) -> Alarm | None:
        given = {name: getattr(self, f"{prefix}alarm_{name}") for name in _OF_AN_ALARM}
        if given["metric"] == "none":
            return None
        return Alarm(name=f"{prefix.replace('_', '-')}{given['metric']}-{given['fleet']}", **given)
