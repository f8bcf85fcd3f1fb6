"""What a run can be taken home as: Clarify's analysis configuration, the API request, a CSV file, a page to print."""

import json
from html import escape
from math import isinf, isnan
from typing import Any

from simulators._bias.analysis import Result
from simulators._bias.catalogue import METRICS
from simulators._bias.datasets import DataSet
from simulators._bias.explain import explain, number, reading
from simulators._bias.params import DEFINITION_NAMES, MITIGATION_NAMES, MODEL_NAMES, Params
from simulators._bias.tally import is_quantity
from simulators._bias.uploads import write_csv

BUCKET = "amzn-s3-demo-bucket"
_IMAGE = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
"""AWS's Clarify image in us-east-1, version 1.0: the only one there is."""


def analysis_config(data: DataSet, params: Params) -> dict[str, Any]:
    """The analysis configuration of a Clarify processing job for the same measurement, ready for JSON.

    `value_or_threshold` names the sensitive group d, as AWS's library treats it; one page of the guide calls these
    values the ones that bias favours, and read that way every sign would flip.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
    """
    source = data.source
    config: dict[str, Any] = {
        "version": "1.0",
        "dataset_type": "text/csv",
        "label": source.label,
        "label_values_or_threshold": [_plain(value) for value in source.positive],
        "facet": [_facet(data, swapped=params.swap)],
    }
    if source.group is not None:
        config["group_variable"] = source.group
    methods: dict[str, Any] = {"pre_training_bias": {"methods": "all"}}
    if source.predicted is not None:
        config["predicted_label"] = source.predicted
        methods["post_training_bias"] = {"methods": "all"}
    elif source.features and params.model != "none":
        config["probability_threshold"] = params.threshold
        if not params.use_facet:
            config["excluded_columns"] = [source.facet]
        config["predictor"] = {
            "model_name": f"{source.key}-{params.model}",
            "instance_type": "ml.m5.large",
            "initial_instance_count": 1,
            "accept_type": "text/csv",
            "probability": 0,
        }
        methods["post_training_bias"] = {"methods": "all"}
    config["methods"] = {**methods, "report": {"name": "report", "title": f"Bias of {source.title}"}}
    return config


def _facet(data: DataSet, *, swapped: bool) -> dict[str, Any]:
    """The sensitive group. A threshold selects (t, max] and cannot select the rest: that takes a column of its own."""
    source = data.source
    values = [_plain(value) for value in source.disadvantaged]
    if not swapped:
        return {"name_or_index": source.facet, "value_or_threshold": values}
    column = data.frame[source.facet]
    if is_quantity(column, source.disadvantaged):
        return {"name_or_index": f"{source.facet}_up_to_{values[0]:g}", "value_or_threshold": [1]}
    others = [_plain(value) for value in column.dropna().unique().tolist() if value not in source.disadvantaged]
    return {"name_or_index": source.facet, "value_or_threshold": others}


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def request(params: Params) -> tuple[str, dict[str, Any]]:
    """`CreateProcessingJob` for the measurement; the analysis configuration lies beside the data in S3.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-parameters.html
    """
    name = f"bias-{params.data}-{params.seed}"
    return "CreateProcessingJob", {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": _IMAGE},
        "RoleArn": "arn:aws:iam::111122223333:role/ClarifyExecutionRole",
        "ProcessingInputs": [
            _input("analysis_config", f"s3://{BUCKET}/{name}/analysis_config.json", "config"),
            _input("dataset", f"s3://{BUCKET}/{name}/data.csv", "data"),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "analysis_result",
                    "S3Output": {
                        "S3Uri": f"s3://{BUCKET}/{name}/result/",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


def _input(name: str, uri: str, folder: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"/opt/ml/processing/input/{folder}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def config_json(data: DataSet, params: Params) -> str:
    """The analysis configuration as the text of `analysis_config.json`."""
    return json.dumps(analysis_config(data, params), indent=2, ensure_ascii=False)


def report_csv(result: Result) -> str:
    """The report as CSV: one row for each metric, "Infinity" and empty cells as Clarify's own report has them."""
    rows = [
        (
            code,
            METRICS[code].name,
            METRICS[code].stage,
            _cell(value),
            _cell(result.before[code]) if result.mitigated is not None else "",
            _cell(result.final.guide[code]),
            _cell(result.final.library[code]),
            reading(code, value, a=result.source.a, d=result.source.d),
        )
        for code, value in result.report.items()
    ]
    columns = ("metric", "name", "stage", "value", "before mitigation", "guide", "smclarify", "reading")
    return write_csv(columns, rows)


def _cell(value: float) -> str | float:
    if isnan(value):
        return ""
    return ("Infinity" if value > 0 else "-Infinity") if isinf(value) else value


def report_page(result: Result) -> str:
    """The report as one HTML page to print, without scripts or anything from elsewhere."""
    source, params = result.source, result.params
    n_a, n_d = result.final.tally.sizes
    facts = [
        ("Data", source.title),
        ("Facet a (advantaged)", f"{source.a}, {n_a:,} {source.people}"),
        ("Facet d (disadvantaged)", f"{source.d}, {n_d:,} {source.people}"),
        ("Positive outcome", source.yes),
        ("Definition", DEFINITION_NAMES[params.definition]),
    ]
    if source.predicted is not None:
        facts.append(("Predictions", "recorded in the table"))
    elif result.final.tally.has_predictions:
        facts += [
            ("Classifier", f"{MODEL_NAMES[params.model]}, {'with' if params.use_facet else 'without'} the facet"),
            ("Decision threshold", f"{params.threshold:g}"),
            ("Mitigation", MITIGATION_NAMES[params.mitigation]),
        ]
    described = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    lines = "".join(
        f"<tr><th>{code}</th><td>{escape(METRICS[code].name)}</td><td class=n>{escape(number(value))}</td>"
        f"<td>{escape(reading(code, value, a=source.a, d=source.d))}</td></tr>"
        for code, value in result.report.items()
    )
    worked = "".join(
        f"<h3>{code}</h3><ol>{''.join(f'<li>{escape(step)}</li>' for step in _steps(result, code))}</ol>"
        for code in result.report
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Bias report: {escape(source.title)}</title><style>body{{font:11pt/1.4 system-ui,sans-serif;"
        "margin:2rem auto;max-width:48rem;padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{border:1px "
        "solid #999;padding:.25rem .5rem;text-align:left;vertical-align:top}.n{text-align:right;white-space:nowrap}"
        "h3{margin-bottom:0;break-after:avoid}tr,ol{break-inside:avoid}</style>"
        f"<h1>Bias report: {escape(source.title)}</h1><table>{described}</table><h2>Metrics</h2>"
        f"<table><tr><th>Metric</th><th>Name</th><th>Value</th><th>Reading</th></tr>{lines}</table>"
        f"<h2>Step by step</h2>{worked}<h2>Where the data come from</h2><p>{escape(source.provenance)}</p></html>"
    )


def _steps(result: Result, code: str) -> list[str]:
    source = result.source
    return explain(
        code,
        result.tally,
        result.params.definition,
        a=source.a,
        d=source.d,
        flips=result.final.flips,
    )[:-1]
