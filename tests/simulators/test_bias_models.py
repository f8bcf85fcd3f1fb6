"""Real classifiers, what mitigation does to them, and that no model is judged on its own training rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from simulators._bias import models
from simulators.bias import Params, assess, load, measure, of_confusion, prepare, run

CLASSIFIERS = ("logistic", "tree", "forest", "boosting", "bayes")
LENDING = {"data": "lending", "threshold": 0.86}
unhurried = settings(deadline=None, max_examples=60)
tables = some.tuples(some.integers(0, 10_000), some.integers(12, 200))


def drawn(seed, rows):
    rng = np.random.default_rng(seed)
    is_d, positive = rng.random(rows) < 0.4, rng.random(rows) < 0.5
    is_d[:4], positive[:4] = [True, True, False, False], [True, False, True, False]
    return rng.random(rows).round(2), is_d, positive


def confusion(accepted, is_d, positive):
    cells = []
    for facet in (~is_d, is_d):
        yes, label = accepted[facet], positive[facet]
        cells.append(
            tuple(int(part.sum()) for part in (yes & label, ~yes & label, yes & ~label, ~yes & ~label)),
        )
    return measure(of_confusion(*cells))


@unhurried
@given(tables)
def test_weights_make_facet_and_label_independent_and_keep_the_total(table):
    _, is_d, positive = drawn(*table)
    weights = models.independence_weights(is_d, positive)
    assert weights.sum() == pytest.approx(len(is_d))
    rates = [weights[facet & positive].sum() / weights[facet].sum() for facet in (is_d, ~is_d)]
    assert rates[0] == pytest.approx(rates[1]) == pytest.approx(positive.mean())


@unhurried
@given(tables)
def test_resampled_rows_are_independent_as_far_as_whole_rows_go(table):
    _, is_d, positive = drawn(*table)
    rows = models.independent_sample(is_d, positive, table[0])
    assert abs(len(rows) - len(is_d)) <= 2
    for facet in (False, True):
        for label in (False, True):
            wanted = (is_d == facet).sum() * (positive == label).sum() / len(is_d)
            assert abs(((is_d[rows] == facet) & (positive[rows] == label)).sum() - wanted) <= 0.5 + 1e-9


@unhurried
@given(tables)
def test_folds_are_even_in_facet_and_label(table):
    _, is_d, positive = drawn(*table)
    fold = models.make_folds(is_d, positive, table[0])
    for facet in (is_d, ~is_d):
        for label in (positive, ~positive):
            sizes = np.bincount(fold[facet & label], minlength=models.FOLDS)
            assert sizes.max() - sizes.min() <= 1


def test_every_row_is_scored_by_a_model_that_has_not_seen_it():
    """Fitting by hand on the other folds gives the same scores."""
    data = load(Params(**LENDING))
    prepared = prepare(data, Params(**LENDING))
    numbers, labels = prepared.features.to_numpy(), (data.frame["decision"] == "approved").to_numpy()
    for place in range(models.FOLDS):
        train, test = prepared.fold != place, prepared.fold == place
        fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(numbers[train], labels[train])
        assert prepared.scores[test] == pytest.approx(fitted.predict_proba(numbers[test])[:, 1], abs=1e-9)


@unhurried
@given(table=tables, threshold=some.integers(-1, 101).map(lambda x: x / 100))
def test_a_ranked_facet_knows_every_confusion_matrix(table, threshold):
    scores, is_d, positive = drawn(*table)
    sides = []
    for facet in (~is_d, is_d):
        order = np.argsort(scores[facet], kind="stable")
        sides.append(models.rank(scores[facet][order], positive[facet][order]))
    found = models.sweep(*sides, np.array([threshold])).iloc[0]
    wanted = confusion(scores > threshold, is_d, positive)
    for name in models.POLICY_METRICS.values():
        assert found[name] == pytest.approx(wanted[name], nan_ok=True, abs=1e-12), name


@unhurried
@given(
    table=tables, policy=some.sampled_from(list(models.POLICY_METRICS)), threshold=some.sampled_from([0.2, 0.5, 0.8])
)
def test_no_threshold_is_fairer_than_the_fair_one(table, policy, threshold):
    scores, is_d, positive = drawn(*table)
    metric = models.POLICY_METRICS[policy]
    sides = []
    for facet in (~is_d, is_d):
        order = np.argsort(scores[facet], kind="stable")
        sides.append(models.rank(scores[facet][order], positive[facet][order]))
    own = models.fair_threshold(*sides, threshold, policy)

    def gap(of_d):
        return abs(confusion(np.where(is_d, scores > of_d, scores > threshold), is_d, positive)[metric])

    every = [gap(candidate) for candidate in np.append(-1.0, np.unique(scores[is_d]))]
    assume(not np.isnan(every).all())
    assert gap(own) == pytest.approx(np.nanmin(every), abs=1e-12)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_every_classifier_learns_something(model):
    """On lending data each ranks approved above denied applications more often than not, seeded and repeatable."""
    params = Params(**LENDING, model=model, flip_test=False)
    prepared, again = (prepare(load(params), params) for _ in range(2))
    assert np.array_equal(prepared.scores, again.scores)
    positive = prepared.coded.is_positive
    pairs = prepared.scores[positive][:, None] - prepared.scores[~positive][None, :]
    assert (pairs > 0).mean() + (pairs == 0).mean() / 2 > 0.65
    assert ((prepared.scores >= 0) & (prepared.scores <= 1)).all()


def test_none_is_no_classifier():
    with pytest.raises(ValueError, match="found 'none', wanted a classifier"):
        models.fit("none", np.zeros((2, 1)), np.array([True, False]))


def test_training_without_the_facet_does_not_see_it():
    params = Params(**LENDING)
    with_facet, without = (prepare(load(params), Params(**LENDING, use_facet=seen)) for seen in (True, False))
    assert with_facet.scores == pytest.approx(without.twin_scores)
    assert without.scores == pytest.approx(with_facet.twin_scores)
    shuffled = load(params).frame.assign(race=np.random.default_rng(0).permutation(load(params).frame["race"]))
    assert models.design_matrix(shuffled, load(params).source.features).equals(without.features)


def test_reweighing_closes_most_of_the_gap_that_came_from_the_facet():
    found = run(Params(**LENDING, use_facet=True, mitigation="reweighing"))
    assert abs(found.report["DPPL"]) < abs(found.before["DPPL"]) / 4
    assert found.report["DPL"] == found.before["DPL"], "the labels stay as they are"


@pytest.mark.parametrize("policy", list(models.POLICY_METRICS))
def test_a_threshold_for_each_facet_brings_its_metric_closer(policy):
    found = run(Params(**LENDING, mitigation="thresholds", policy=policy, flip_test=False))
    metric = models.POLICY_METRICS[policy]
    assert abs(found.report[metric]) < abs(found.before[metric])


def test_no_policy_makes_everything_equal_where_the_labels_differ():
    found = run(Params(**LENDING, flip_test=False)).policies
    metrics = list(models.POLICY_METRICS.values())
    for policy, metric in models.POLICY_METRICS.items():
        row = found[found["policy"] == policy].iloc[0]
        assert abs(row[metric]) <= found[metric].abs().min() + 1e-12
        assert row[metrics].abs().max() > 0.05


def test_the_threshold_is_exclusive():
    """A score above it is a positive prediction, one at or below it a negative one."""
    params = Params(**LENDING, flip_test=False)
    prepared = prepare(load(params), params)
    exact = float(np.unique(prepared.scores)[np.unique(prepared.scores) < 0.9][-1])
    found = assess(prepared, Params(**{**LENDING, "threshold": exact, "flip_test": False}))
    assert sum(found.plain.tally.predicted_positives()) == (prepared.scores > exact).sum()
    assert (prepared.scores == exact).any()


def test_features_as_numbers():
    frame = pd.DataFrame(
        {
            "n": [1.0, np.nan, 3.0, np.inf],
            "t": ["x", "y", None, "x"],
            "b": [True, False, True, True],
            "names": list("wxyz"),
            "empty": [np.nan] * 4,
        }
    )
    made = models.design_matrix(frame, ("n", "t", "b", "empty"))
    assert made["n"].tolist() == [1, 2, 3, 2]
    assert made["t = x"].tolist() == [1, 0, 0, 1]
    assert made["b"].tolist() == [1, 0, 1, 1]
    assert made["empty"].tolist() == [0] * 4
    wide = pd.DataFrame({"id": [f"p{place}" for place in range(100)]})
    assert models.design_matrix(wide, ("id",)).shape == (100, 0)
