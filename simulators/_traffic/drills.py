"""Exercises without end: an update drawn by seed, a question about it, answered by computing it."""

import numpy as np

from simulators._traffic.alarms import TREATMENTS, alarm_state
from simulators._traffic.closed_forms import forecast, green_requests, step_instances
from simulators._traffic.params import STRATEGY_NAMES, Params, SizeType, Strategy
from simulators.contract import Choice, Drill, shuffled

_SIZES: dict[Strategy, tuple[int, ...]] = {
    "ALL_AT_ONCE": (100,),
    "CANARY": (10, 20, 30, 50),
    "LINEAR": (10, 20, 25, 50),
    "ROLLING": (10, 20, 25, 50),
}
_STEP_WORDS: dict[Strategy, str] = {
    "ALL_AT_ONCE": "all at once",
    "CANARY": "a canary of",
    "LINEAR": "linear steps of",
    "ROLLING": "rolling batches of",
}


def drill(seed: int) -> Drill:
    """The exercise of that number; the same number gives the same one."""
    rng = np.random.default_rng([seed, 5])
    kinds = (_until_full, _green_requests, _instance_minutes, _seen, _state, _timeout)
    kind = kinds[int(rng.integers(len(kinds)))]
    while True:
        posed = kind(rng)
        # Slips may coincide for some settings; then others are drawn.
        if len(posed.choices) == 4:
            return posed


def _posed(rng: np.random.Generator, ask: str, right: Choice, slips: list[Choice], *facts: str) -> Drill:
    """Four choices in a random order: the right one, and the first three slips that differ from it and each other."""
    return shuffled(rng, ask, right, slips, facts=tuple(f"deployment-guardrails/{fact}" for fact in facts))


