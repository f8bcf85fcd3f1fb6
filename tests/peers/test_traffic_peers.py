"""Other programs as witnesses of the traffic shifter: SimPy, LocalStack, cfn-lint, statsmodels."""

import json
from importlib import import_module
from itertools import product

import numpy as np
import pytest

from simulators._traffic.engine import chunks, draw, intensity, service_seconds
from simulators._traffic.fleets import fleets
from simulators._traffic.variants import simulated_rates, z_statistic
from simulators.traffic import (
    STRATEGIES,
    Params,
    alarm_requests,
    alarm_state,
    check_deployment_config,
    deployment_config,
    problems,
    trace,
)

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_simpy_serves_every_request_at_the_same_time(strategy):
    """One Resource per instance, the same arrivals and times of work: the same latency, request by request."""
    simpy = import_module("simpy")
    params = Params(
        strategy=strategy,
        alarm_metric="none",
        compare=False,
        requests_per_minute=120.0,
        service_ms=1500.0,
        green_slowdown=1.6,
        wait_seconds=300,
        instances=5,
        watch_minutes=40,
    )
    requests = trace(params)
    rate = intensity(params, 600)
    pool = fleets(params.green_model).rows
    work = np.concatenate([draw(params, rate, first, last, pool).work for first, last in chunks(rate)])[: len(requests)]
    service = service_seconds(params, requests["new_fleet"].to_numpy(), work).astype(float)
    world = simpy.Environment(initial_time=requests["time_seconds"].iloc[0] - 1)
    servers = {}
    latency = np.zeros(len(requests))

    def serve(number, server, arrival, seconds):
        yield world.timeout(arrival - world.now)
        with server.request() as turn:
            yield turn
            yield world.timeout(seconds)
        latency[number] = world.now - arrival

    for number, row in enumerate(requests.itertuples()):
        server = servers.setdefault((row.new_fleet, row.instance), simpy.Resource(world))
        world.process(serve(number, server, row.time_seconds, service[number]))
    world.run()
    expected = np.minimum(1000 * latency, 60_000)
    np.testing.assert_allclose(requests["latency_ms"], expected, rtol=0, atol=1e-3)
    assert expected.max() > 5 * params.service_ms, "there were queues"


class _Cloud:
    """CloudWatch as LocalStack's evaluator asks for it: one alarm, and points from the newest backwards."""

    def __init__(self, points, alarm):
        self.points, self.alarm, self.state = list(points), alarm, alarm["StateValue"]

    def describe_alarms(self, **_):
        return {"MetricAlarms": [self.alarm]}

    def get_metric_data(self, **_):
        point = self.points.pop() if self.points else None
        return {"MetricDataResults": [{"Values": [] if point is None else [2.0 if point else 0.5]}]}

    def set_alarm_state(self, StateValue, **_):
        self.state = StateValue


def test_localstack_evaluates_alarms_alike(monkeypatch):
    """For every range of five points. It parts from AWS's pages in two ways, which are left out: it counts breaches
    older than the N most recent points, and it calls an alarm premature only when the breach is exactly M old."""
    peer = import_module("localstack.services.cloudwatch.alarm_scheduler")
    compared = 0
    for m, points, treatment, current in product(
        (1, 2, 3),
        product((True, False, None), repeat=5),
        ("missing", "ignore", "breaching", "notBreaching"),
        ("OK", "ALARM", "INSUFFICIENT_DATA"),
    ):
        real = [point for point in points if point is not None]
        only_breaching = bool(real) and all(real)
        if len(real) > 3 or (only_breaching and treatment in ("missing", "ignore")):
            continue
        alarm = {
            "AlarmName": "a",
            "StateValue": current,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": m,
            "Period": 60,
            "Statistic": "Average",
            "MetricName": "x",
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": treatment,
        }
        cloud = _Cloud(points, alarm)
        monkeypatch.setattr(peer, "get_cloudwatch_client_for_region_of_alarm", lambda _, cloud=cloud: cloud)
        peer.calculate_alarm_state("arn:aws:cloudwatch:us-east-1:111122223333:alarm:a")
        state = alarm_state(
            points, datapoints_to_alarm=m, evaluation_periods=3, treat_missing_data=treatment, current=current
        )
        assert state == str(getattr(cloud.state, "value", cloud.state)), (points, m, treatment, current)
        compared += 1
    assert compared > 4000


def _lint(config, alarms=()):
    api = import_module("cfnlint.api")
    from cfnlint.config import ManualArgs

    resources = {
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointConfigName": "config", "DeploymentConfig": config},
        }
    }
    for number, (_, body) in enumerate(alarms):
        resources[f"Alarm{number}"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": body}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    return [str(found.message) for found in api.lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"]))]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_cfn_lint_takes_our_bodies(strategy):
    params = Params(strategy=strategy, second_alarm_metric="ModelLatency", second_alarm_statistic="p99")
    assert problems(params) == ()
    assert _lint(deployment_config(params), alarm_requests(params)) == []


def test_cfn_lint_refuses_nothing_that_we_take():
    """Each of its refusals is one of ours."""
    for strategy in STRATEGIES:
        config = deployment_config(Params(strategy=strategy))
        policy = next(value for key, value in config.items() if key.endswith("Policy"))
        for key, value in (("MaximumExecutionTimeoutInSeconds", 28_801), ("MaximumExecutionTimeoutInSeconds", 599)):
            policy[key] = value
            assert _lint(config)
            assert check_deployment_config(config, instances=10)
        policy["MaximumExecutionTimeoutInSeconds"] = 7200
        place = policy.get("TrafficRoutingConfiguration", policy)
        place["WaitIntervalInSeconds"] = 3601
        assert _lint(config)
        assert check_deployment_config(config, instances=10)


def test_statsmodels_computes_the_same_z():
    proportion = import_module("statsmodels.stats.proportion")
    rng = np.random.default_rng(0)
    for _ in range(50):
        requests = rng.integers(20, 5000, 2)
        good = rng.binomial(requests, rng.uniform(0.2, 0.95, 2))
        z, _ = proportion.proportions_ztest(good[::-1], requests[::-1])
        assert z_statistic(good.astype(float), requests.astype(float)) == pytest.approx(z)


def test_more_looks_need_a_wider_bound_in_statsmodels_too():
    """A test with Pocock's constant still keeps 5 %: the exact binomial interval of a simulation holds it."""
    proportion = import_module("statsmodels.stats.proportion")
    runs = 4000
    peeking, honest = simulated_rates(20, runs=runs, seed=5)
    low, high = proportion.proportion_confint(round(honest * runs), runs, alpha=1e-4, method="beta")
    assert low <= 0.05 <= high
    low, _ = proportion.proportion_confint(round(peeking * runs), runs, alpha=1e-4, method="beta")
    assert low > 0.2
