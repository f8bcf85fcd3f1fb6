"""The AWS side: accepted by botocore's validator on the real service models, and by nothing more lenient than AWS."""

import json
import re
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as some

from simulators.traffic import (
    STRATEGIES,
    Params,
    alarm_requests,
    check_alarm,
    check_deployment_config,
    deployment_config,
    explain_config,
    forecast,
    plan,
    problems,
    request,
)

_SESSION = botocore.session.get_session()
_SERVICES = {name: _SESSION.get_service_model(name) for name in ("sagemaker", "cloudwatch")}


def refusals(service, operation, body):
    """What botocore's validator says, and every maximum and enum of the model that it does not look at."""
    shape = _SERVICES[service].operation_model(operation).input_shape
    report = ParamValidator().validate(body, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + list(unchecked(body, shape))


def unchecked(value, shape):
    if shape.type_name == "structure":
        for name, inner in value.items():
            yield from unchecked(inner, shape.members[name])
    elif shape.type_name == "list":
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{shape.name}: {len(value)} > {shape.metadata['max']}"
        for inner in value:
            yield from unchecked(inner, shape.member)
    elif shape.type_name in ("integer", "float", "double", "long"):
        if value > shape.metadata.get("max", value):
            yield f"{shape.name}: {value} > {shape.metadata['max']}"
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{shape.name}: {value} not in {shape.enum}"
        if not shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", len(value)):
            yield f"{shape.name}: length of {value!r}"


everything = some.fixed_dictionaries(
    {
        "mode": some.sampled_from(["deployment", "deployment", "shadow", "ab"]),
        "strategy": some.sampled_from(STRATEGIES),
        "endpoint_kind": some.sampled_from(
            ["real-time", "asynchronous", "serverless", "multi-variant", "marketplace", "inf1"]
        ),
        "same_variant_name": some.sampled_from([True, True, True, False]),
        "instances": some.integers(1, 100),
        "size_type": some.sampled_from(["CAPACITY_PERCENT", "INSTANCE_COUNT"]),
        "canary_size": some.integers(1, 100),
        "linear_step": some.integers(1, 100),
        "batch_size": some.integers(1, 100),
        "rollback_batch_size": some.integers(1, 100),
        "wait_seconds": some.integers(0, 3600),
        "termination_wait_seconds": some.integers(0, 3600),
        "timeout_seconds": some.integers(600, 28_800),
        "alarm_metric": some.sampled_from(["none", "Invocation5XXErrors", "ModelLatency", "WrongAnswers"]),
        "alarm_fleet": some.sampled_from(["new", "both"]),
        "alarm_statistic": some.sampled_from(["Average", "Sum", "Maximum", "p90", "p99"]),
        "alarm_threshold": some.floats(0, 1e8),
        "alarm_period_seconds": some.one_of(some.sampled_from([60, 300, 3600]), some.integers(60, 86_400)),
        "alarm_periods": some.integers(1, 100),
        "alarm_datapoints": some.integers(1, 100),
        "alarm_missing": some.sampled_from(["missing", "ignore", "breaching", "notBreaching"]),
        "second_alarm_metric": some.sampled_from(["none", "Invocation4XXErrors"]),
        "shadow_percent": some.integers(1, 100),
        "ab_weight_percent": some.integers(1, 99),
    }
)


@settings(max_examples=400, deadline=None)
@given(settled=everything)
def test_every_body_is_accepted_or_refused_with_its_limit(settled):
    params = Params(**settled)
    found = problems(params)
    if found:
        with pytest.raises(ValueError, match=re.escape(found[0])) as raised:
            request(params)
        assert str(raised.value) == "; ".join(found)
        # A limit is a number, unless the endpoint's kind or the variant's name is the reason.
        words = ("cannot be used with", "same variant name")
        assert all(any(letter.isdigit() for letter in each) or any(w in each for w in words) for each in found)
        return
    operation, body = request(params)
    assert refusals("sagemaker", operation, body) == []
    for operation, body in alarm_requests(params):
        assert refusals("cloudwatch", operation, body) == []


def test_each_mode_has_its_call():
    assert request(Params())[0] == "UpdateEndpoint"
    assert request(Params(mode="shadow"))[0] == "CreateInferenceExperiment"
    assert request(Params(mode="ab"))[0] == "CreateEndpointConfig"
    assert "AutoRollbackConfiguration" not in request(Params(alarm_metric="none"))[1]["DeploymentConfig"]


@pytest.mark.parametrize(
    ("settled", "limit"),
    [
        ({"canary_size": 51}, "51 %, wanted at most 50 %"),
        ({"canary_size": 6, "size_type": "INSTANCE_COUNT"}, "6 of 10 instances (60 %), wanted at most 50 %"),
        ({"instances": 1}, "1 whole instance, 100 %, wanted at most 50 %"),
        ({"strategy": "LINEAR", "linear_step": 9}, "9 %, wanted 10 to 50 %"),
        ({"strategy": "LINEAR", "linear_step": 51}, "51 %, wanted 10 to 50 %"),
        (
            {"strategy": "LINEAR", "linear_step": 1, "size_type": "INSTANCE_COUNT", "instances": 11},
            "1 of 11 instances (9 %), wanted 10 to 50 %",
        ),
        ({"strategy": "ROLLING", "batch_size": 4}, "4 %, wanted 5 to 50 %"),
        ({"strategy": "ROLLING", "batch_size": 51}, "51 %, wanted 5 to 50 %"),
        ({"timeout_seconds": 1200}, "found 1,200, wanted more than the sum of the waits, 1,200"),
        (
            {"strategy": "LINEAR", "timeout_seconds": 3000},
            "the sum of the waits, 3,000 (4 x WaitIntervalInSeconds 600 + TerminationWaitInSeconds 600)",
        ),
        ({"strategy": "ROLLING", "timeout_seconds": 2999}, "3,000 (5 x WaitIntervalInSeconds 600)"),
        ({"alarm_datapoints": 4}, "DatapointsToAlarm 4, wanted 1 to EvaluationPeriods (3)"),
        ({"alarm_period_seconds": 90}, "Period of 90 s, wanted 10, 20, 30 or a multiple of 60"),
        ({"alarm_period_seconds": 3000, "alarm_periods": 29}, "87,000 s, over the limit of 86,400 s (1 day)"),
        ({"alarm_period_seconds": 86_400, "alarm_periods": 8}, "691,200 s, over the limit of 604,800 s (7 days)"),
        ({"same_variant_name": False}, "must have the same variant name"),
        ({"mode": "shadow", "endpoint_kind": "asynchronous"}, "cannot be used with asynchronous inference"),
        ({"mode": "shadow", "endpoint_kind": "multi-variant"}, "1 production variant and 1 shadow variant"),
    ],
)
def test_what_aws_refuses_is_refused_with_the_limit(settled, limit):
    reasons = problems(Params(**settled))
    assert len(reasons) == 1
    assert limit in reasons[0]


@pytest.mark.parametrize(
    "settled",
    [
        {"canary_size": 50},
        {"canary_size": 5, "size_type": "INSTANCE_COUNT"},
        {"strategy": "LINEAR", "linear_step": 10, "timeout_seconds": 6001},
        {"strategy": "LINEAR", "linear_step": 50},
        {"strategy": "ROLLING", "batch_size": 5, "timeout_seconds": 28_800},
        {"strategy": "ROLLING", "batch_size": 50, "rollback_batch_size": 100},
        {"timeout_seconds": 1201},
        {"strategy": "ROLLING", "timeout_seconds": 3001},
        {"strategy": "ALL_AT_ONCE", "instances": 1},
        {"alarm_period_seconds": 3600, "alarm_periods": 100},
        {"alarm_period_seconds": 60, "alarm_periods": 100, "alarm_datapoints": 100},
    ],
)
def test_the_limits_themselves_are_allowed(settled):
    assert problems(Params(**settled)) == ()


CANARY = deployment_config(Params())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"RollingUpdatePolicy": deployment_config(Params(strategy="ROLLING"))["RollingUpdatePolicy"]},
            "wanted only 1",
        ),
        ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": f"a{n}"} for n in range(11)]}}, "11 alarms, wanted 1"),
        ({"AutoRollbackConfiguration": {"Alarms": []}}, "0 alarms, wanted 1 to 10"),
        ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "x" * 256}]}}, "wanted 1 to 255 characters"),
        ({"AutoRollbackConfiguration": {"Alarms": ["name"]}}, "wanted 1 to 255 characters"),
        ({"AutoRollbackConfiguration": {"Alarms": "name"}}, "wanted a list"),
        ({"AutoRollbackConfiguration": "name"}, "wanted an object"),
        ({"Alarms": []}, "found 'Alarms', wanted one of BlueGreenUpdatePolicy"),
    ],
)
def test_a_config_is_checked_beyond_its_policy(change, reason):
    (found,) = check_deployment_config(CANARY | change, instances=10)
    assert reason in found