def _drawn(rng: np.random.Generator, *strategies: Strategy) -> tuple[Params, Strategy]:
    strategy = strategies[int(rng.integers(len(strategies)))]
    instances = int(rng.choice([4, 8, 10, 12, 20, 40]))
    by_count = rng.random() < 0.3
    size = int(rng.choice(_SIZES[strategy]))
    size_type: SizeType = "INSTANCE_COUNT" if by_count else "CAPACITY_PERCENT"
    if by_count:
        size = max(1, size * instances // 100)
    params = Params(
        strategy=strategy,
        instances=instances,
        size_type=size_type,
        canary_size=size,
        linear_step=size,
        batch_size=size,
        wait_seconds=int(rng.choice([180, 300, 600, 900])),
        termination_wait_seconds=int(rng.choice([120, 300, 420, 600])),
        launch_seconds=int(rng.choice([60, 120, 240])),
        requests_per_minute=float(rng.choice([60, 120, 300, 600, 1200])),
        timeout_seconds=28_800,
    )
    return params, strategy


def _told(params: Params, strategy: Strategy) -> str:
    """The settings in words."""
    size = {"CANARY": params.canary_size, "LINEAR": params.linear_step, "ROLLING": params.batch_size}.get(strategy)
    unit = "%" if params.size_type == "CAPACITY_PERCENT" else "instance(s)"
    how = f"{STRATEGY_NAMES[strategy]}: {_STEP_WORDS[strategy]}" + (f" {size} {unit}" if size else "")
    told = f"{how} on {params.instances} instances, launching takes {_minutes(params.launch_seconds)}"
    if strategy != "ALL_AT_ONCE":
        told += f", WaitIntervalInSeconds {params.wait_seconds}"
    if strategy != "ROLLING":
        told += f", TerminationWaitInSeconds {params.termination_wait_seconds}"
    return told


def _minutes(seconds: float) -> str:
    return "1 minute" if seconds == 60 else f"{seconds / 60:g} minutes"


def _until_full(rng: np.random.Generator) -> Drill:
    params, strategy = _drawn(rng, "CANARY", "LINEAR", "ROLLING")
    course = forecast(params, strategy)
    right, wait, launch = course.full_traffic_seconds, params.wait_seconds, params.launch_seconds
    shifts = course.shifts
    if strategy == "ROLLING":
        why = f"{shifts} batches: {shifts} launches, and {shifts - 1} bakes before the last shift."
        slips = [
            (course.end_seconds, "That is the end of the update: the last bake comes after the last shift."),
            (launch + (shifts - 1) * wait, "Every batch is launched by itself, not all of them at the beginning."),
            ((shifts - 1) * wait, "The launches take time too, one per batch."),
            (launch + shifts * wait, "One launch too few and one bake too many."),
        ]
    else:
        bakes = "1 bake" if shifts == 2 else f"{shifts - 1} bakes"
        why = f"Launch once, then {shifts} shifts with {bakes} between them."
        slips = [
            (launch + shifts * wait, f"{shifts} shifts have only {bakes} between them."),
            (course.end_seconds, "That is the end of the update: TerminationWaitInSeconds comes after the last shift."),
            ((shifts - 1) * wait, "The new fleet has to be launched before the first shift."),
            (float(launch), "That is the first shift; it does not carry all traffic."),
        ]
    return _posed(
        rng,
        f"{_told(params, strategy)}. No alarm trips. How long after the call does the new fleet get 100 %?",
        (_minutes(right), why),
        [*((_minutes(value), reason) for value, reason in slips), (_minutes(right + 2 * wait), "Two waits too many.")],
        "rolling-cycle" if strategy == "ROLLING" else "baking-period",
    )


def _green_requests(rng: np.random.Generator) -> Drill:
    params, strategy = _drawn(rng, "CANARY", "LINEAR")
    bake = params.wait_seconds // 60
    after = int(rng.integers(1, max(bake - 1, 2)))
    until = params.launch_seconds + 60 * after
    right = green_requests(params, strategy, until)
    rate, share = params.requests_per_minute, step_instances(params, strategy) / params.instances
    launch = params.launch_seconds / 60
    slips = [
        (rate * after, "That is all traffic; the new fleet gets only its share of the first step."),
        (rate * share * (after + launch), "While the new fleet is launched it gets nothing."),
        (rate * share * bake, "The rollback ends the bake early; only the minutes until then count."),
        (rate * (1 - share) * after, "That is what the old fleet gets."),
        (2 * right, "That counts both fleets' shares as the new one's."),
    ]
    return _posed(
        rng,
        f"{_told(params, strategy)}. {rate:g} requests a minute arrive. An alarm rolls back {_minutes(60 * after)} "
        "after the first shift. How many requests reach the new fleet, on average?",
        (f"{right:,.0f}", f"{rate:g} a minute x {100 * share:.3g} % x {_minutes(60 * after)}."),
        [(f"{value:,.0f}", why) for value, why in slips],
        "canary-two-steps" if strategy == "CANARY" else "linear-equal-steps",
    )


def _instance_minutes(rng: np.random.Generator) -> Drill:
    params, strategy = _drawn(rng, "ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING")
    course = forecast(params, strategy)
    right, total = course.extra_instance_minutes, params.instances
    launch, end = params.launch_seconds / 60, course.end_seconds / 60
    step = step_instances(params, strategy)
    if strategy == "ROLLING":
        why = f"Each of {total} new instances runs beside an old one for its launch and one bake."
        blue_green = "That is a whole second fleet all the time, as blue/green has it."
    else:
        why = f"A second fleet of {total} runs for the whole update, {end:g} minutes, whatever traffic it gets."
        blue_green = "That counts both fleets; the old one would have run anyway."
    slips = [
        (total * end * (1 if strategy == "ROLLING" else 2), blue_green),
        (total * max(end - launch, 0), "Instances are billed from their launch, not from their first request."),
        (step * end, "The instances without traffic are billed too."),
        (total * launch, "The fleets run side by side during the bakes too."),
        (total * (end + launch), "The launch is counted twice."),
    ]
    return _posed(
        rng,
        f"{_told(params, strategy)}. No alarm trips. How many instance-minutes does the update cost beyond the "
        f"{total} instances that run anyway?",
        (f"{right:,.0f}", why),
        [(f"{value:,.0f}", reason) for value, reason in slips],
        "rolling-batch-size" if strategy == "ROLLING" else "both-fleets-are-billed",
    )


def _seen(rng: np.random.Generator) -> Drill:
    fault = float(rng.choice([0.5, 1, 2, 5]))
    count = int(rng.choice([20, 50, 100, 150]))
    chance = fault / 100
    right = 1 - (1 - chance) ** count
    # Where n x p is a possible chance it is the slip to make; else it is half of the requests.
    product = [(count * chance, "Expected errors are not a chance: n x p can exceed 1.")] if count * chance < 1 else []
    slips = [
        *product,
        ((1 - chance) ** count, "That is the chance to see no error at all."),
        (chance, "That is the chance for one single request."),
        (1 - (1 - chance) ** (count / 2), "That uses half of the requests."),
        (1 - chance, "That is the chance that one request goes well."),
    ]
    return _posed(
        rng,
        f"A fault hits {fault:g} % of the new fleet's requests. The canary gets {count} requests in its bake. What is "
        "the chance that at least one of them fails?",
        (f"{100 * right:.1f} %", f"1 - (1 - p)^n = 1 - {1 - chance:g}^{count}."),
        [(f"{100 * value:.1f} %", why) for value, why in slips],
        "low-traffic-hides-errors",
    )


_KEEPS = "It keeps the state it has"


def _points(rng: np.random.Generator, treatment: str, periods: int) -> list[bool | None]:
    """Five points whose state AWS's pages settle: not a few that all breach, where only our reading would."""
    while True:
        points = [(True, False, None)[int(code)] for code in rng.choice(3, size=5, p=[0.3, 0.2, 0.5])]
        real = [point for point in points if point is not None]
        if treatment not in ("missing", "ignore") or not 0 < len(real) < periods or not all(real):
            return points


def _state(rng: np.random.Generator) -> Drill:
    periods = 3
    datapoints = int(rng.integers(2, 4))
    treatment = str(rng.choice(TREATMENTS))
    points = _points(rng, treatment, periods)
    states = {
        alarm_state(
            points,
            datapoints_to_alarm=datapoints,
            evaluation_periods=periods,
            treat_missing_data=treatment,
            current=current,
        )
        for current in ("OK", "ALARM", "INSUFFICIENT_DATA")
    }
    right = states.pop() if len(states) == 1 else _KEEPS
    drawn = " ".join({True: "X", False: "0", None: "-"}[point] for point in points)
    real = [point for point in points if point is not None]
    breaching = sum(real[-periods:])
    enough = len(real) >= periods
    if enough:
        rule = f"{len(real)} real points exist, so the {periods} most recent real ones decide; breaching: {breaching}."
    else:
        rule = (
            f"Real points: {len(real)} of the {periods} needed, breaching: {breaching}. What lacks is filled in as "
            f"{treatment}."
        )
    whys = {
        "OK": "Fewer than M points breach by the rule for missing data.",
        "ALARM": "M of the points that count would have to breach, or the oldest of only breaching ones be M old.",
        "INSUFFICIENT_DATA": "Only `missing` leads here, and only when no real point is left at all.",
        _KEEPS: "Only `ignore` keeps the state, and only when the real points leave it open.",
    }
    return _posed(
        rng,
        f"An alarm needs {datapoints} of {periods} datapoints, missing data is treated as {treatment}. CloudWatch "
        f"fetched, oldest first: {drawn} (X breaches, 0 does not, - is missing). What state is it in?",
        (right, rule),
        [(text, f"{why} {rule}") for text, why in whys.items()],
        "real-points-count-first" if enough else "treat-missing-data",
    )


def _timeout(rng: np.random.Generator) -> Drill:
    params, strategy = _drawn(rng, "CANARY", "LINEAR", "ROLLING")
    course = forecast(params, strategy)
    right, shifts, wait = course.waits_seconds, course.shifts, params.wait_seconds
    last = 0 if strategy == "ROLLING" else params.termination_wait_seconds
    if strategy == "ROLLING":
        why = f"{shifts} batches with a bake of {wait} s each."
    else:
        why = f"{shifts - 1} x {wait} s between {shifts} shifts, and {last} s before the old fleet is terminated."
    slips = [
        (shifts * wait + last + (wait if strategy == "ROLLING" else 0), "One wait too many."),
        ((shifts - 1) * wait, "The wait after the last shift counts too."),
        (wait + last, "Every wait between two shifts counts, not just one."),
        (right + params.launch_seconds, "The launch is no wait; the timeout must still leave room for it."),
        (right + 600, "600 s is the smallest timeout there is, not something to add."),
    ]
    return _posed(
        rng,
        f"{_told(params, strategy)}. Which sum of waits must MaximumExecutionTimeoutInSeconds exceed?",
        (f"{right:,.0f} s", why),
        [(f"{value:,.0f} s", reason) for value, reason in slips],
        "timeout-exceeds-the-waits",
    )
