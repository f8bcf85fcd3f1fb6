"""The AWS side: request bodies for the current settings, what AWS refuses and why, and a pasted config explained.

The service model's validator checks names, types, required fields and minimums. Maximums, shares of the instance
count, one policy only, and the timeout against the waits are checked here, each with the limit in the reason.
Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from simulators._traffic import schedule
from simulators._traffic.params import STRATEGY_NAMES, Alarm, Params, SizeType, Strategy

ENDPOINT = "digits"
OLD_CONFIG = "digits-config-1"
NEW_CONFIG = "digits-config-2"
VARIANT = "AllTraffic"
ROLE = "arn:aws:iam::111122223333:role/SageMakerExecutionRole"

_SIZE_TYPES = ("INSTANCE_COUNT", "CAPACITY_PERCENT")
_TYPES = ("ALL_AT_ONCE", "CANARY", "LINEAR")
_WAIT = (0, 3600)
_TIMEOUT = (600, 28_800)


def deployment_config(params: Params) -> dict[str, Any]:
    """The DeploymentConfig of the current settings, allowed or not."""
    if params.strategy == "ROLLING":
        rolling: dict[str, Any] = {
            "MaximumBatchSize": _size(params.size_type, params.batch_size),
            "WaitIntervalInSeconds": params.wait_seconds,
            "MaximumExecutionTimeoutInSeconds": params.timeout_seconds,
        }
        # The whole fleet at once is what AWS does when the field is absent.
        if schedule.instances_of(params.rollback_batch_size, params.size_type, params.instances) < params.instances:
            rolling["RollbackMaximumBatchSize"] = _size(params.size_type, params.rollback_batch_size)
        policy: dict[str, Any] = {"RollingUpdatePolicy": rolling}
    else:
        # All at once has no step to wait between, yet the API requires the field.
        wait = 0 if params.strategy == "ALL_AT_ONCE" else params.wait_seconds
        routing: dict[str, Any] = {"Type": params.strategy, "WaitIntervalInSeconds": wait}
        if params.strategy == "CANARY":
            routing["CanarySize"] = _size(params.size_type, params.canary_size)
        if params.strategy == "LINEAR":
            routing["LinearStepSize"] = _size(params.size_type, params.linear_step)
        policy = {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": routing,
                "TerminationWaitInSeconds": params.termination_wait_seconds,
                "MaximumExecutionTimeoutInSeconds": params.timeout_seconds,
            }
        }
    if params.alarms:
        policy["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm.name} for alarm in params.alarms]}
    return policy


def request(params: Params) -> tuple[str, dict[str, Any]]:
    """The call that starts what the settings describe: an update, a shadow test or an A/B test.

    Returns:
        `UpdateEndpoint`, `CreateInferenceExperiment` or `CreateEndpointConfig`, and its body.

    Raises:
        ValueError: AWS would refuse the settings; the message names each limit.
    """
    found = problems(params)
    if found:
        raise ValueError("; ".join(found))
    if params.mode == "shadow":
        return "CreateInferenceExperiment", _shadow_experiment(params)
    if params.mode == "ab":
        return "CreateEndpointConfig", _two_variants(params)
    return "UpdateEndpoint", {
        "EndpointName": ENDPOINT,
        "EndpointConfigName": NEW_CONFIG,
        "DeploymentConfig": deployment_config(params),
    }


def alarm_requests(params: Params) -> tuple[tuple[str, dict[str, Any]], ...]:
    """One `PutMetricAlarm` call per auto-rollback alarm, allowed or not."""
    return tuple(("PutMetricAlarm", alarm_body(alarm)) for alarm in params.alarms)


def alarm_body(alarm: Alarm) -> dict[str, Any]:
    """The body of PutMetricAlarm. Wrong answers are a metric of our own: SageMaker does not know the truth."""
    custom = alarm.metric == "WrongAnswers"
    dimensions = [{"Name": "EndpointName", "Value": ENDPOINT}, {"Name": "VariantName", "Value": VARIANT}]
    if alarm.fleet == "new":
        dimensions.append({"Name": "EndpointConfigName", "Value": NEW_CONFIG})
    body: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": f"Rolls back an update of {ENDPOINT}",
        "Namespace": "CertLab/ModelQuality" if custom else "AWS/SageMaker",
        "MetricName": alarm.metric,
        "Dimensions": dimensions,
        "Period": alarm.period_seconds,
        "EvaluationPeriods": alarm.periods,
        "DatapointsToAlarm": alarm.datapoints,
        "Threshold": float(alarm.threshold),
        "ComparisonOperator": alarm.operator,
        "TreatMissingData": alarm.missing,
    }
    percentile = alarm.statistic in ("p90", "p99")
    body["ExtendedStatistic" if percentile else "Statistic"] = alarm.statistic
    return body


def problems(params: Params) -> tuple[str, ...]:
    """Why AWS would refuse these settings, each reason with the limit it breaks; empty when it takes them."""
    found = [reason for alarm in params.alarms for reason in check_alarm(alarm_body(alarm))]
    if params.mode == "shadow":
        excluded = {
            "asynchronous": "asynchronous inference",
            "serverless": "serverless inference",
            "marketplace": "AWS Marketplace containers",
            "inf1": "Inf1 instances",
        }
        if params.endpoint_kind in excluded:
            found.append(f"shadow tests cannot be used with {excluded[params.endpoint_kind]}")
        if params.endpoint_kind == "multi-variant":
            found.append("a shadow test takes 1 production variant and 1 shadow variant, not several")
        return tuple(found)
    if params.mode == "ab":
        return tuple(found)
    if not params.same_variant_name:
        found.append("the new endpoint configuration must have the same variant name as the old one")
    found += check_deployment_config(deployment_config(params), instances=params.instances)
    return tuple(found)


def check_deployment_config(config: Mapping[str, Any], *, instances: int) -> list[str]:
    """Why AWS would refuse a DeploymentConfig for a variant of that many instances; empty when it takes it."""
    found: list[str] = []
    known = ("BlueGreenUpdatePolicy", "RollingUpdatePolicy", "AutoRollbackConfiguration")
    _known(config, "DeploymentConfig", known, found)
    if "BlueGreenUpdatePolicy" in config and "RollingUpdatePolicy" in config:
        found.append("DeploymentConfig: found 2 update policies, wanted only 1 (blue/green or rolling)")
    if isinstance(blue_green := _mapping(config, "BlueGreenUpdatePolicy", "DeploymentConfig", found), Mapping):
        _check_blue_green(blue_green, instances, found)
    if isinstance(rolling := _mapping(config, "RollingUpdatePolicy", "DeploymentConfig", found), Mapping):
        _check_rolling(rolling, instances, found)
    if isinstance(rollback := _mapping(config, "AutoRollbackConfiguration", "DeploymentConfig", found), Mapping):
        _known(rollback, "AutoRollbackConfiguration", ("Alarms",), found)
        if "Alarms" in rollback:
            _check_alarm_list(rollback["Alarms"], found)
    return found


def check_alarm(body: Mapping[str, Any]) -> list[str]:
    """Why CloudWatch would refuse a PutMetricAlarm body for a static threshold; empty when it takes it."""
    found: list[str] = []
    name = str(body.get("AlarmName", ""))
    if not 1 <= len(name) <= 255:
        found.append(f"AlarmName: found {len(name)} characters, wanted 1 to 255")
    period, periods = body.get("Period", 0), body.get("EvaluationPeriods", 0)
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        found.append(f"{name}: found a Period of {period} s, wanted 10, 20, 30 or a multiple of 60")
    limit, words = (86_400, "1 day") if period < 3600 else (604_800, "7 days")
    if period * periods > limit:
        found.append(
            f"{name}: Period x EvaluationPeriods is {period * periods:,} s, over the limit of {limit:,} s ({words})"
        )
    datapoints = body.get("DatapointsToAlarm", periods)
    if not 1 <= datapoints <= periods:
        found.append(f"{name}: found DatapointsToAlarm {datapoints}, wanted 1 to EvaluationPeriods ({periods})")
    if ("Statistic" in body) == ("ExtendedStatistic" in body):
        found.append(f"{name}: wanted exactly 1 of Statistic and ExtendedStatistic")
    if body.get("TreatMissingData", "missing") not in ("missing", "ignore", "breaching", "notBreaching"):
        found.append(f"{name}: found TreatMissingData {body['TreatMissingData']!r}, wanted one of the 4 treatments")
    return found


@dataclass(frozen=True)
class Explanation:
    """What a pasted config would do."""

    problems: tuple[str, ...]
    """Why AWS would refuse it; empty when it takes it."""
    sentences: tuple[str, ...]
    """Its course in words."""
    params: Params | None
    """The settings to simulate it with; None when AWS would refuse it."""


def explain_config(text: str, base: Params | None = None) -> Explanation:
    """Explain a DeploymentConfig in JSON, alone or inside an UpdateEndpoint body.

    Args:
        text: what was pasted.
        base: the traffic, models, instances and alarms to simulate it with.
    """
    base = base or Params()
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        return Explanation((f"line {error.lineno}: not JSON: {error.msg}",), (), None)
    except (RecursionError, ValueError):
        return Explanation(
            ("found brackets too deep or a number too long to read, wanted a DeploymentConfig",), (), None
        )
    config = body
    if isinstance(body, dict) and body.keys() & {"EndpointName", "EndpointConfigName", "DeploymentConfig"}:
        config = body.get("DeploymentConfig", {})
    if not isinstance(config, dict):
        return Explanation((f"found {_what(config)}, wanted a JSON object: a DeploymentConfig",), (), None)
    found = check_deployment_config(config, instances=base.instances)
    if found:
        return Explanation(tuple(found), (), None)
    try:
        params = _params_of(config, base)
    except ValidationError as error:
        return Explanation(tuple(str(each["msg"]) for each in error.errors()), (), None)
    return Explanation((), tuple(_sentences(config, params)), params)


def _params_of(config: Mapping[str, Any], base: Params) -> Params:
    if not config.get("AutoRollbackConfiguration", {}).get("Alarms"):
        base = replace(base, alarm_metric="none", second_alarm_metric="none")
    if rolling := config.get("RollingUpdatePolicy"):
        batch = rolling["MaximumBatchSize"]
        back = rolling.get("RollbackMaximumBatchSize", {"Type": "CAPACITY_PERCENT", "Value": 100})
        # One setting gives the unit of both batches; a rollback batch in the other unit is converted.
        return replace(
            base,
            mode="deployment",
            strategy="ROLLING",
            size_type=batch["Type"],
            batch_size=batch["Value"],
            rollback_batch_size=_converted(back, batch["Type"], base.instances),
            wait_seconds=rolling["WaitIntervalInSeconds"],
            timeout_seconds=rolling.get("MaximumExecutionTimeoutInSeconds", _TIMEOUT[1]),
        )
    policy = config.get("BlueGreenUpdatePolicy")
    if policy is None:
        return replace(base, mode="deployment", strategy="ALL_AT_ONCE", termination_wait_seconds=0)
    routing = policy["TrafficRoutingConfiguration"]
    params = replace(
        base,
        mode="deployment",
        strategy=routing["Type"],
        wait_seconds=routing["WaitIntervalInSeconds"],
        termination_wait_seconds=policy.get("TerminationWaitInSeconds", 0),
        timeout_seconds=policy.get("MaximumExecutionTimeoutInSeconds", _TIMEOUT[1]),
    )
    if routing["Type"] == "CANARY":
        size = routing["CanarySize"]
        params = replace(params, size_type=size["Type"], canary_size=size["Value"])
    if routing["Type"] == "LINEAR":
        size = routing["LinearStepSize"]
        params = replace(params, size_type=size["Type"], linear_step=size["Value"])
    return params


def _sentences(config: Mapping[str, Any], params: Params) -> list[str]:
    course = schedule.plan(params, params.strategy)
    steps = schedule.shifts(params, params.strategy)
    total = params.instances
    if "BlueGreenUpdatePolicy" not in config and "RollingUpdatePolicy" not in config:
        told = ["No update policy: AWS uses blue/green, all at once, without a bake."]
    else:
        told = [f"{STRATEGY_NAMES[params.strategy]} on {_count(total, 'instance')}, in {_count(len(steps), 'shift')}."]
    shares = ", ".join(f"{100 * step / total:.0f} %" for step in steps)
    told.append(f"The new fleet gets {shares} of the traffic.")
    if course.bakes:
        waits = ", ".join(f"{(bake.end - bake.start) / 60:g}" for bake in course.bakes)
        told.append(f"Alarms are watched in {_count(len(course.bakes), 'bake')} of {waits} minutes.")
    else:
        told.append("There is no bake, so no alarm can stop it.")
    told.append(
        f"With {params.launch_seconds} s to launch instances it takes {course.end / 60:g} minutes and "
        f"at most {course.peak_instances} instances at a time."
    )
    if course.outcome == "timed out":
        told.append(f"The timeout of {params.timeout_seconds} s comes first: the update fails and is rolled back.")
    if params.strategy == "ROLLING":
        told.append(f"A rollback goes back in batches of {params.rollback_batch_size}{_unit(params.size_type)}.")
    if params.size_type == "CAPACITY_PERCENT" and params.strategy in ("CANARY", "LINEAR", "ROLLING"):
        told.append(
            "A percentage is taken as whole instances, rounded down, at least 1; AWS does not say how it rounds."
        )
    named = [alarm.get("AlarmName") for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", [])]
    if named:
        told.append(f"It is rolled back by any of {_count(len(named), 'alarm')}: {', '.join(map(str, named))}.")
    else:
        told.append("No alarm is named, so nothing rolls it back.")
    if course.note:
        told.append(f"This endpoint falls back to all-at-once without a bake: {course.note}.")
    return told


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _unit(size_type: SizeType) -> str:
    return " %" if size_type == "CAPACITY_PERCENT" else " instance(s)"


def _converted(size: Mapping[str, Any], wanted: SizeType, instances: int) -> int:
    if size["Type"] == wanted:
        return int(size["Value"])
    if wanted == "INSTANCE_COUNT":
        return schedule.instances_of(size["Value"], "CAPACITY_PERCENT", instances)
    return min(-(-100 * int(size["Value"]) // instances), 100)


def _size(size_type: SizeType, value: int) -> dict[str, Any]:
    return {"Type": size_type, "Value": value}


def _what(value: Any) -> str:
    names = {type(None): "nothing", bool: "true or false", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def _known(found_in: Mapping[str, Any], where: str, names: tuple[str, ...], found: list[str]) -> None:
    found += [f"{where}: found {key!r}, wanted one of {', '.join(names)}" for key in found_in if key not in names]


def _mapping(of: Mapping[str, Any], key: str, where: str, found: list[str], *, required: bool = False) -> Any:
    if key not in of:
        if required:
            found.append(f"{where}.{key}: found nothing, but it is required")
        return None
    if not isinstance(of[key], Mapping):
        found.append(f"{where}.{key}: found {_what(of[key])}, wanted an object")
        return None
    return of[key]


def _whole(
    of: Mapping[str, Any], key: str, where: str, limits: tuple[int, int | None], found: list[str], *, required: bool
) -> int | None:
    if key not in of:
        if required:
            found.append(f"{where}.{key}: found nothing, but it is required")
        return None
    value, (low, high) = of[key], limits
    if isinstance(value, bool) or not isinstance(value, int):
        found.append(f"{where}.{key}: found {value!r}, wanted a whole number")
        return None
    if value < low or (high is not None and value > high):
        wanted = f"{low:,} to {high:,}" if high is not None else f"at least {low}"
        found.append(f"{where}.{key}: found {value:,}, wanted {wanted}")
        return None
    return value


def _check_blue_green(policy: Mapping[str, Any], instances: int, found: list[str]) -> None:
    where = "BlueGreenUpdatePolicy"
    names = ("TrafficRoutingConfiguration", "TerminationWaitInSeconds", "MaximumExecutionTimeoutInSeconds")
    _known(policy, where, names, found)
    termination = _whole(policy, "TerminationWaitInSeconds", where, _WAIT, found, required=False) or 0
    timeout = _whole(policy, "MaximumExecutionTimeoutInSeconds", where, _TIMEOUT, found, required=False)
    routing = _mapping(policy, "TrafficRoutingConfiguration", where, found, required=True)
    if routing is None:
        return
    where = "TrafficRoutingConfiguration"
    _known(routing, where, ("Type", "WaitIntervalInSeconds", "CanarySize", "LinearStepSize"), found)
    wait = _whole(routing, "WaitIntervalInSeconds", where, _WAIT, found, required=True)
    kind = routing.get("Type")
    if kind not in _TYPES:
        found.append(f"{where}.Type: found {kind!r}, wanted one of {', '.join(_TYPES)}")
        return
    step: int | None = instances
    if kind == "CANARY":
        step = _check_size(routing, "CanarySize", where, instances, limits=(None, 50), found=found, required=True)
    if kind == "LINEAR":
        step = _check_size(routing, "LinearStepSize", where, instances, limits=(10, 50), found=found, required=True)
    if step is None or wait is None or timeout is None:
        return
    count = {"ALL_AT_ONCE": 1, "CANARY": 2, "LINEAR": -(-instances // step)}[kind]
    waits = (count - 1) * wait + termination
    if timeout <= waits:
        found.append(
            f"MaximumExecutionTimeoutInSeconds: found {timeout:,}, wanted more than the sum of the waits, {waits:,} "
            f"({count - 1} x WaitIntervalInSeconds {wait:,} + TerminationWaitInSeconds {termination:,})"
        )


def _check_rolling(policy: Mapping[str, Any], instances: int, found: list[str]) -> None:
    where = "RollingUpdatePolicy"
    names = (
        "MaximumBatchSize",
        "WaitIntervalInSeconds",
        "MaximumExecutionTimeoutInSeconds",
        "RollbackMaximumBatchSize",
    )
    _known(policy, where, names, found)
    wait = _whole(policy, "WaitIntervalInSeconds", where, _WAIT, found, required=True)
    timeout = _whole(policy, "MaximumExecutionTimeoutInSeconds", where, _TIMEOUT, found, required=False)
    step = _check_size(policy, "MaximumBatchSize", where, instances, limits=(5, 50), found=found, required=True)
    _check_size(policy, "RollbackMaximumBatchSize", where, instances, limits=(None, 100), found=found, required=False)
    if step is None or wait is None or timeout is None:
        return
    count = -(-instances // step)
    if timeout <= count * wait:
        found.append(
            f"MaximumExecutionTimeoutInSeconds: found {timeout:,}, wanted more than the sum of the waits, "
            f"{count * wait:,} ({count} x WaitIntervalInSeconds {wait:,})"
        )


def _check_size(
    of: Mapping[str, Any],
    key: str,
    where: str,
    instances: int,
    *,
    limits: tuple[int | None, int],
    found: list[str],
    required: bool,
) -> int | None:
    """The size as a number of instances; None when it is absent or refused."""
    size = _mapping(of, key, where, found, required=required)
    if size is None:
        return None
    where = f"{where}.{key}"
    _known(size, where, ("Type", "Value"), found)
    value = _whole(size, "Value", where, (1, None), found, required=True)
    kind = size.get("Type")
    if kind not in _SIZE_TYPES:
        found.append(f"{where}.Type: found {kind!r}, wanted one of {', '.join(_SIZE_TYPES)}")
        return None
    if value is None:
        return None
    low, high = limits
    percent = value if kind == "CAPACITY_PERCENT" else 100 * value / instances
    wanted = f"{low} to {high} %" if low else f"at most {high} %"
    if percent > high or (low and percent < low):
        given = f"{value} %" if kind == "CAPACITY_PERCENT" else f"{value} of {instances} instances ({percent:.0f} %)"
        found.append(f"{where}: found {given}, wanted {wanted} of the variant's instances")
        return None
    active = schedule.instances_of(value, kind, instances)
    if 100 * active > high * instances:
        found.append(
            f"{where}: {value} % of {instances} instance(s) is at least 1 whole instance, "
            f"{100 * active / instances:.0f} %, wanted {wanted}"
        )
        return None
    return active


def _check_alarm_list(listed: Any, found: list[str]) -> None:
    where = "AutoRollbackConfiguration.Alarms"
    if not isinstance(listed, list):
        found.append(f"{where}: found {_what(listed)}, wanted a list")
        return
    if not 1 <= len(listed) <= 10:
        found.append(f"{where}: found {len(listed)} alarms, wanted 1 to 10")
    for number, alarm in enumerate(listed):
        name = alarm.get("AlarmName") if isinstance(alarm, Mapping) else None
        if not isinstance(name, str) or not name.strip() or len(name) > 255:
            found.append(f"{where}[{number}].AlarmName: found {name!r}, wanted 1 to 255 characters")


def _two_variants(params: Params) -> dict[str, Any]:
    weight = params.ab_weight_percent / 100
    return {
        "EndpointConfigName": "digits-ab",
        "ProductionVariants": [
            _variant("A", "digits-model-1", params.instances, 1 - weight),
            _variant("B", "digits-model-2", params.instances, weight),
        ],
    }


def _variant(name: str, model: str, instances: int, weight: float) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": instances,
        "InitialVariantWeight": round(weight, 4),
    }


def _shadow_experiment(params: Params) -> dict[str, Any]:
    infrastructure = {
        "InfrastructureType": "RealTimeInference",
        "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": params.instances},
    }
    return {
        "Name": "digits-shadow",
        "Type": "ShadowMode",
        "RoleArn": ROLE,
        "EndpointName": ENDPOINT,
        "ModelVariants": [
            {"ModelName": "digits-model-1", "VariantName": "production", "InfrastructureConfig": infrastructure},
            {"ModelName": "digits-model-2", "VariantName": "shadow", "InfrastructureConfig": infrastructure},
        ],
        "ShadowModeConfig": {
            "SourceModelVariantName": "production",
            "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": params.shadow_percent}],
        },
    }


def allowed(params: Params, strategy: Strategy) -> bool:
    """Whether AWS takes the settings under that strategy."""
    return not check_deployment_config(
        deployment_config(replace(params, strategy=strategy)), instances=params.instances
    )
