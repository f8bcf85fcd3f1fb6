"""The inputs of the tuning race."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from simulators._hyperband.learners import DataName
from simulators._hyperband.schedule import Rule
from simulators._hyperband.spaces import Model, Scale, SpaceName
from simulators._hyperband.strategies import MedianRule

LineUp = Literal["duel", "four", "stoppers", "all"]
ApiStrategy = Literal["Hyperband", "Random", "Bayesian", "Grid"]
WarmStart = Literal["None", "IdenticalDataAndAlgorithm", "TransferLearning"]


@dataclass(frozen=True, kw_only=True)
class Params:
    """Every strategy gets the epochs that `passes` passes of Hyperband cost at this R and eta."""

    max_resource: Annotated[
        int,
        Field(
            ge=9,
            le=243,
            title="Most epochs for one configuration (R)",
            description="A configuration trained to the end gets this many epochs. SageMaker calls it MaxResource.",
        ),
    ] = 27
    eta: Annotated[
        int,
        Field(
            ge=2,
            le=10,
            title="Reduction factor (η)",
            description="At each rung the best one in η goes on. The paper: 3 or 4. SageMaker does not let you set it.",
        ),
    ] = 3
    space: Annotated[
        SpaceName,
        Field(
            title="Search space",
            description="Which hyperparameters are searched, and how wide their ranges are.",
            json_schema_extra={
                "names": {
                    "hard": "Hard: most configurations fail",
                    "mild": "Mild: most configurations are fine",
                    "misleading": "Misleading: the quick ones are not the best ones",
                    "crowded": "Crowded: more hyperparameters than matter",
                    "categorical": "Categorical: short lists of values only",
                    "unstable": "Unstable: learning rates that blow up",
                }
            },
        ),
    ] = "hard"
    scale: Annotated[
        Scale,
        Field(
            title="Scale of wide ranges",
            description="Log gives each power of ten the same chance; linear all but ignores the small ones.",
            json_schema_extra={"names": {"log": "Logarithmic", "linear": "Linear"}, "advanced": True},
        ),
    ] = "log"
    line_up: Annotated[
        LineUp,
        Field(
            title="Who races",
            description="A duel: Hyperband and random search. Four: Bayesian search and ASHA as well. Early stoppers: "
            "random search and all that stop jobs early.",
            json_schema_extra={
                "names": {
                    "duel": "A duel",
                    "four": "Four",
                    "stoppers": "Early stoppers",
                    "all": "All seven",
                }
            },
        ),
    ] = "four"
    seeds: Annotated[
        int,
        Field(
            ge=1,
            le=30,
            title="Races to run",
            description="Each has its own data split and configurations, the same for every strategy in it.",
            json_schema_extra={"unit": "seeds"},
        ),
    ] = 3
    workers: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            title="Jobs in parallel",
            description="Trainings that run at the same time, in virtual time. SageMaker starts at a quota of 10.",
            json_schema_extra={"unit": "jobs", "advanced": True},
        ),
    ] = 1
    seed: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            title="Random seed",
            description="Of the first race.",
            json_schema_extra={"advanced": True},
        ),
    ] = 0
    data: Annotated[
        DataName,
        Field(
            title="Data set",
            json_schema_extra={
                "names": {
                    "digits": "Handwritten digits (10 classes)",
                    "parity": "Handwritten digits, odd or even",
                    "breast_cancer": "Breast cancer (2 classes)",
                    "wine": "Wine (3 classes)",
                },
                "advanced": True,
            },
        ),
    ] = "digits"
    model: Annotated[
        Model,
        Field(
            title="Model",
            description="An epoch is one pass over the training rows; for boosting, one more round of trees.",
            json_schema_extra={
                "names": {"mlp": "Neural network", "sgd": "Linear model by SGD", "boosting": "Gradient boosting"},
                "advanced": True,
            },
        ),
    ] = "mlp"
    rows: Annotated[
        int,
        Field(
            ge=150,
            le=1_797,
            title="Rows used",
            description="Half to train on, a quarter to pick the winner by, a quarter to report on.",
            json_schema_extra={"unit": "rows", "step": 50, "advanced": True},
        ),
    ] = 800
    rule: Annotated[
        Rule,
        Field(
            title="Bracket sizes",
            description="The paper's Algorithm 1 and its printed Table 1 disagree from the second bracket on.",
            json_schema_extra={
                "names": {"algorithm-1": "Algorithm 1 (rounds up)", "table-1": "Table 1 (rounds down)"},
                "advanced": True,
            },
        ),
    ] = "algorithm-1"
    resume: Annotated[
        bool,
        Field(
            title="Resume at a rung",
            description="A configuration that goes on keeps its model. Off: it trains again from scratch.",
            json_schema_extra={"advanced": True},
        ),
    ] = True
    overlap: Annotated[
        bool,
        Field(
            title="Overlap brackets",
            description="Idle workers start Hyperband's next bracket instead of waiting for the rung.",
            json_schema_extra={"advanced": True},
        ),
    ] = False
    passes: Annotated[
        int,
        Field(
            ge=1,
            le=4,
            title="Budget",
            description="What every strategy may train, in passes of Hyperband.",
            json_schema_extra={"unit": "passes", "advanced": True},
        ),
    ] = 1
    random_budgets: Annotated[
        int,
        Field(
            ge=1,
            le=6,
            title="Let random search run on",
            description="To this many times the budget, outside the race, to see when it draws level with Hyperband.",
            json_schema_extra={"unit": "budgets", "advanced": True},
        ),
    ] = 1
    min_resource: Annotated[
        int,
        Field(
            ge=1,
            le=9,
            title="ASHA's first rung",
            description="No job is stopped earlier. SageMaker calls it MinResource.",
            json_schema_extra={"unit": "epochs", "advanced": True},
        ),
    ] = 1
    median_rule: Annotated[
        MedianRule,
        Field(
            title="Median early stopping",
            description="Three rules go by this name: what is held against the median of what.",
            json_schema_extra={
                "names": {
                    "guide": "SageMaker: score against running averages",
                    "running-average": "syne-tune: average against averages",
                    "best-so-far": "optuna: best so far against scores",
                },
                "advanced": True,
            },
        ),
    ] = "guide"
    startup_minutes: Annotated[
        float,
        Field(
            ge=0,
            le=30,
            title="Start of a job",
            description="Virtual minutes before its first epoch. An epoch of an average configuration takes one.",
            json_schema_extra={"unit": "minutes", "step": 0.5, "advanced": True},
        ),
    ] = 1.0
    api_strategy: Annotated[
        ApiStrategy,
        Field(
            title="Strategy of the tuning job", description="For the API call.", json_schema_extra={"advanced": True}
        ),
    ] = "Hyperband"
    early_stopping: Annotated[
        bool,
        Field(
            title="Early stopping in the tuning job",
            description="TrainingJobEarlyStoppingType Auto. Hyperband wants it Off, and gets it Off.",
            json_schema_extra={"advanced": True},
        ),
    ] = False
    warm_start: Annotated[
        WarmStart,
        Field(
            title="Warm start of the tuning job",
            description="Begin from what an earlier tuning job found. Bayesian and random search only.",
            json_schema_extra={
                "names": {
                    "None": "None",
                    "IdenticalDataAndAlgorithm": "Same data and algorithm",
                    "TransferLearning": "Transfer learning (either may differ)",
                },
                "advanced": True,
            },
        ),
    ] = "None"
