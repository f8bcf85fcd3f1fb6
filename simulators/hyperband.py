"""The tuning race: Hyperband against random search and the rest, with the same epochs for everybody.

Real models are trained by the epoch on real data; nothing is drawn from a formula but the time an epoch takes. Seven
strategies spend one budget in epochs really trained: random and grid search, Bayesian search, random search with
SageMaker's median early stopping, successive halving, Hyperband as in the paper, and ASHA, which is what SageMaker runs
under the name Hyperband. Each seed has its own split and configurations, the same for all; validation picks, test
reports. Several jobs at a time run in virtual time.

Left out: what an instance costs, noise between two trainings of one configuration, and SageMaker's own (unpublished)
choices: the reduction factor of its ASHA and the model of its Bayesian search.
Sources: L. Li and others, "Hyperband", JMLR 18(185), 2018; L. Li and others, "A System for Massively Parallel
Hyperparameter Tuning", MLSys 2020; D. Jones and others, "Efficient Global Optimization", 1998; the developer guide,
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

from simulators._hyperband.aws import CHOOSING, FIXED, LIMITS, WARM_START, choose, problems, request
from simulators._hyperband.drills import drill
from simulators._hyperband.figures import figures
from simulators._hyperband.lessons import PREDICTIONS, SCENARIOS
from simulators._hyperband.params import Params
from simulators._hyperband.race import Race, SeedRace, run, run_seed
from simulators._hyperband.schedule import (
    brackets,
    configurations,
    epochs,
    full_trainings,
    speedup_bound,
    total_epochs,
)
from simulators._hyperband.words import findings
from simulators.contract import Simulator

__all__ = [
    "CHOOSING",
    "FIXED",
    "LIMITS",
    "PREDICTIONS",
    "SCENARIOS",
    "SIMULATOR",
    "WARM_START",
    "Params",
    "Race",
    "SeedRace",
    "brackets",
    "choose",
    "configurations",
    "drill",
    "epochs",
    "figures",
    "findings",
    "full_trainings",
    "problems",
    "request",
    "run",
    "run_seed",
    "speedup_bound",
    "total_epochs",
]

SIMULATOR = Simulator(
    title="Tuning race",
    summary="Hyperband, random search and the rest tune a real model with the same epochs. Who finds the best one?",
    params=Params,
    run=run,
    figures=figures,
    findings=findings,
    scenarios=SCENARIOS,
    predictions=PREDICTIONS,
    drill=drill,
    request=request,
    slow=True,
)
