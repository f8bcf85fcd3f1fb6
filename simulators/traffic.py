"""The traffic shifter: what deployment guardrails do to real requests, and when an alarm saves anybody.

An endpoint of SageMaker is updated from one fitted classifier to another. Requests arrive at random, are routed by
weight, wait in the queue of one instance, and are answered right, wrong, late or not at all; CloudWatch alarms look at
every minute by AWS's rules, and any alarm in a bake rolls the update back. All-at-once, canary, linear and rolling run
on the very same requests. Shadow tests and A/B tests of two variants are run by the same machinery.

Left out: delays of CloudWatch itself (an alarm is evaluated at the end of each minute, with all of its data), the time
to terminate instances, auto scaling, network and overhead latency, and several variants at one update. Readings of
ours where AWS is silent are named in `_traffic.schedule` and `_traffic.alarms`.
Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/model-validation.html
"""

from simulators._traffic.alarms import alarm_state
from simulators._traffic.api import (
    Explanation,
    alarm_requests,
    check_alarm,
    check_deployment_config,
    deployment_config,
    explain_config,
    problems,
    request,
)
from simulators._traffic.closed_forms import Forecast, expected_hurt, forecast, green_requests, hurt_chance
from simulators._traffic.detection import Curve, curve
from simulators._traffic.doctor import Diagnosis, diagnose
from simulators._traffic.drills import drill
from simulators._traffic.figures import (
    FILM_COLOURS,
    UNITS,
    alarm_figures,
    course_figures,
    detection_figure,
    figures,
    strategy_figures,
)
from simulators._traffic.frames import Frames, frames
from simulators._traffic.params import METRIC_NAMES, OPERATORS, STRATEGIES, STRATEGY_NAMES, Alarm, Params
from simulators._traffic.result import Result, run, takes_long, trace
from simulators._traffic.schedule import Plan, plan
from simulators._traffic.variants import ABTest, ShadowTest, pocock_constant, repeated_rate
from simulators._traffic.words import PREDICTIONS, SCENARIOS, findings
from simulators.contract import Simulator

__all__ = [
    "FILM_COLOURS",
    "METRIC_NAMES",
    "OPERATORS",
    "PREDICTIONS",
    "SCENARIOS",
    "SIMULATOR",
    "STRATEGIES",
    "STRATEGY_NAMES",
    "UNITS",
    "ABTest",
    "Alarm",
    "Curve",
    "Diagnosis",
    "Explanation",
    "Forecast",
    "Frames",
    "Params",
    "Plan",
    "Result",
    "ShadowTest",
    "alarm_figures",
    "alarm_requests",
    "alarm_state",
    "check_alarm",
    "check_deployment_config",
    "course_figures",
    "curve",
    "deployment_config",
    "detection_figure",
    "diagnose",
    "drill",
    "expected_hurt",
    "explain_config",
    "figures",
    "findings",
    "forecast",
    "frames",
    "green_requests",
    "hurt_chance",
    "plan",
    "pocock_constant",
    "problems",
    "repeated_rate",
    "request",
    "run",
    "strategy_figures",
    "takes_long",
    "trace",
]

SIMULATOR = Simulator(
    title="Traffic shifter",
    summary="Update an endpoint all at once, by canary, linearly or in rolling batches, and see what an alarm saves.",
    params=Params,
    run=run,
    figures=figures,
    findings=findings,
    scenarios=SCENARIOS,
    predictions=PREDICTIONS,
    drill=drill,
    request=request,
    slow=takes_long,
)
