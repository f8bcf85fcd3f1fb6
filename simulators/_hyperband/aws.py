"""The tuning job on SageMaker: its request, its limits, what it leaves fixed, and which strategy to choose.

Sources: the service model of botocore 1.43, and the SageMaker AI developer guide,
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulators._hyperband.params import Params
from simulators._hyperband.race import budget
from simulators._hyperband.schedule import brackets, configurations
from simulators._hyperband.spaces import Space, space_of

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
_MOST_JOBS = 750
_MOST_RANDOM_JOBS = 10_000
_MOST_PARALLEL = 100
_MOST_EPOCHS = 20_000
_MOST_TUNED = 30
_MOST_HYPERPARAMETERS = 100
_MOST_METRICS = 40
_MOST_PARENTS = 5
_EPOCH_KEYS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
_ROLE = r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
_METRIC = "validation:accuracy"


@dataclass(frozen=True)
class Limit:
    """A bound of a tuning job, and where it stands."""

    what: str
    value: str
    source: str


_QUOTAS = _GUIDE + "automatic-model-tuning-limits.html"

LIMITS = (
    Limit("Training jobs in parallel, one tuning job", "10, up to 100 on request", _QUOTAS),
    Limit("Training jobs, one tuning job", "750 (random: up to 10,000 on request)", _QUOTAS),
    Limit("Tuning jobs at once", "100", _QUOTAS),
    Limit("Hyperparameters searched", "30 (100 with the static ones)", _QUOTAS),
    Limit("Values of a categorical hyperparameter", "30", _QUOTAS),
    Limit("Metrics defined", "40 in the API (the limits page says 20), one of them the objective", _QUOTAS),
    Limit("Run time of a tuning job", "30 days", _QUOTAS),
    Limit("Epochs with Hyperband (MaxResource)", "20,000", _API + "API_HyperbandStrategyConfig.html"),
    Limit(
        "Algorithms in one tuning job",
        "10; with several, no early stopping and no warm start",
        _GUIDE + "multiple-algorithm-hpo-create-tuning-jobs.html",
    ),
    Limit(
        "Parents of a warm start",
        "5; their jobs count towards the limit of training jobs",
        _API + "API_HyperParameterTuningJobWarmStartConfig.html",
    ),
)

FIXED = (
    "The reduction factor η and the brackets are AWS's own: the request has MinResource and MaxResource, nothing else.",
    "What runs under the name Hyperband is asynchronous: jobs are stopped one by one, and no rung waits for its last.",
    "A stopped job is not resumed. Its place goes to a new configuration, drawn at random.",
    "TrainingJobEarlyStoppingType must be Off with Hyperband, which stops jobs by its own rule.",
    "Early stopping by the median has no setting beyond Auto or Off.",
)
"""What the request of a tuning job cannot say."""

WARM_START = {
    "IdenticalDataAndAlgorithm": "Same input data and training image as the parents. Ranges and the number of jobs may "
    "change, and a hyperparameter may turn from tunable to static or back.",
    "TransferLearning": "Input data, ranges, number of jobs and the version of the image may all differ from the "
    "parents'.",
}
"""The two types of warm start. In both the objective metric and the number of hyperparameters, static and tunable
together, stay those of the parents."""


@dataclass(frozen=True)
class Step:
    """A question on the way to a strategy: where the answer is yes, this is the one."""

    ask: str
    strategy: str
    why: str


CHOOSING = (
    Step(
        "Are there only short lists of values, and must every combination be tried or the result be reproducible?",
        "Grid",
        "Grid search tries every combination of categorical values, the same ones each time.",
    ),
    Step(
        "Are trainings long, and does the algorithm report its metric after every epoch?",
        "Hyperband",
        "Hyperband stops the poor ones early and gives their epochs to new ones, many jobs at a time.",
    ),
    Step(
        "Shall very many jobs run at the same time?",
        "Random",
        "No job of a random search depends on another's result, so it loses nothing by running them all at once.",
    ),
    Step(
        "Otherwise",
        "Bayesian",
        "Bayesian search makes the most of each job, as every choice uses the results before it.",
    ),
)
"""The decision path, in order; the last step always applies."""


def choose(*, lists_only: bool, long_and_reporting: bool, very_parallel: bool) -> Step:
    """The first step of `CHOOSING` whose answer is yes."""
    answers = (lists_only, long_and_reporting, very_parallel, True)
    return next(step for step, yes in zip(CHOOSING, answers, strict=True) if yes)


def request(params: Params) -> tuple[str, dict[str, Any]]:
    """The `CreateHyperParameterTuningJob` request for the race's settings and `params.api_strategy`.

    Grid search takes lists only, so its numbers are listed at the levels of the race's grid. Early stopping is Off
    with Hyperband whatever was asked, and a warm start is left out where AWS describes none (Grid, Hyperband).
    """
    space = space_of(params.model, params.space, params.scale)
    chosen = params.api_strategy
    jobs = _jobs(params, space)
    config: dict[str, Any] = {
        "Strategy": chosen,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": _METRIC},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": jobs,
            "MaxParallelTrainingJobs": min(params.workers, jobs),
        },
        "ParameterRanges": _listed_ranges(space) if chosen == "Grid" else _ranges(space),
        "TrainingJobEarlyStoppingType": "Auto" if params.early_stopping and chosen != "Hyperband" else "Off",
        "RandomSeed": params.seed,
    }
    if chosen == "Hyperband":
        resources = {"MinResource": params.min_resource, "MaxResource": params.max_resource}
        config["StrategyConfig"] = {"HyperbandStrategyConfig": resources}
    body: dict[str, Any] = {
        "HyperParameterTuningJobName": f"tuning-race-{chosen.lower()}",
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/tuning-race:1",
                "TrainingInputMode": "FastFile",
                "MetricDefinitions": [{"Name": _METRIC, "Regex": r"validation accuracy: ([0-9.]+)"}],
            },
            "RoleArn": "arn:aws:iam::111122223333:role/tuning-race",
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": f"s3://amzn-s3-demo-bucket/{params.data}/train",
                        }
                    },
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://amzn-s3-demo-bucket/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
            "StaticHyperParameters": {
                "model": params.model,
                "epochs": str(params.max_resource),
                **{name: _text(value) for name, value in space.fixed},
            },
        },
    }
    if params.warm_start != "None" and chosen in ("Bayesian", "Random"):
        body["WarmStartConfig"] = {
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "tuning-race-last-week"}],
            "WarmStartType": params.warm_start,
        }
    return "CreateHyperParameterTuningJob", body


def _jobs(params: Params, space: Space) -> int:
    """As many training jobs as the race starts configurations, within the quota."""
    match params.api_strategy:
        case "Grid":
            return space.combinations
        case "Hyperband":
            schedule = brackets(params.max_resource, params.eta, rule=params.rule)
            return min(params.passes * configurations(schedule), _MOST_JOBS)
    return min(math.ceil(budget(params) / params.max_resource), _MOST_JOBS)


def _text(value: float | int | str) -> str:
    """As the API wants every value: a string, numbers without an exponent."""
    if isinstance(value, float):
        return np.format_float_positional(value, precision=4, fractional=False, trim="-")
    return str(value)


def _ranges(space: Space) -> dict[str, list[dict[str, Any]]]:
    ranges: dict[str, list[dict[str, Any]]] = {}
    for each in space.ranges:
        if each.values:
            entry: dict[str, Any] = {"Name": each.name, "Values": [_text(value) for value in each.values]}
            ranges.setdefault("CategoricalParameterRanges", []).append(entry)
            continue
        kind = "IntegerParameterRanges" if each.whole else "ContinuousParameterRanges"
        bounds = [_text(int(bound) if each.whole else float(bound)) for bound in (each.low, each.high)]
        entry = {"Name": each.name, "MinValue": bounds[0], "MaxValue": bounds[1], "ScalingType": each.scaling}
        ranges.setdefault(kind, []).append(entry)
    return ranges


def _listed_ranges(space: Space) -> dict[str, list[dict[str, Any]]]:
    entries = [
        {"Name": each.name, "Values": [_text(each.at(share)) for share in axis]}
        for each, axis in zip(space.ranges, space.axes, strict=True)
    ]
    return {"CategoricalParameterRanges": entries}


def problems(body: Mapping[str, Any]) -> list[str]:
    """What SageMaker would refuse in a `CreateHyperParameterTuningJob` body although its shape is right.

    Botocore checks types, required members and lengths; not patterns, not enumerations, not what depends on another
    field. Those are checked here, as far as the API reference and the guide state them.
    """
    config = body["HyperParameterTuningJobConfig"]
    definition = body.get("TrainingJobDefinition", {})
    return [
        *_naming(body, definition),
        *_strategy(body, config, definition),
        *_resources(config),
        *_range_problems(config, definition),
        *_metrics(config, definition),
        *_warm_start(body, config),
    ]


def _naming(body: Mapping[str, Any], definition: Mapping[str, Any]) -> Iterator[str]:
    name = body["HyperParameterTuningJobName"]
    if not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}", name):
        yield f"HyperParameterTuningJobName: found {name!r}, wanted 1 to 32 letters, digits and inner hyphens"
    if definition and not re.fullmatch(
        r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+", definition["RoleArn"]
    ):
        yield f"RoleArn: found {definition['RoleArn']!r}, wanted the ARN of an IAM role"
    if definition and "TrainingJobDefinitions" in body:
        yield "found TrainingJobDefinition and TrainingJobDefinitions, wanted one of them"


def _strategy(body: Mapping[str, Any], config: Mapping[str, Any], definition: Mapping[str, Any]) -> Iterator[str]:
    chosen = config["Strategy"]
    stopping = config.get("TrainingJobEarlyStoppingType", "Off")
    if chosen not in ("Bayesian", "Random", "Hyperband", "Grid"):
        yield f"Strategy: found {chosen!r}, wanted Bayesian, Random, Hyperband or Grid"
    if stopping not in ("Off", "Auto"):
        yield f"TrainingJobEarlyStoppingType: found {stopping!r}, wanted Off or Auto"
    if stopping == "Auto" and "TrainingJobDefinitions" in body:
        yield "TrainingJobEarlyStoppingType: found Auto with several algorithms, wanted Off"
    resources = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    if chosen != "Hyperband":
        if "StrategyConfig" in config:
            yield f"StrategyConfig: found one with {chosen}, wanted none"
        return
    if stopping != "Off":
        yield f"TrainingJobEarlyStoppingType: found {stopping} with Hyperband, wanted Off"
    static = definition.get("StaticHyperParameters", {})
    most = resources.get("MaxResource", next((int(static[key]) for key in _EPOCH_KEYS if key in static), None))
    if most is None:
        yield f"MaxResource: found none, wanted it, or a static hyperparameter {', '.join(_EPOCH_KEYS)}"
    elif not resources.get("MinResource", 1) <= most <= _MOST_EPOCHS:
        yield f"MaxResource: found {most}, wanted {resources.get('MinResource', 1)} to {_MOST_EPOCHS}"


def _resources(config: Mapping[str, Any]) -> Iterator[str]:
    limits = config["ResourceLimits"]
    most = _MOST_RANDOM_JOBS if config["Strategy"] == "Random" else _MOST_JOBS
    jobs, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    if jobs is not None and jobs > most:
        yield f"MaxNumberOfTrainingJobs: found {jobs}, wanted at most {most}"
    if parallel > _MOST_PARALLEL:
        yield f"MaxParallelTrainingJobs: found {parallel}, wanted at most {_MOST_PARALLEL}"
    if jobs is not None and parallel > jobs:
        yield f"MaxParallelTrainingJobs: found {parallel}, wanted at most the {jobs} training jobs"
    ranges = config.get("ParameterRanges", {})
    if config["Strategy"] != "Grid":
        return
    if ranges.get("IntegerParameterRanges") or ranges.get("ContinuousParameterRanges"):
        yield "ParameterRanges: found numeric ranges with Grid, wanted categorical ones only"
    combinations = math.prod(len(each["Values"]) for each in ranges.get("CategoricalParameterRanges", []))
    if jobs is not None and jobs != combinations:
        yield f"MaxNumberOfTrainingJobs: found {jobs} with Grid, wanted the {combinations} combinations, or none"


def _range_problems(config: Mapping[str, Any], definition: Mapping[str, Any]) -> Iterator[str]:
    ranges = config.get("ParameterRanges", {})
    names = [each["Name"] for kind in ranges.values() for each in kind]
    static = definition.get("StaticHyperParameters", {})
    if not 1 <= len(names) <= _MOST_TUNED:
        yield f"ParameterRanges: found {len(names)} hyperparameters, wanted 1 to {_MOST_TUNED}"
    if len(names) + len(static) > _MOST_HYPERPARAMETERS:
        yield f"found {len(names) + len(static)} hyperparameters in all, wanted at most {_MOST_HYPERPARAMETERS}"
    if twice := sorted({name for name in names if names.count(name) > 1} | (set(names) & static.keys())):
        yield f"found {', '.join(twice)} twice, wanted each hyperparameter tunable or static, once"
    for kind in ("IntegerParameterRanges", "ContinuousParameterRanges"):
        for each in ranges.get(kind, []):
            yield from _one_range(each, whole=kind.startswith("Integer"))
    for each in ranges.get("CategoricalParameterRanges", []):
        values = each["Values"]
        if not 1 <= len(values) <= _MOST_TUNED or len(set(values)) < len(values):
            yield f"{each['Name']}: found {values}, wanted 1 to {_MOST_TUNED} different values"


def _one_range(each: Mapping[str, str], *, whole: bool) -> Iterator[str]:
    low, high, scaling = float(each["MinValue"]), float(each["MaxValue"]), each.get("ScalingType", "Auto")
    found = f"{each['Name']}: found {each['MinValue']} to {each['MaxValue']}"
    if low >= high:
        yield f"{found}, wanted a minimum below the maximum"
    if whole and not (low.is_integer() and high.is_integer()):
        yield f"{found}, wanted whole numbers"
    if scaling not in ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic"):
        yield f"{each['Name']}: found ScalingType {scaling!r}, wanted Auto, Linear, Logarithmic or ReverseLogarithmic"
    if scaling == "Logarithmic" and low <= 0:
        yield f"{found} on a logarithmic scale, wanted values above 0"
    if scaling == "ReverseLogarithmic" and (whole or not 0 <= low <= high < 1):
        yield f"{found} on a reverse logarithmic scale, wanted a continuous range from 0 to below 1"


def _metrics(config: Mapping[str, Any], definition: Mapping[str, Any]) -> Iterator[str]:
    objective = config.get("HyperParameterTuningJobObjective", {})
    if objective.get("Type") not in ("Maximize", "Minimize"):
        yield f"HyperParameterTuningJobObjective: found type {objective.get('Type')!r}, wanted Maximize or Minimize"
    algorithm = definition.get("AlgorithmSpecification", {})
    metrics = [each["Name"] for each in algorithm.get("MetricDefinitions", [])]
    if len(metrics) > _MOST_METRICS:
        yield f"MetricDefinitions: found {len(metrics)}, wanted at most {_MOST_METRICS}"
    if "TrainingImage" in algorithm and objective.get("MetricName") not in metrics:
        yield f"MetricName: found {objective.get('MetricName')!r}, wanted one of the metrics defined: {metrics}"


def _warm_start(body: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    warm = body.get("WarmStartConfig")
    if warm is None:
        return
    if warm["WarmStartType"] not in WARM_START:
        yield f"WarmStartType: found {warm['WarmStartType']!r}, wanted {' or '.join(WARM_START)}"
    if not 1 <= len(warm["ParentHyperParameterTuningJobs"]) <= _MOST_PARENTS:
        yield f"ParentHyperParameterTuningJobs: wanted 1 to {_MOST_PARENTS}"
    if "TrainingJobDefinitions" in body:
        yield "WarmStartConfig: found one with several algorithms, wanted none"
    if config["Strategy"] not in ("Bayesian", "Random"):
        yield f"WarmStartConfig: found one with {config['Strategy']}, wanted Bayesian or Random"
