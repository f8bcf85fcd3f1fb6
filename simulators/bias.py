"""The Clarify bias calculator: all 21 metrics on real people's tables, explained, and what mitigation does to them.

It models what SageMaker Clarify's bias report computes, under AWS's documented formulas or as AWS's open-source library
smclarify 0.5 computes them, and trains real scikit-learn classifiers for the post-training metrics. It leaves out
Clarify's explanations (SHAP, partial dependence), text and images, and significance: a metric of a small group is
noisy, and no interval says how much. Clarify itself has been closed to new customers since 2026; the metrics have not.
Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-data-bias.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html and
https://github.com/aws/amazon-sagemaker-clarify
"""

from simulators._bias.analysis import FLIP_ROWS, Prepared, Result, Verdict, assess, flip, flip_cost, judge, prepare, run
from simulators._bias.catalogue import METRICS, PRINTED_EXAMPLES, Metric, PrintedExample
from simulators._bias.charts import figure, figures
from simulators._bias.datasets import Columns, DataSet, Source, load
from simulators._bias.drills import drill
from simulators._bias.explain import Worked, deviations, explain, number, reading, work
from simulators._bias.exports import analysis_config, config_json, report_csv, report_page, request
from simulators._bias.fliptest import Flips, flip_test
from simulators._bias.formulas import binary_identities, measure
from simulators._bias.params import OWN_FIELDS, Params
from simulators._bias.report import report, reports_by_value
from simulators._bias.tally import Definition, Tally, of_confusion, of_labels
from simulators._bias.uploads import (
    Upload,
    UploadError,
    as_data,
    is_measure,
    read_csv,
    safe_cell,
    suggest,
    values_of,
    write_csv,
)
from simulators._bias.words import PREDICTIONS, SCENARIOS, findings, impossible, verdicts
from simulators.contract import Simulator

__all__ = [
    "FLIP_ROWS",
    "METRICS",
    "OWN_FIELDS",
    "PREDICTIONS",
    "PRINTED_EXAMPLES",
    "SCENARIOS",
    "SIMULATOR",
    "Columns",
    "DataSet",
    "Definition",
    "Flips",
    "Metric",
    "Params",
    "Prepared",
    "PrintedExample",
    "Result",
    "Source",
    "Tally",
    "Upload",
    "UploadError",
    "Verdict",
    "Worked",
    "analysis_config",
    "as_data",
    "assess",
    "binary_identities",
    "config_json",
    "deviations",
    "drill",
    "explain",
    "figure",
    "figures",
    "findings",
    "flip",
    "flip_cost",
    "flip_test",
    "impossible",
    "is_measure",
    "judge",
    "load",
    "measure",
    "number",
    "of_confusion",
    "of_labels",
    "prepare",
    "read_csv",
    "reading",
    "report",
    "report_csv",
    "report_page",
    "reports_by_value",
    "request",
    "run",
    "safe_cell",
    "suggest",
    "values_of",
    "verdicts",
    "work",
    "write_csv",
]

SIMULATOR = Simulator(
    title="Bias calculator",
    summary="All 21 Clarify bias metrics on real tables or your own, each worked through step by step, with real "
    "classifiers and what mitigation does to them.",
    params=Params,
    run=run,
    figures=figures,
    findings=findings,
    scenarios=SCENARIOS,
    predictions=PREDICTIONS,
    drill=drill,
    request=request,
)
