"""The metrics themselves, each from a `Tally`.

"guide" is the formula as AWS documents it: an impossible ratio is NaN, one over zero infinite. "smclarify" is what the
library 0.5 makes of the same counts: 0/0 counts as 0, two infinities differ by 0, and the divergences leave out every
outcome that one facet never has, without renormalising.
"""

from collections.abc import Callable
from math import inf, isinf, isnan, log, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from simulators._bias.tally import Definition, IntArray, Tally

PRE_TRAINING = ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
POST_TRAINING = ("DPPL", "DI", "DCA", "DCR", "RD", "SD", "AD", "DAR", "DRR", "TE", "CDDPL", "FT", "GE")
Floats = NDArray[np.float64]
Ratio = Callable[[float, float], float]


def measure(tally: Tally, definition: Definition = "guide") -> dict[str, float]:
    """Every metric the counts can give, by Clarify's names; FT, which they cannot, is left out.

    Without predictions only the pre-training metrics are there. A metric that is undefined is NaN.
    """
    values = pre_training(tally, definition)
    if tally.has_predictions:
        values |= post_training(tally, definition)
    return values


def pre_training(tally: Tally, definition: Definition = "guide") -> dict[str, float]:
    """CI DPL KL JS LP TVD KS CDDL."""
    n_a, n_d = tally.sizes
    values = dict.fromkeys(PRE_TRAINING, nan)
    values["CDDL"] = conditional_disparity(tally, definition)
    if n_a == 0 or n_d == 0:
        return values
    with_a, with_d = tally.positives()
    values["CI"] = (n_a - n_d) / (n_a + n_d)
    values["DPL"] = with_a / n_a - with_d / n_d
    p_a, p_d = tally.distributions[0] / n_a, tally.distributions[1] / n_d
    if definition == "smclarify":
        shared = (p_a > 0) & (p_d > 0)
        if not shared.any():
            return values
        p_a, p_d = p_a[shared], p_d[shared]
    middle = (p_a + p_d) / 2
    gaps = np.abs(p_a - p_d)
    values["KL"] = divergence(p_a, p_d)
    values["JS"] = (divergence(p_a, middle) + divergence(p_d, middle)) / 2
    values["LP"] = float(np.sqrt((gaps**2).sum()))
    values["TVD"] = float(gaps.sum() / 2)
    values["KS"] = float(gaps.max())
    return values


def divergence(p: Floats, q: Floats) -> float:
    """Kullback-Leibler: the sum of p ln(p/q) in nats; inf where p has an outcome that q has not."""
    if (q[p > 0] == 0).any():
        return inf
    p, q = p[p > 0], q[p > 0]
    return float((p * np.log(p / q)).sum())


def group_disparities(tally: Tally, *, predicted: bool = False) -> tuple[IntArray, Floats]:
    """Rows and demographic disparity of each group.

    The disparity of a group is d's share of its rejections less d's share of its acceptances. A group without any
    rejection (or acceptance) has no such share; the library counts 0 for it, and so do we under both definitions.
    """
    counts = tally.by_group(predicted=predicted)
    totals = counts.sum(axis=1)
    shares = np.divide(counts[:, 1], totals, out=np.zeros(totals.shape), where=totals > 0)
    sizes: IntArray = totals.sum(axis=1)
    return sizes, shares[:, 0] - shares[:, 1]


def disparity(tally: Tally, *, predicted: bool = False) -> float:
    """Demographic disparity without conditioning: d's share of all rejections less its share of all acceptances."""
    (rejected_d, accepted_d), totals = (table := tally.by_group(predicted=predicted).sum(axis=0))[1], table.sum(axis=0)
    if (totals == 0).any():
        return nan
    return float(rejected_d / totals[0] - accepted_d / totals[1])