@pytest.mark.parametrize(
    ("routing", "reason"),
    [
        ({"WaitIntervalInSeconds": 3601}, "found 3,601, wanted 0 to 3,600"),
        ({"WaitIntervalInSeconds": -1}, "found -1, wanted 0 to 3,600"),
        ({"WaitIntervalInSeconds": "600"}, "'600', wanted a whole number"),
        ({"WaitIntervalInSeconds": True}, "True, wanted a whole number"),
        ({"Type": "BAD"}, "'BAD', wanted one of ALL_AT_ONCE, CANARY, LINEAR"),
        (
            {"CanarySize": {"Type": "CAPACITY_PERCENTAGE", "Value": 30}},
            "wanted one of INSTANCE_COUNT, CAPACITY_PERCENT",
        ),
        ({"CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 0}}, "found 0, wanted at least 1"),
        ({"CanarySize": {"Type": "CAPACITY_PERCENT"}}, "Value: found nothing, but it is required"),
        ({"CanarySize": 30}, "found a number, wanted an object"),
        ({"Type": "LINEAR"}, "LinearStepSize: found nothing, but it is required"),
    ],
)
def test_a_routing_configuration_is_checked(routing, reason):
    policy = CANARY["BlueGreenUpdatePolicy"]
    broken = policy | {"TrafficRoutingConfiguration": policy["TrafficRoutingConfiguration"] | routing}
    (found,) = check_deployment_config({"BlueGreenUpdatePolicy": broken}, instances=10)
    assert reason in found


def test_the_stricter_checks_are_stricter_than_botocores_validator():
    """What botocore lets through and AWS does not."""
    policy = CANARY["BlueGreenUpdatePolicy"]
    wild = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "BAD",
                "WaitIntervalInSeconds": 99_999,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 90},
            },
            "MaximumExecutionTimeoutInSeconds": 99_999,
        },
        "RollingUpdatePolicy": deployment_config(Params(strategy="ROLLING"))["RollingUpdatePolicy"],
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": f"a{number}"} for number in range(11)]},
    }
    body = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": wild}
    shape = _SERVICES["sagemaker"].operation_model("UpdateEndpoint").input_shape
    assert not ParamValidator().validate(body, shape).has_errors()
    found = check_deployment_config(wild, instances=10)
    assert len(found) == 5
    assert policy["TrafficRoutingConfiguration"]["Type"] == "CANARY"


