"""Input modes: the same training job with File, FastFile and Pipe mode, on the clock, on the disk and on the bill.

Objects arrive from S3 over one link; up to so many requests wait for their first byte at once. File mode downloads
everything and then reads from the disk; FastFile asks for an object when the script opens it; Pipe prefetches a stream.
What the order and the shards of the objects do to a model is shown by a real scikit-learn classifier.

Left out: file systems (EFS, FSx for Lustre), throttling by S3, compression, the time to launch instances, and any limit
of the buffer between arrival and reader. The rates are settings: AWS publishes none that holds everywhere.
Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data-best-practices.html
"""

from simulators._input_modes.api import best_mode, request
from simulators._input_modes.drills import drill
from simulators._input_modes.figures import figures
from simulators._input_modes.learning import learn
from simulators._input_modes.params import MODES, Params
from simulators._input_modes.run import Outcome, Result, break_even_epochs, outcome, run
from simulators._input_modes.transfer import arrival_seconds, read_seconds
from simulators._input_modes.words import PREDICTIONS, SCENARIOS, findings, time_of
from simulators.contract import Simulator

__all__ = [
    "MODES",
    "PREDICTIONS",
    "SCENARIOS",
    "SIMULATOR",
    "Outcome",
    "Params",
    "Result",
    "arrival_seconds",
    "best_mode",
    "break_even_epochs",
    "drill",
    "figures",
    "findings",
    "learn",
    "outcome",
    "read_seconds",
    "request",
    "run",
    "time_of",
]

SIMULATOR = Simulator(
    title="Input modes",
    summary="One training job by File, FastFile and Pipe mode: which starts first, which ends first, which fits?",
    params=Params,
    run=run,
    figures=figures,
    findings=findings,
    scenarios=SCENARIOS,
    predictions=PREDICTIONS,
    drill=drill,
    request=request,
)
