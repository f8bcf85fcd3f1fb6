"""The inputs of the bias calculator."""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from simulators._bias.tally import Definition

DataKey = Literal["berkeley", "lending", "recidivism", "titanic", "diabetes", "college", "own"]
ModelKey = Literal["none", "logistic", "tree", "forest", "boosting", "bayes"]
Mitigation = Literal["none", "reweighing", "resampling", "thresholds"]
Policy = Literal["acceptance", "recall", "specificity", "precision", "accuracy"]

DATA_NAMES: dict[str, str] = {
    "berkeley": "Berkeley admissions, 1973",
    "lending": "Boston mortgages, 1990",
    "recidivism": "Recidivism scores, Broward County",
    "titanic": "Titanic, 1912",
    "diabetes": "Diabetes study (numbers for facet and label)",
    "college": "Three outcomes (the guide's example)",
    "own": "Build your own",
}
MODEL_NAMES: dict[str, str] = {
    "none": "No model: labels only",
    "logistic": "Logistic regression",
    "tree": "Decision tree",
    "forest": "Random forest",
    "boosting": "Gradient boosting",
    "bayes": "Naive Bayes",
}
MITIGATION_NAMES: dict[str, str] = {
    "none": "None",
    "reweighing": "Reweighing the training rows",
    "resampling": "Resampling the training rows",
    "thresholds": "A threshold for each facet",
}
POLICY_NAMES: dict[str, str] = {
    "acceptance": "Equal acceptance",
    "recall": "Equal recall",
    "specificity": "Equal specificity",
    "precision": "Equal precision",
    "accuracy": "Equal accuracy",
}
DEFINITION_NAMES: dict[str, str] = {"guide": "AWS's developer guide", "smclarify": "AWS's library (smclarify 0.5)"}

OWN_FIELDS = (
    "size_a",
    "size_d",
    "rate_a",
    "rate_d",
    "recall_a",
    "recall_d",
    "false_positives_a",
    "false_positives_d",
)
"""The fields that matter only when you build your own groups."""


def _words(names: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"names": dict(names), **more}


def _own(unit: str, step: int, *, advanced: bool = False) -> dict[str, Any]:
    return {"unit": unit, "step": step} | ({"advanced": True} if advanced else {})


@pydantic_dataclass(frozen=True, kw_only=True)
class Params:
    """What to measure, on which people, and what decides about them."""

    data: Annotated[
        DataKey,
        Field(
            title="Data",
            description="Real counts with their source, or two groups of your own.",
            json_schema_extra=_words(DATA_NAMES),
        ),
    ] = "berkeley"
    swap: Annotated[
        bool,
        Field(
            title="Call the other facet d",
            description="Every difference is read from facet a to facet d: see which metrics change their sign.",
        ),
    ] = False
    definition: Annotated[
        Definition,
        Field(
            title="Definition",
            description="AWS's documented formulas, or what AWS's open-source library really computes.",
            json_schema_extra=_words(DEFINITION_NAMES),
        ),
    ] = "guide"
    model: Annotated[
        ModelKey,
        Field(
            title="Classifier",
            description="Trained with scikit-learn; every row is judged by a model that has not seen it.",
            json_schema_extra=_words(MODEL_NAMES),
        ),
    ] = "logistic"
    use_facet: Annotated[
        bool,
        Field(
            title="Train with the facet",
            description="Whether the model may see the sensitive attribute itself.",
        ),
    ] = False
    threshold: Annotated[
        float,
        Field(
            ge=0.02,
            le=0.98,
            title="Decision threshold",
            description="A score above it is a positive prediction, one at or below it a negative one.",
            json_schema_extra={"step": 0.02},
        ),
    ] = 0.5
    mitigation: Annotated[
        Mitigation,
        Field(
            title="Mitigation",
            description="Before training (reweighing, resampling) or after it (a threshold for each facet).",
            json_schema_extra=_words(MITIGATION_NAMES),
        ),
    ] = "none"
    policy: Annotated[
        Policy,
        Field(
            title="What the thresholds make equal",
            description="Only for a threshold for each facet: facet d's is moved until this is equal.",
            json_schema_extra=_words(POLICY_NAMES, advanced=True),
        ),
    ] = "acceptance"
    size_a: Annotated[
        int,
        Field(
            ge=1,
            le=20_000,
            title="Members of facet a",
            description="Size of the advantaged group.",
            json_schema_extra=_own("people", 10),
        ),
    ] = 600
    size_d: Annotated[
        int,
        Field(
            ge=1,
            le=20_000,
            title="Members of facet d",
            description="Size of the disadvantaged group.",
            json_schema_extra=_own("people", 10),
        ),
    ] = 300
    rate_a: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            title="Positive labels in facet a",
            description="Share of the advantaged group with the favourable label.",
            json_schema_extra=_own("%", 1),
        ),
    ] = 60
    rate_d: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            title="Positive labels in facet d",
            description="Share of the disadvantaged group with the favourable label.",
            json_schema_extra=_own("%", 1),
        ),
    ] = 40
    recall_a: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            title="Recall in facet a",
            description="Share of the positive labels that the model finds.",
            json_schema_extra=_own("%", 1, advanced=True),
        ),
    ] = 80
    recall_d: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            title="Recall in facet d",
            description="Share of the positive labels that the model finds.",
            json_schema_extra=_own("%", 1, advanced=True),
        ),
    ] = 70
    false_positives_a: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            title="False positives in facet a",
            description="Share of the negative labels that the model accepts.",
            json_schema_extra=_own("%", 1, advanced=True),
        ),
    ] = 20
    false_positives_d: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            title="False positives in facet d",
            description="Share of the negative labels that the model accepts.",
            json_schema_extra=_own("%", 1, advanced=True),
        ),
    ] = 10
    flip_test: Annotated[
        bool,
        Field(
            title="Run the flip test",
            description="It looks for the nearest neighbours of every member of facet d: by far the slowest metric.",
            json_schema_extra={"advanced": True},
        ),
    ] = True
    seed: Annotated[
        int,
        Field(
            ge=0,
            le=2**31 - 1,
            title="Seed",
            description="Draws the folds and the resampled rows; the same seed gives the same run.",
            json_schema_extra={"advanced": True},
        ),
    ] = 0