def test_alarm_bodies_are_checked_too():
    ((_, body),) = alarm_requests(Params())
    assert check_alarm(body) == []
    assert "1 to 255" in check_alarm(body | {"AlarmName": ""})[0]
    assert "exactly 1" in check_alarm(body | {"ExtendedStatistic": "p99"})[0]
    assert "4 treatments" in check_alarm(body | {"TreatMissingData": "fine"})[0]
    dimensions = {each["Name"] for each in body["Dimensions"]}
    assert dimensions == {"EndpointName", "VariantName", "EndpointConfigName"}
    ((_, both),) = alarm_requests(Params(alarm_fleet="both"))
    assert {each["Name"] for each in both["Dimensions"]} == {"EndpointName", "VariantName"}


# A pasted config.


@settings(max_examples=150, deadline=None)
@given(settled=everything)
def test_a_config_of_ours_is_understood(settled):
    """Read back, it runs the same course."""
    params = Params(**(settled | {"mode": "deployment", "same_variant_name": True}))
    config = deployment_config(params)
    told = explain_config(json.dumps(config), params)
    assert (told.params is None) == bool(check_deployment_config(config, instances=params.instances))
    if told.params is None:
        assert told.problems
        return
    assert told.sentences
    for name in (params.strategy,):
        assert plan(told.params, name).stages == plan(params, name).stages
        assert forecast(told.params, name) == forecast(params, name)
    assert told.params.alarms == params.alarms
    assert deployment_config(told.params) == config


