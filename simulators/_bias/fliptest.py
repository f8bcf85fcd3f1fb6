"""The counterfactual flip test: is a member of facet d treated like the members of facet a who resemble her most?

The neighbours are those of scikit-learn, set up as in AWS's library: five of them (one if facet a has fewer than ten
members), Euclidean distance on the features as they are, without scaling. Members of facet d who are alike are asked
about once. Beyond 20,000 searches SciPy's k-d tree finds the neighbours, which takes half the time, and scikit-learn
still answers wherever two candidates are equally far away. The guide counts d members who were refused while their
neighbours were favoured as F+; the library counts them as F-, so its sign is the opposite.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-post-training-bias-metric-ft.html
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree
from sklearn.neighbors import KNeighborsClassifier

from simulators._bias.tally import BoolArray, Definition
from simulators.contract import OnProgress

NEIGHBOURS = 5
FEW = 9
"""Up to this many members of facet a, only the nearest one is asked."""
_TREE_COLUMNS = 15
"""scikit-learn searches a tree up to this many columns, and compares every pair beyond."""
_STEP = 20_000
_CERTAIN = 1e-9
"""Distances closer than this share of themselves may come in either order by rounding."""


@dataclass(frozen=True)
class Flips:
    """What the flip test counted."""

    refused: int
    """F+ of the guide: d members who were refused while their neighbours in a were favoured."""
    favoured: int
    """F- of the guide: d members who were favoured while their neighbours in a were refused."""
    members: int
    """Members of facet d."""
    advantaged: int
    """Members of facet a, among whom the neighbours were looked for."""
    searches: int
    """Neighbour searches really made: one for each different row of facet d."""

    def value(self, definition: Definition = "guide") -> float:
        """FT, between -1 and 1; positive in the guide's sign when d members would have fared better in a."""
        share = (self.refused - self.favoured) / self.members
        return share if definition == "guide" else -share


def flip_test(
    features: NDArray[Any], is_d: BoolArray, predicted: BoolArray, *, on_progress: OnProgress | None = None
) -> Flips:
    """Ask the neighbours of every member of facet d.

    Args:
        features: one row per person, numbers only.
        is_d: who belongs to facet d.
        predicted: who has a positive prediction.
        on_progress: told after every 20,000 searches; what it raises ends the test.

    Raises:
        ValueError: a facet is empty, there is no feature, or a feature is missing or infinite.
    """
    of_a, of_d, favoured = features[~is_d], features[is_d], predicted[~is_d]
    if not len(of_a) or not len(of_d):
        raise ValueError(f"flip test: found {len(of_a)} members of facet a and {len(of_d)} of d, wanted some of each")
    neighbours = NEIGHBOURS if len(of_a) > FEW else 1
    search = KNeighborsClassifier(n_neighbors=neighbours)
    by_tree = features.shape[1] <= _TREE_COLUMNS and neighbours < len(of_a) // 2
    asked, places = _different(of_d) if by_tree else (of_d, None)
    if by_tree and len(asked) > _STEP:
        as_if_a = _predict_many(search, of_a, favoured, asked, on_progress)
    else:
        if on_progress is not None:
            on_progress(0.0, f"flip test: {len(asked):,} neighbour searches")
        as_if_a = search.fit(of_a, favoured).predict(asked).astype(bool)
    if places is not None:
        as_if_a = as_if_a[places]
    as_d = predicted[is_d]
    return Flips(
        refused=int((~as_d & as_if_a).sum()),
        favoured=int((as_d & ~as_if_a).sum()),
        members=len(of_d),
        advantaged=len(of_a),
        searches=len(asked),
    )


def _predict_many(
    search: KNeighborsClassifier,
    of_a: NDArray[Any],
    favoured: BoolArray,
    asked: NDArray[Any],
    on_progress: OnProgress | None,
) -> BoolArray:
    """What `search` would predict for very many rows, several times as fast.

    Both facets are put in order of place first, so that one search after the other reads the same part of memory.
    Neither the order nor the tree decides anything while the neighbours are certain; where the first one left out is
    as far away as the last one taken, `search` itself answers. Tables with many such ties are left to it altogether.
    """
    kept = search.n_neighbors
    order_a, order_d = _by_place(of_a), _by_place(asked)
    tree, votes = KDTree(of_a[order_a].astype(float), balanced_tree=False), favoured[order_a]
    answers, tied, fitted = np.empty(len(asked), dtype=bool), False, False
    for start in range(0, len(asked), _STEP):
        if on_progress is not None:
            on_progress(start / len(asked), f"flip test: {start:,} of {len(asked):,} neighbour searches")
        rows = unsure = order_d[start : start + _STEP]
        if not tied:
            distances, nearest = map(np.asarray, tree.query(asked[rows], kept + 1))
            answers[rows] = votes[nearest[:, :kept]].sum(axis=1) > kept / 2
            unsure = rows[distances[:, kept - 1] >= distances[:, kept] * (1 - _CERTAIN)]
            tied = len(unsure) > len(rows) / 3
        if len(unsure):
            if not fitted:
                search.fit(of_a, favoured)
                fitted = True
            answers[unsure] = search.predict(asked[unsure])
    return answers


def _different(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
    """The different rows, and which of them each row is; the rows themselves if nearly all differ."""
    code = np.zeros(len(rows), dtype=np.int64)
    for place in range(rows.shape[1]):
        column, values = pd.factorize(rows[:, place])
        if len(values) > 0.9 * len(rows):
            return rows, None
        code, kept = pd.factorize(code * (len(values) + 1) + column)
        if len(kept) > 0.9 * len(rows):
            return rows, None
    first = np.empty(int(code.max()) + 1, dtype=np.int64)
    first[code] = np.arange(len(rows))
    return rows[first], code.astype(np.int64, copy=False)


def _by_place(rows: NDArray[Any]) -> NDArray[np.int64]:
    """An order in which rows that lie close together follow each other: a Morton curve through the widest columns."""
    columns = np.argsort(-np.asarray(rows, dtype=float).std(axis=0))[:4]
    bits = 16 // len(columns)
    sample = rows[:: max(1, len(rows) // 10_000)]
    edges = [np.quantile(sample[:, column], np.arange(1, 2**bits) / 2**bits) for column in columns]
    cells = [np.searchsorted(edge, rows[:, column]) for edge, column in zip(edges, columns, strict=True)]
    code = np.zeros(len(rows), dtype=np.int64)
    for bit in range(bits - 1, -1, -1):
        for cell in cells:
            code = 2 * code + ((cell >> bit) & 1)
    return np.argsort(code.astype(np.uint16), kind="stable")
