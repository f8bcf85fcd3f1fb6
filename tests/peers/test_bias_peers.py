"""Other libraries as witnesses of the bias metrics: AWS's own, Fairlearn and AIF360."""

import logging
import warnings
from importlib import import_module
from math import isfinite, isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

from simulators.bias import measure, of_confusion, report

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
PRE = ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
POST = ("DPPL", "DI", "DCA", "DCR", "RD", "SD", "AD", "DAR", "DRR", "TE", "CDDPL", "FT", "GE")
patient = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
quadrants = some.tuples(*[some.integers(0, 60)] * 4).filter(lambda cells: sum(cells) > 0)


def library_report(frame, facet, disadvantaged, label, positive, predicted, group):
    """What smclarify 0.5 makes of the table; a metric or a report that ends in an error is NaN."""
    known = import_module("smclarify.bias.report")
    logging.disable(logging.CRITICAL)
    text = {name: object for name in frame.columns if isinstance(frame[name].dtype, pd.StringDtype)}
    frame = frame.astype(text)
    found = dict.fromkeys(PRE + POST, nan)
    for stage in (known.StageType.PRE_TRAINING, known.StageType.POST_TRAINING):
        after = stage is known.StageType.POST_TRAINING
        try:
            made = known.bias_report(
                frame,
                known.FacetColumn(facet, list(disadvantaged)),
                known.LabelColumn(label, frame[label], list(positive)),
                stage,
                known.LabelColumn(predicted, frame[predicted], None) if after else None,
                ["all"],
                None if group is None else frame[group],
            )
        except Exception:  # noqa: BLE001 - the library raises Exception itself, and whatever pandas raised
            continue
        for one in made[0]["metrics"]:
            value = one["value"]
            found[one["name"]] = nan if value is None else float(value)
    logging.disable(logging.NOTSET)
    return found


def kinds(rows, rng):
    """A column of some type, and lists of values that a learner may give for it."""
    with_gaps = rng.normal(size=rows).round(1)
    with_gaps[rng.random(rows) < 0.2] = nan
    text_with_gaps = np.array(["u", "v"], dtype=object)[rng.integers(0, 2, rows)]
    text_with_gaps[rng.random(rows) < 0.1] = None
    letters = np.array(["a", "b", "c"], dtype=object)[rng.integers(0, 3, rows)]
    digits = np.array(["0", "1", "2"], dtype=object)[rng.integers(0, 3, rows)]
    bit = rng.integers(0, 2, rows)
    return [
        (bit, [[1], [0], [1.0], ["1"], [True], [2], [0, 1]]),
        (bit.astype(float), [[1], [0], [0.5], [1.0], [0.0, 1.0], ["0.5"]]),
        (bit.astype(bool), [[True], [False], [1], ["True"], ["False"], [0]]),
        (pd.Series(letters, dtype=object), [["a"], ["b", "c"], ["z"], [1]]),
        (pd.Series(letters).astype("category"), [["a"], ["b", "c"], ["zz"]]),
        (pd.Series(digits, dtype=object), [["1"], [1], [1, 2], ["0", "2"], [0.5], ["x"]]),
        (pd.Series(text_with_gaps, dtype=object), [["u"], ["v"], ["w"]]),
        (rng.integers(18, 80, rows), [[40], [40.5], ["40"], [100], [0], [20, 21]]),
        (rng.integers(0, 4, rows), [[1], [2, 3], ["3"], [0.5], ["a"], [1.7]]),
        (rng.normal(size=rows).round(2), [[0], [0.5], [-1], [5], ["x"]]),
        (with_gaps, [[0], [0.3], [0.1, 0.2]]),
    ]


@patient
@given(seed=some.integers(0, 2**32 - 1), rows=some.sampled_from([1, 2, 3, 5, 8, 12, 25, 41, 60, 200]))
def test_every_metric_agrees_with_awss_library(seed, rows):
    """Any types, sizes, thresholds, groups, gaps and features: the same values, and the same ones undefined."""
    rng = np.random.default_rng(seed)

    def draw():
        columns = kinds(rows, rng)
        return columns[rng.integers(len(columns))]

    (facet, sensitive), (label, favourable) = draw(), draw()
    shuffled = pd.Series(label).sample(frac=1, random_state=int(rng.integers(1_000_000))).reset_index(drop=True)
    predicted = draw()[0] if rng.random() < 0.25 else pd.Series(label).where(rng.random(rows) > 0.3, shuffled)
    frame = pd.DataFrame({"facet": facet, "label": label, "predicted": predicted})
    for place in range(rng.integers(0, 3)):
        frame[f"x{place}"] = rng.normal(size=rows) if rng.random() < 0.6 else rng.integers(0, 4, rows)
    if rng.random() < 0.1:
        frame["flag"] = rng.random(rows) < 0.5
    group = None
    if rng.random() < 0.7:
        group, frame["group"] = "group", draw()[0]
    disadvantaged, positive = (values[rng.integers(len(values))] for values in (sensitive, favourable))
    wanted = library_report(frame, "facet", disadvantaged, "label", positive, "predicted", group)
    found = report(
        frame,
        facet="facet",
        disadvantaged=disadvantaged,
        label="label",
        positive=positive,
        predicted="predicted",
        group=group,
        definition="smclarify",
    )
    for name, value in wanted.items():
        ours = found[name]
        assert (isnan(ours) and isnan(value)) or ours == value or abs(ours - value) <= 1e-9, name