GUIDE_CANARY = """{
    "EndpointName": "my-endpoint",
    "EndpointConfigName": "my-config",
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 30},
                "WaitIntervalInSeconds": 600
            },
            "TerminationWaitInSeconds": 600,
            "MaximumExecutionTimeoutInSeconds": 1800
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "my-alarm"}]}
    }
}"""


def test_the_guides_canary_is_explained():
    told = explain_config(GUIDE_CANARY)
    assert told.problems == ()
    text = " ".join(told.sentences)
    assert "30 %, 100 % of the traffic" in text
    assert "2 bakes of 10, 10 minutes" in text
    assert "22 minutes" in text
    assert "my-alarm" in text
    assert told.params.canary_size == 30
    assert plan(told.params, "CANARY").outcome == "completed"
    slow = explain_config(GUIDE_CANARY, Params(launch_seconds=900))
    assert any("The timeout of 1800 s comes first" in sentence for sentence in slow.sentences)


def test_the_guides_all_at_once_example_is_refused():
    """It leaves out WaitIntervalInSeconds, which the API requires."""
    text = """{"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE"},
        "TerminationWaitInSeconds": 600, "MaximumExecutionTimeoutInSeconds": 1800}}"""
    told = explain_config(text)
    assert told.problems == ("TrafficRoutingConfiguration.WaitIntervalInSeconds: found nothing, but it is required",)
    body = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": json.loads(text)}
    assert "WaitIntervalInSeconds" in refusals("sagemaker", "UpdateEndpoint", body)[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "found a list, wanted a JSON object"),
        ("null", "found nothing, wanted a JSON object"),
        ('{"DeploymentConfig": 3}', "found a number, wanted a JSON object"),
        ('{"Nonsense": 3}', "found 'Nonsense', wanted one of"),
    ],
)
def test_what_is_no_config_is_said(text, reason):
    told = explain_config(text)
    assert reason in told.problems[0]
    assert told.params is None


def test_no_policy_is_all_at_once_without_a_bake_and_no_alarm_watches_nothing():
    for text in ("{}", '{"EndpointName": "e", "EndpointConfigName": "c"}'):
        told = explain_config(text)
        assert told.params.strategy == "ALL_AT_ONCE"
        assert told.params.alarms == ()
        assert plan(told.params, "ALL_AT_ONCE").bakes == ()
        assert "AWS uses blue/green, all at once, without a bake" in told.sentences[0]


def test_a_rollback_batch_is_at_most_the_fleet():
    config = deployment_config(Params(strategy="ROLLING", rollback_batch_size=30))
    config["RollingUpdatePolicy"]["RollbackMaximumBatchSize"] = {"Type": "INSTANCE_COUNT", "Value": 11}
    (found,) = check_deployment_config(config, instances=10)
    assert "11 of 10 instances (110 %), wanted at most 100 %" in found
    whole = deployment_config(Params(strategy="ROLLING", rollback_batch_size=100))
    assert "RollbackMaximumBatchSize" not in whole["RollingUpdatePolicy"], "absent, AWS takes the whole fleet"


def test_a_rolling_config_keeps_its_rollback_batches():
    config = deployment_config(Params(strategy="ROLLING", instances=10))
    config["RollingUpdatePolicy"]["RollbackMaximumBatchSize"] = {"Type": "INSTANCE_COUNT", "Value": 3}
    told = explain_config(json.dumps(config), replace(Params(), instances=10))
    assert told.params.rollback_batch_size == 30
    assert any("batches of 30 %" in sentence for sentence in told.sentences)
