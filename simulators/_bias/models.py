"""Real classifiers for post-training metrics, and what mitigation does to them.

Every row is scored by a model fitted on the other folds (three folds, even in facet and label), so that the whole
table can be judged without judging a model on its own training rows. Mitigation before training follows F. Kamiran and
T. Calders, Data preprocessing techniques for classification without discrimination, Knowledge and Information Systems
33 (2012): weights, or a resample, under which facet and label are independent. Mitigation after training gives facet d
its own threshold, chosen on the other folds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from simulators._bias.formulas import Floats
from simulators._bias.params import Mitigation, ModelKey, Policy
from simulators._bias.tally import BoolArray, IntArray
from simulators.contract import OnProgress

FOLDS = 3
TRAIN_ROWS = 20_000
"""A model learns from at most this many rows of the other folds, drawn by seed; it still scores every row."""
MANY_LEVELS = 20
"""Text with more different values than this is no feature: it would name people rather than describe them."""
POLICY_METRICS: dict[Policy, str] = {
    "acceptance": "DPPL",
    "recall": "RD",
    "specificity": "SD",
    "precision": "DAR",
    "accuracy": "AD",
}


def design_matrix(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """The columns as numbers: missing ones take the median, text becomes one column for each value."""
    parts = []
    for name in columns:
        column = frame[name]
        if pd.api.types.is_bool_dtype(column.dtype):
            parts.append(column.fillna(False).astype(float).rename(str(name)))
        elif pd.api.types.is_numeric_dtype(column.dtype):
            numbers = column.astype(float).replace([np.inf, -np.inf], np.nan)
            parts.append(numbers.fillna(numbers.median() if numbers.notna().any() else 0.0).rename(str(name)))
        elif column.nunique() <= MANY_LEVELS:
            parts.extend(
                (column == value).fillna(False).astype(float).rename(f"{name} = {value}")
                for value in sorted(column.dropna().unique(), key=str)
            )
    return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=frame.index)


def make_folds(is_d: BoolArray, is_positive: BoolArray, seed: int) -> IntArray:
    """The fold of each row; facet and label are spread evenly."""
    order = np.random.default_rng(seed).permutation(len(is_d))
    order = order[np.argsort(2 * is_d[order] + is_positive[order], kind="stable")]
    fold = np.empty(len(is_d), dtype=np.int64)
    fold[order] = np.arange(len(is_d)) % FOLDS
    return fold


def cross_scores(
    features: pd.DataFrame,
    is_d: BoolArray,
    is_positive: BoolArray,
    fold: IntArray,
    *,
    model: ModelKey,
    mitigation: Mitigation = "none",
    seed: int = 0,
    on_share: Callable[[float], None] = lambda _: None,
) -> Floats:
    """The score of each row, between 0 and 1, by a model that was fitted without its fold.

    `on_share` is told the share done, several times for each fold of an ensemble.
    """
    numbers = features.to_numpy(dtype=float)
    scores = np.empty(len(numbers))
    for place in range(FOLDS):
        on_share(place / FOLDS)
        train, test = np.flatnonzero(fold != place), np.flatnonzero(fold == place)
        if len(train) > TRAIN_ROWS:
            train = np.sort(np.random.default_rng([seed, place]).choice(train, TRAIN_ROWS, replace=False))
        weights = None
        if mitigation == "reweighing":
            weights = independence_weights(is_d[train], is_positive[train])
        elif mitigation == "resampling":
            train = train[independent_sample(is_d[train], is_positive[train], seed + place)]
        labels = is_positive[train]
        if not len(test):
            continue
        if not len(train) or labels.all() or not labels.any() or not numbers.shape[1]:
            scores[test] = labels.mean() if len(train) else 0.5
            continue
        fitted = fit(model, numbers[train], labels, weights, seed=seed, on_share=_of_fold(on_share, place))
        scores[test] = fitted.predict_proba(numbers[test])[:, 1]
    return scores


def _of_fold(on_share: Callable[[float], None], place: int) -> Callable[[float], None]:
    """The share done of one fold, as a share of all."""
    return lambda share: on_share((place + share) / FOLDS)


def fit(
    model: ModelKey,
    features: NDArray[Any],
    labels: BoolArray,
    weights: Floats | None = None,
    *,
    seed: int = 0,
    on_share: Callable[[float], None] = lambda _: None,
) -> Any:
    """A fitted scikit-learn classifier; an ensemble grows in a few steps, and tells `on_share` after each.

    Raises:
        ValueError: "none" is no classifier.
    """
    made: Any
    if model == "logistic":
        made = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        return made.fit(features, labels, logisticregression__sample_weight=weights)
    if model == "tree":
        return DecisionTreeClassifier(max_depth=5, min_samples_leaf=20, random_state=seed).fit(
            features, labels, sample_weight=weights
        )
    if model == "bayes":
        return GaussianNB().fit(features, labels, sample_weight=weights)
    if model == "forest":
        made = RandomForestClassifier(max_depth=8, min_samples_leaf=5, random_state=seed, warm_start=True)
        size, steps = "n_estimators", range(5, 31, 5)
    elif model == "boosting":
        made = HistGradientBoostingClassifier(
            max_leaf_nodes=8, early_stopping=False, random_state=seed, warm_start=True
        )
        size, steps = "max_iter", range(10, 41, 10)
    else:
        raise ValueError(f"model: found {model!r}, wanted a classifier")
    for step in steps:
        made.set_params(**{size: step}).fit(features, labels, sample_weight=weights)
        on_share(step / steps[-1])
    return made


def independence_weights(is_d: BoolArray, is_positive: BoolArray) -> Floats:
    """The weight of each row under which facet and label are independent; rows keep their total weight."""
    weights = np.ones(len(is_d))
    for facet in (False, True):
        for label in (False, True):
            cell = (is_d == facet) & (is_positive == label)
            if cell.any():
                weights[cell] = (is_d == facet).sum() * (is_positive == label).sum() / (len(is_d) * cell.sum())
    return weights


def independent_sample(is_d: BoolArray, is_positive: BoolArray, seed: int) -> IntArray:
    """Rows drawn so that facet and label are independent; a cell that is too small repeats rows."""
    rng = np.random.default_rng(seed)
    drawn = []
    for facet in (False, True):
        for label in (False, True):
            cell = np.flatnonzero((is_d == facet) & (is_positive == label))
            wanted = round((is_d == facet).sum() * (is_positive == label).sum() / len(is_d))
            if len(cell):
                drawn.append(rng.choice(cell, size=wanted, replace=wanted > len(cell)))
    return np.sort(np.concatenate(drawn)) if drawn else np.arange(0)


@dataclass(frozen=True, eq=False)
class Ranked:
    """The scores of one facet in order, so that any threshold's confusion matrix is a look-up."""

    thresholds: Floats
    """Every score, and one below all of them: rows above the threshold are accepted."""
    accepted_positives: Floats
    accepted_negatives: Floats
    positives: int
    negatives: int

    def metrics(self, places: NDArray[Any]) -> dict[str, Floats]:
        """The five rates of this facet at these thresholds; NaN where one is undefined."""
        tp, fp = self.accepted_positives[places], self.accepted_negatives[places]
        fn, tn = self.positives - tp, self.negatives - fp
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "DPPL": (tp + fp) / (self.positives + self.negatives),
                "RD": tp / (tp + fn),
                "SD": tn / (tn + fp),
                "DAR": tp / (tp + fp),
                "AD": (tp + tn) / (self.positives + self.negatives),
            }

    def places(self, thresholds: Floats) -> NDArray[Any]:
        """Where these thresholds lie among the known ones."""
        return np.searchsorted(self.thresholds, thresholds, side="right") - 1


