"""What can be said of an update without running it: times, costs, expected requests and the chance of harm.

Formulas in the settings alone, independent of the schedule that is simulated.
"""

from dataclasses import dataclass
from math import ceil

from simulators._traffic.engine import mean_intensity
from simulators._traffic.fleets import fleets
from simulators._traffic.params import Params, Strategy


@dataclass(frozen=True)
class Forecast:
    """An update that no alarm and no timeout ends early."""

    shifts: int
    first_traffic_seconds: float
    full_traffic_seconds: float
    end_seconds: float
    waits_seconds: float
    """The sum that MaximumExecutionTimeoutInSeconds must exceed."""
    extra_instance_minutes: float
    """Billed beyond the instances that would have run anyway."""
    peak_instances: int


def step_instances(params: Params, strategy: Strategy) -> int:
    """Instances per shift: all, the canary, the linear step or the rolling batch."""
    size = {
        "ALL_AT_ONCE": 100,
        "CANARY": params.canary_size,
        "LINEAR": params.linear_step,
        "ROLLING": params.batch_size,
    }[strategy]
    if strategy == "ALL_AT_ONCE":
        return params.instances
    if params.size_type == "INSTANCE_COUNT":
        return min(size, params.instances)
    return max(1, int(size / 100 * params.instances + 1e-9))


def forecast(params: Params, strategy: Strategy) -> Forecast:
    """Times and costs of the update in closed form."""
    total, launch, wait = params.instances, params.launch_seconds, params.wait_seconds
    step = step_instances(params, strategy)
    if strategy == "ROLLING":
        count = ceil(total / step)
        return Forecast(
            shifts=count,
            first_traffic_seconds=launch,
            full_traffic_seconds=count * launch + (count - 1) * wait,
            end_seconds=count * (launch + wait),
            waits_seconds=count * wait,
            # Each new instance runs beside an old one from its launch to the end of its batch's bake.
            extra_instance_minutes=total * (launch + wait) / 60,
            peak_instances=total + step,
        )
    count = {"ALL_AT_ONCE": 1, "CANARY": 2 if step < total else 1, "LINEAR": ceil(total / step)}[strategy]
    waits = (count - 1) * wait + params.termination_wait_seconds
    one_fleet = strategy == "ALL_AT_ONCE" and waits == 0
    return Forecast(
        shifts=count,
        first_traffic_seconds=launch,
        full_traffic_seconds=launch + (count - 1) * wait,
        end_seconds=launch + waits,
        waits_seconds=waits,
        # AWS bills one fleet for all-at-once without a bake, and both for the whole update otherwise.
        extra_instance_minutes=0.0 if one_fleet else total * (launch + waits) / 60,
        peak_instances=2 * total,
    )


def green_requests(params: Params, strategy: Strategy, until_seconds: float) -> float:
    """Expected requests to the new fleet from the update call until then; bursts are left out."""
    course = forecast(params, strategy)
    step = step_instances(params, strategy)
    gap = params.wait_seconds + (params.launch_seconds if strategy == "ROLLING" else 0)
    found = 0.0
    for number in range(course.shifts):
        begin = course.first_traffic_seconds + number * gap
        end = begin + gap if number < course.shifts - 1 else float("inf")
        end = min(end, until_seconds)
        if end <= begin:
            continue
        active = params.instances if number == course.shifts - 1 else (number + 1) * step
        found += mean_intensity(params, begin, end) * (end - begin) / 60 * active / params.instances
    return found


def expected_hurt(params: Params, strategy: Strategy, until_seconds: float) -> float:
    """Expected users hurt from the update call until then: rate x weight x chance x time, step by step."""
    return green_requests(params, strategy, until_seconds) * hurt_chance(params)[0]


def hurt_chance(params: Params) -> tuple[float, float]:
    """Chances that a request to the new fleet is answered badly where the old fleet would have done well, and the
    other way round; leaks, storms and slowness are left out."""
    wrong = fleets(params.green_model).wrong
    only_green_wrong = float((wrong[1] & ~wrong[0]).mean())
    only_blue_wrong = float((wrong[0] & ~wrong[1]).mean())
    blue_wrong, green_wrong = (float(row.mean()) for row in wrong)
    client = params.client_error_percent / 100
    blue = min(params.blue_error_percent / 100, 1 - client)
    green = min(params.green_error_percent / 100, 1 - client)
    both_answer = 1 - client - max(blue, green)
    hurt = max(green - blue, 0.0) * (1 - blue_wrong) + both_answer * only_green_wrong
    helped = max(blue - green, 0.0) * (1 - green_wrong) + both_answer * only_blue_wrong
    return hurt, helped