def conditional_disparity(tally: Tally, definition: Definition = "guide", *, predicted: bool = False) -> float:
    """CDDL or CDDPL: the disparities of the groups, weighted by their rows.

    NaN without groups, and where nobody at all was accepted or nobody rejected. The library leaves out rows that have
    no group; the guide is silent about them, and here they are one more group.
    """
    if not tally.has_groups or isnan(disparity(tally, predicted=predicted)):
        return nan
    sizes, disparities = group_disparities(tally, predicted=predicted)
    if definition == "smclarify" and tally.has_missing_group:
        sizes, disparities = sizes[:-1], disparities[:-1]
    total = int(sizes.sum())
    if total == 0:
        return 0.0 if definition == "smclarify" else nan
    return float((sizes * disparities).sum() / total)


def post_training(tally: Tally, definition: Definition = "guide") -> dict[str, float]:
    """DPPL DI DCA DCR RD SD AD DAR DRR TE CDDPL GE."""
    values = dict.fromkeys((name for name in POST_TRAINING if name != "FT"), nan)
    (tn_a, fp_a), (fn_a, tp_a) = tally.confusion[0].tolist()
    (tn_d, fp_d), (fn_d, tp_d) = tally.confusion[1].tolist()
    n_a, n_d = tally.sizes
    if definition == "smclarify" and tp_a + fp_a + tp_d + fp_d == 0:
        return values  # the library refuses predictions of which none is positive
    values["CDDPL"] = conditional_disparity(tally, definition, predicted=True)
    values["GE"] = entropy_of_benefits(tp_a + tp_d, fp_a + fp_d, fn_a + fn_d, tn_a + tn_d)
    if n_a == 0 or n_d == 0:
        return values
    of: Ratio = ratio if definition == "guide" else library_ratio
    less = difference if definition == "guide" else library_difference
    q_a, q_d = (tp_a + fp_a) / n_a, (tp_d + fp_d) / n_d
    values |= {
        "DPPL": q_a - q_d,
        "DI": of(q_d, q_a),
        "DCA": less(of(tp_a + fn_a, tp_a + fp_a), of(tp_d + fn_d, tp_d + fp_d)),
        "DCR": less(of(tn_d + fp_d, tn_d + fn_d), of(tn_a + fp_a, tn_a + fn_a)),
        "RD": less(of(tp_a, tp_a + fn_a), of(tp_d, tp_d + fn_d)),
        "SD": less(of(tn_d, tn_d + fp_d), of(tn_a, tn_a + fp_a)),
        "AD": (tp_a + tn_a) / n_a - (tp_d + tn_d) / n_d,
        "DAR": less(of(tp_a, tp_a + fp_a), of(tp_d, tp_d + fp_d)),
        "DRR": less(of(tn_d, tn_d + fn_d), of(tn_a, tn_a + fn_a)),
        "TE": less(of(fn_d, fp_d), of(fn_a, fp_a)),
    }
    return values


def ratio(part: float, whole: float) -> float:
    """part/whole; inf over zero, NaN for 0/0."""
    if whole:
        return part / whole
    return inf if part else nan


def library_ratio(part: float, whole: float) -> float:
    """part/whole; inf over zero, 0 for 0/0."""
    if whole:
        return part / whole
    return inf if part else 0.0


def difference(first: float, second: float) -> float:
    """first less second; NaN where both are infinite."""
    return nan if isinf(first) and isinf(second) else first - second


def library_difference(first: float, second: float) -> float:
    """first less second; 0 where both are infinite."""
    return 0.0 if isinf(first) and isinf(second) else first - second


def entropy_of_benefits(tp: int, fp: int, fn: int, tn: int) -> float:
    """GE, the generalized entropy (alpha 2) of the benefits y' - y + 1: 2 for a false positive, 0 for a false negative.

    Half the squared coefficient of variation: 0 when all benefits are equal, at most (n - 1)/2. NaN when everybody is
    a false negative.
    """
    rows = tp + fp + fn + tn
    total = tp + tn + 2 * fp
    if total == 0:
        return nan
    return (rows * (tp + tn + 4 * fp) / total**2 - 1) / 2


def binary_identities(values: dict[str, float]) -> dict[str, float]:
    """What DPL alone fixes when there are two outcomes: TVD, KS and LP."""
    gap = abs(values["DPL"])
    return {"TVD": gap, "KS": gap, "LP": sqrt(2) * gap}


LN2 = log(2)
"""The greatest JS there is."""