@patient
@given(a=quadrants, d=quadrants)
def test_counts_alone_agree_with_awss_library(a, d):
    rows = [
        (facet, label, predicted)
        for facet, cells in (("a", a), ("d", d))
        for (label, predicted), count in zip((("1", "1"), ("1", "0"), ("0", "1"), ("0", "0")), cells, strict=True)
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["facet", "label", "predicted"], dtype=object)
    frame = frame.assign(label=frame["label"].map({"1": "yes", "0": "no"}))
    frame = frame.assign(predicted=frame["predicted"].map({"1": "yes", "0": "no"}))
    wanted = library_report(frame, "facet", ["d"], "label", ["yes"], "predicted", None)
    for name, value in measure(of_confusion(a, d), "smclarify").items():
        assert (isnan(value) and isnan(wanted[name])) or value == wanted[name] or abs(value - wanted[name]) <= 1e-9, (
            name
        )


def people(a, d):
    rows = [
        (facet, label, predicted)
        for facet, cells in ((0, a), (1, d))
        for (label, predicted), count in zip(((1, 1), (1, 0), (0, 1), (0, 0)), cells, strict=True)
        for _ in range(count)
    ]
    return pd.DataFrame(rows, columns=["facet", "label", "predicted"])


@patient
@given(a=quadrants, d=quadrants)
def test_fairlearn_agrees(a, d):
    """Fairlearn takes absolute differences, and the smaller ratio."""
    fair = import_module("fairlearn.metrics")
    frame, found = people(a, d), measure(of_confusion(a, d))
    given_to = {"sensitive_features": frame["facet"]}
    gap = fair.demographic_parity_difference(frame["label"], frame["predicted"], **given_to)
    assert gap == pytest.approx(abs(found["DPPL"]), abs=1e-9)
    if isfinite(found["DI"]) and found["DI"] > 0:
        ratio = fair.demographic_parity_ratio(frame["label"], frame["predicted"], **given_to)
        assert ratio == pytest.approx(min(found["DI"], 1 / found["DI"]), abs=1e-9)
    if isfinite(found["RD"]):
        gap = fair.equal_opportunity_difference(frame["label"], frame["predicted"], **given_to)
        assert gap == pytest.approx(abs(found["RD"]), abs=1e-9)


@patient
@given(a=quadrants, d=quadrants)
def test_aif360_agrees(a, d):
    """AIF360 subtracts the privileged group from the other one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets, metrics = import_module("aif360.datasets"), pytest.importorskip("aif360.metrics")
    frame, found = people(a, d), measure(of_confusion(a, d))
    assume(frame["label"].nunique() == 2)

    def table(column):
        chosen = frame[["facet", column]].rename(columns={column: "label"}).astype(float)
        return datasets.BinaryLabelDataset(
            df=chosen,
            label_names=["label"],
            protected_attribute_names=["facet"],
            favorable_label=1,
            unfavorable_label=0,
        )

    groups = {"unprivileged_groups": [{"facet": 1}], "privileged_groups": [{"facet": 0}]}
    known = metrics.ClassificationMetric(table("label"), table("predicted"), **groups)
    wanted = {
        "DPL": -metrics.BinaryLabelDatasetMetric(table("label"), **groups).mean_difference(),
        "DPPL": -known.statistical_parity_difference(),
        "DI": known.disparate_impact(),
        "RD": -known.equal_opportunity_difference(),
        "AD": known.accuracy(True) - known.accuracy(False),
        "DAR": known.positive_predictive_value(True) - known.positive_predictive_value(False),
        "DRR": known.negative_predictive_value(False) - known.negative_predictive_value(True),
        "SD": known.true_negative_rate(False) - known.true_negative_rate(True),
        "GE": known.generalized_entropy_index(alpha=2),
    }
    for name, value in wanted.items():
        if isfinite(found[name]):
            assert value == pytest.approx(found[name], abs=1e-9), name
