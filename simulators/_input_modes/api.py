"""The training job of a run, as AWS takes it."""

from typing import Any

from simulators._input_modes.params import MODES, Mode, Params
from simulators._input_modes.run import by_speed, outcomes, problems

_ACCOUNT = "111122223333"
_BUCKET = "s3://amzn-s3-demo-bucket"


def best_mode(params: Params) -> Mode | None:
    """The fastest mode the job can run in."""
    possible = by_speed(outcomes(params))
    return possible[0].mode if possible else None


def request(params: Params) -> tuple[str, dict[str, Any]]:
    """`CreateTrainingJob` with the channel in the fastest mode that can run.

    Raises:
        ValueError: no mode can; the message says why each cannot.
    """
    mode = best_mode(params)
    if mode is None:
        raise ValueError("; ".join(f"{each}: {', '.join(problems(params, each))}" for each in MODES))
    uri = {"S3Prefix": "train/", "ManifestFile": "train.manifest", "AugmentedManifestFile": "train.augmented.manifest"}
    source: dict[str, Any] = {
        "S3DataType": params.source,
        "S3Uri": f"{_BUCKET}/{uri[params.source]}",
        "S3DataDistributionType": params.distribution,
    }
    if params.source == "AugmentedManifestFile":
        source["AttributeNames"] = ["source-ref", "label"]
    channel: dict[str, Any] = {"ChannelName": "train", "DataSource": {"S3DataSource": source}, "InputMode": mode}
    if params.source == "AugmentedManifestFile":
        channel["RecordWrapperType"] = "RecordIO"
    if params.shuffle and mode == "Pipe":
        channel["ShuffleConfig"] = {"Seed": params.seed}
    body = {
        "TrainingJobName": "input-modes",
        "AlgorithmSpecification": {
            "TrainingImage": f"{_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/training:1",
            "TrainingInputMode": mode,
        },
        "RoleArn": f"arn:aws:iam::{_ACCOUNT}:role/training",
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": f"{_BUCKET}/models/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.4xlarge",
            "InstanceCount": params.instances,
            "VolumeSizeInGB": params.volume_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
    }
    return "CreateTrainingJob", body