def rank(scores: Floats, is_positive: BoolArray) -> Ranked:
    """The scores of one facet; they must be in ascending order."""
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else np.arange(0)
    refused_positives = np.append(0.0, np.cumsum(is_positive)[last])
    refused_negatives = np.append(0.0, last + 1.0) - refused_positives
    positives = int(is_positive.sum())
    negatives = len(is_positive) - positives
    return Ranked(
        thresholds=np.append(-np.inf, scores[last]),
        accepted_positives=positives - refused_positives,
        accepted_negatives=negatives - refused_negatives,
        positives=positives,
        negatives=negatives,
    )


def gaps(of_a: dict[str, Floats], of_d: dict[str, Floats]) -> dict[str, Floats]:
    """The five metrics from the rates of both facets; d comes first in SD."""
    return {name: of_d[name] - of_a[name] if name == "SD" else of_a[name] - of_d[name] for name in of_a}


def fair_threshold(a: Ranked, d: Ranked, threshold: float, policy: Policy) -> float:
    """The threshold of facet d that makes one rate equal while facet a keeps its own; the nearest if several do."""
    metric = POLICY_METRICS[policy]
    at = a.metrics(a.places(np.array([threshold])))
    every = np.arange(len(d.thresholds))
    off = np.abs(gaps(at, d.metrics(every))[metric])
    if np.isnan(off).all():
        return threshold
    best = np.flatnonzero(off <= np.nanmin(off) + 1e-12)
    low = d.thresholds[best]
    high = np.append(d.thresholds[1:], np.inf)[best]
    nearest = np.clip(threshold, low, np.nextafter(high, -np.inf))
    return float(np.clip(nearest[int(np.abs(nearest - threshold).argmin())], -1.0, 2.0))


def group_thresholds(
    scores: Floats,
    is_positive: BoolArray,
    fold: IntArray,
    order: tuple[IntArray, IntArray],
    *,
    threshold: float,
    policy: Policy,
) -> BoolArray:
    """Predictions with facet d's own threshold, chosen for each fold on the rows of the other folds.

    `order` holds the rows of facet a and of facet d by ascending score.
    """
    accepted: BoolArray = scores > threshold
    in_order = [(scores[rows], is_positive[rows], fold[rows]) for rows in order]
    for place in range(FOLDS):
        a, d = (rank(ranked[folds != place], label[folds != place]) for ranked, label, folds in in_order)
        here = order[1][in_order[1][2] == place]
        accepted[here] = scores[here] > fair_threshold(a, d, threshold, policy)
    return accepted


def sweep(a: Ranked, d: Ranked, thresholds: Floats) -> pd.DataFrame:
    """The five metrics at each common threshold."""
    found = gaps(a.metrics(a.places(thresholds)), d.metrics(d.places(thresholds)))
    return pd.DataFrame({"threshold": thresholds, **found})


def policies(a: Ranked, d: Ranked, threshold: float) -> pd.DataFrame:
    """The five metrics under one common threshold and under each policy, its threshold chosen on these very rows."""
    rows = []
    for policy in (None, *POLICY_METRICS):
        own = threshold if policy is None else fair_threshold(a, d, threshold, policy)
        found = gaps(a.metrics(a.places(np.array([threshold]))), d.metrics(d.places(np.array([own]))))
        rows.append(
            {"policy": policy or "common", "threshold_d": own} | {name: float(v[0]) for name, v in found.items()}
        )
    return pd.DataFrame(rows)


def part_of(on_progress: OnProgress | None, start: float, share: float) -> OnProgress:
    """Progress within a slice of the whole run."""
    if on_progress is None:
        return lambda _share, _words: None
    return lambda done, words: on_progress(start + share * done, words)
