"""Questions without end: a table drawn by seed, a metric to work out, and three answers from classic slips."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, log, nan, sqrt

import numpy as np
import pandas as pd

from simulators._bias import formulas
from simulators._bias.catalogue import METRICS
from simulators._bias.explain import number, work
from simulators._bias.fliptest import Flips
from simulators._bias.tally import Tally, of_confusion, of_labels
from simulators.contract import Drill, shuffled

Slip = tuple[float, str]
"""A wrong value and how one gets it."""
DECIMALS = 3
APART = 0.008
"""Any two choices differ by at least this much, so that rounding decides nothing."""
_FACTS = {"CDDL": "cdd-formula", "DCA": "dcacc-formula"}
"""Facts that are not named as their metric."""


def drill(seed: int, metric: str | None = None) -> Drill:
    """The question of this seed, about this metric if one is given; the same arguments give the same question.

    Raises:
        LookupError: there is no such metric.
    """
    if metric is not None and metric not in METRICS:
        raise LookupError(f"found metric {metric!r}, wanted one of {', '.join(METRICS)}")
    rng = np.random.default_rng([seed, 0 if metric is None else 1 + list(METRICS).index(metric)])
    chosen = metric if metric is not None else str(rng.choice(list(METRICS)))
    while True:
        drawn = _MAKERS[chosen](rng)
        if drawn is None:
            continue
        choices = _pick(drawn, rng)
        if choices is not None:
            return choices


@dataclass(frozen=True)
class _Draft:
    metric: str
    ask: str
    table: pd.DataFrame
    value: float
    steps: tuple[str, ...]
    slips: tuple[Slip, ...]


def _pick(draft: _Draft, rng: np.random.Generator) -> Drill | None:
    """Three slips whose numbers lie apart from the right one and from each other; None if there are too few."""
    if abs(draft.value) < 2 * APART and draft.value:
        return None  # a value next to zero hides the sign, which is the commonest slip
    shown, kept = [draft.value], list[Slip]()
    order = [draft.slips[0], *(draft.slips[1 + place] for place in rng.permutation(len(draft.slips) - 1))]
    for value, why in order:
        if isfinite(value) and len(kept) < 3 and min(abs(value - other) for other in shown) >= APART:
            shown.append(value)
            kept.append((value, why))
    if len(kept) < 3:
        return None
    offered = [(number(value, DECIMALS), why) for value, why in kept]
    right = number(draft.value, DECIMALS), f"Right. {' '.join(draft.steps[-1:])}"
    fact = _FACTS.get(draft.metric, f"{draft.metric.lower()}-formula")
    return shuffled(
        rng, draft.ask, right, offered, facts=(f"bias-metrics/{fact}",), table=draft.table, steps=draft.steps
    )


_ASK = "From this table, what is {code} ({name})?"


def _ask(code: str) -> str:
    return _ASK.format(code=code, name=METRICS[code].name)


def _label_counts(rng: np.random.Generator) -> tuple[tuple[int, int], tuple[int, int]]:
    """(Rejected, accepted) of facet a and of facet d."""
    n_a, n_d = 10 * int(rng.integers(8, 60)), 10 * int(rng.integers(3, 30))
    with_a, with_d = round(n_a * rng.uniform(0.3, 0.8)), round(n_d * rng.uniform(0.1, 0.6))
    return (n_a - with_a, with_a), (n_d - with_d, with_d)


def _label_table(a: tuple[int, ...], d: tuple[int, ...], outcomes: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({"outcome": outcomes, "facet a": a, "facet d": d})


_BINARY = ("rejected", "accepted")
_THREE = ("rejected", "waitlisted", "accepted")


def _labels(code: str) -> Callable[[np.random.Generator], _Draft | None]:
    def make(rng: np.random.Generator) -> _Draft | None:
        (no_a, yes_a), (no_d, yes_d) = counts = _label_counts(rng)
        n_a, n_d, tally = no_a + yes_a, no_d + yes_d, of_labels(*counts, _BINARY)
        values = formulas.pre_training(tally)
        gap = values["DPL"]
        share = yes_a / (yes_a + yes_d) - yes_d / (yes_a + yes_d)
        slips: dict[str, tuple[Slip, ...]] = {
            "CI": (
                (-values["CI"], "This is d minus a. CI subtracts d from a."),
                (n_d / n_a, "This divides the sizes. CI divides their difference by their sum."),
                (gap, "This is DPL: it looks at the labels, which CI ignores."),
                ((yes_a - yes_d) / (yes_a + yes_d), "This counts only the accepted. CI counts all members."),
                ((n_a - n_d) / n_a, "This divides by facet a alone. CI divides by both facets together."),
            ),
            "DPL": (
                (-gap, "This is d minus a. DPL subtracts d from a."),
                (share, "This compares the facets' shares of all acceptances. DPL divides by the size of each facet."),
                (yes_d / n_d / (yes_a / n_a), "This divides the two proportions, as DI does. DPL subtracts them."),
                (values["CI"], "This is CI: it only counts members."),
                ((yes_a - yes_d) / (n_a + n_d), "This divides by all rows. Each facet has its own denominator."),
            ),
        }
        steps = tuple(work(code, tally).steps)
        return _Draft(code, _ask(code), _label_table(*counts, _BINARY), values[code], steps, slips[code])

    return make


def _several(code: str) -> Callable[[np.random.Generator], _Draft | None]:
    def make(rng: np.random.Generator) -> _Draft | None:
        parts = [np.sort(rng.dirichlet((2, 2, 2))) for _ in range(2)]
        a, d = (
            tuple((10 * np.diff([0, *np.round(np.cumsum(part) * 10)[:2], 10])).astype(int).tolist())
            for part in (parts[0], rng.permutation(parts[1]))
        )
        if min(*a, *d) <= 0:
            return None
        tally = of_labels(a, d, _THREE)
        values = formulas.pre_training(tally)
        p_a, p_d = (counts / counts.sum() for counts in tally.distributions)
        reverse, l1 = formulas.divergence(p_d, p_a), 2 * values["TVD"]
        first, last = float(p_a[2] - p_d[2]), float(p_a[0] - p_d[0])
        bits = "This takes logarithms to base 2, so it is in bits. Clarify uses the natural logarithm."
        slips: dict[str, tuple[Slip, ...]] = {
            "KL": (
                (reverse, "This is KL(d, a). Clarify's KL goes from a to d: a's share is in front and on top."),
                (values["KL"] / log(2), bits),
                (values["JS"], "This is JS, the symmetric relative of KL."),
                (values["TVD"], "This is TVD: no logarithm in it."),
                ((values["KL"] + reverse) / 2, "This averages both directions. KL has one: a against d."),
            ),
            "JS": (
                (values["KL"], "This is KL(a, d). JS compares each facet with the mean of the two."),
                (values["JS"] / log(2), bits),
                (sqrt(values["JS"]), "This is the square root, the Jensen-Shannon distance. JS is the divergence."),
                (2 * values["JS"], "This adds the two divergences and forgets to halve them."),
                (
                    (values["KL"] + reverse) / 2,
                    "This averages KL(a, d) and KL(d, a) instead of comparing with the mean.",
                ),
            ),
            "LP": (
                (l1, "This adds the gaps, p = 1. Clarify's LP uses p = 2."),
                (values["LP"] ** 2, "This forgets the root."),
                (values["KS"], "This is KS, the largest gap alone."),
                (values["TVD"], "This is TVD, half the sum of the gaps."),
            ),
            "TVD": (
                (l1, "This is the L1-norm. TVD is half of it."),
                (values["KS"], "This is KS, the largest gap alone."),
                (values["LP"], "This is LP, the root of the squared gaps."),
                (abs(first), "This is the gap at one outcome only. TVD adds all of them."),
            ),
            "KS": (
                (values["TVD"], "This is TVD, half the sum of all gaps."),
                (abs(first), "This is the gap at the last outcome. KS takes the largest, wherever it is."),
                (abs(last), "This is the gap at the first outcome. KS takes the largest, wherever it is."),
                (values["LP"], "This is LP, the root of the squared gaps."),
                (l1, "This adds all gaps."),
                (
                    float(np.abs(np.cumsum(p_a - p_d)).max()),
                    "This compares cumulative shares, as the statistical test "
                    "does. Clarify's KS compares outcome by outcome.",
                ),
            ),
        }
        table = _label_table(a, d, _THREE)
        return _Draft(code, _ask(code), table, values[code], tuple(work(code, tally).steps), slips[code])

    return make


def _conditional(code: str) -> Callable[[np.random.Generator], _Draft | None]:
    def make(rng: np.random.Generator) -> _Draft | None:
        rates, easy = (rng.uniform(0.55, 0.8), rng.uniform(0.15, 0.35)), rng.uniform(0.65, 0.85)
        n_a, n_d = 10 * int(rng.integers(20, 60)), 10 * int(rng.integers(20, 60))
        cells, rows = [], []
        for place, rate in enumerate(rates):
            members = [round(n_a * (easy if place == 0 else 1 - easy)), round(n_d * (1 - easy if place == 0 else easy))]
            accepted = [round(size * np.clip(rate + rng.uniform(-0.08, 0.08), 0.02, 0.98)) for size in members]
            cells.append([[members[facet] - accepted[facet], accepted[facet]] for facet in (0, 1)])
            rows += [("AB"[place], "ad"[facet], cells[-1][facet][0], accepted[facet]) for facet in (0, 1)]
        observed = np.array(cells, dtype=np.int64)
        predicted = code == "CDDPL"
        counts = observed[:, :, None, :] if predicted else observed[:, :, :, None]
        tally = Tally(
            counts=counts,
            outcomes=("accepted",) if predicted else _BINARY,
            positive=np.array([True] if predicted else [False, True]),
            groups=("A", "B"),
            has_predictions=predicted,
        )
        value, overall = (
            formulas.conditional_disparity(tally, predicted=predicted),
            formulas.disparity(tally, predicted=predicted),
        )
        _, disparities = formulas.group_disparities(tally, predicted=predicted)
        totals = observed.sum(axis=0)
        gap = totals[0, 1] / totals[0].sum() - totals[1, 1] / totals[1].sum()
        slips = (
            (overall, "This is the disparity without conditioning: all groups thrown together."),
            (-value, "This is the share of the accepted less the share of the rejected. It is the other way round."),
            (float(disparities.mean()), "This is the plain mean of the groups. Each counts by its rows."),
            (float(gap), "This is the difference of the acceptance rates, a minus d, without conditioning."),
            (float(disparities.sum()), "This adds the groups up. They are averaged, weighted by their rows."),
        )
        kind = "predicted " if predicted else ""
        table = pd.DataFrame(rows, columns=["group", "facet", f"{kind}rejected", f"{kind}accepted"])
        return _Draft(code, _ask(code), table, value, tuple(work(code, tally).steps), slips)

    return make


def _confusions(rng: np.random.Generator) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
    """(TP, FN, FP, TN) of facet a and of facet d."""
    facets = []
    for low, high in ((80, 240), (40, 160)):
        rows = 10 * int(rng.integers(low // 10, high // 10))
        positive = round(rows * rng.uniform(0.3, 0.7))
        tp = round(positive * rng.uniform(0.5, 0.9))
        fp = round((rows - positive) * rng.uniform(0.1, 0.4))
        facets.append((tp, positive - tp, fp, rows - positive - fp))
    return facets[0], facets[1]


def _predictions(code: str) -> Callable[[np.random.Generator], _Draft | None]:
    def make(rng: np.random.Generator) -> _Draft | None:
        a, d = _confusions(rng)
        if min(*a, *d) <= 0:
            return None
        tally = of_confusion(a, d)
        values = formulas.measure(tally)
        table = pd.DataFrame(
            {
                "": ["true positives", "false negatives", "false positives", "true negatives"],
                "facet a": a,
                "facet d": d,
            }
        )
        slips = _post_slips(code, a, d, values)
        return _Draft(code, _ask(code), table, values[code], tuple(work(code, tally).steps), slips)

    return make


def _post_slips(
    code: str, a: tuple[int, int, int, int], d: tuple[int, int, int, int], values: dict[str, float]
) -> tuple[Slip, ...]:
    (tp_a, fn_a, fp_a, tn_a), (tp_d, fn_d, fp_d, tn_d) = a, d
    known, value = METRICS[code], values[code]
    if code == "GE":
        return _entropy_slips(tp_a + tp_d, fn_a + fn_d, fp_a + fp_d, tn_a + tn_d, value)
    turned = (
        "This is a minus d. Here d comes first."
        if known.order == "d - a"
        else (f"This is d minus a. {code} subtracts d from a.")
    )
    reverse: Slip = (-value, turned)
    dar: Slip = (values["DAR"], "This is DAR: precision, which divides by the predicted positives.")
    rd: Slip = (values["RD"], "This is RD: recall, which divides by the observed positives.")
    dppl: Slip = (values["DPPL"], "This is DPPL: it only asks how many are accepted.")
    dpl: Slip = (values["DPL"], "This is DPL: it uses the observed labels.")
    slips: dict[str, tuple[Slip, ...]] = {
        "DPPL": (reverse, dpl, dar, (values["DI"], "This divides the proportions: DI. DPPL subtracts them."), rd),
        "DI": (
            (1 / value if value else nan, "This is a over d. DI has d on top."),
            (values["DPPL"], "This subtracts the proportions: DPPL. DI divides them."),
            (
                (tp_d + fn_d) / (tp_d + fn_d + fp_d + tn_d) / ((tp_a + fn_a) / (tp_a + fn_a + fp_a + tn_a)),
                "This uses the observed labels. DI is about predicted ones.",
            ),
            ((tp_d + fp_d) / (tp_a + fp_a), "This divides the numbers accepted. Each facet has its own size."),
        ),
        "DCA": (
            reverse,
            (
                (tp_a + fp_a) / (tp_a + fn_a) - (tp_d + fp_d) / (tp_d + fn_d),
                "This is predicted over observed. DCA is observed over predicted.",
            ),
            (values["DCR"], "This is DCR: it compares rejections."),
            dar,
            dppl,
        ),
        "DCR": (
            reverse,
            (
                (tn_d + fn_d) / (tn_d + fp_d) - (tn_a + fn_a) / (tn_a + fp_a),
                "This is predicted over observed. DCR is observed over predicted.",
            ),
            (values["DCA"], "This is DCA: it compares acceptances."),
            (values["DRR"], "This is DRR: how many rejections are right."),
        ),
        "RD": (
            reverse,
            dar,
            (values["AD"], "This is AD: all predictions that are right."),
            dppl,
            (values["SD"], "This is SD: it asks about the observed negatives."),
        ),
        "SD": (
            reverse,
            rd,
            (values["DRR"], "This is DRR: it divides by the predicted negatives."),
            (values["AD"], "This is AD: all predictions that are right."),
        ),
        "AD": (
            reverse,
            dppl,
            rd,
            (
                tp_a / (tp_a + fn_a + fp_a + tn_a) - tp_d / (tp_d + fn_d + fp_d + tn_d),
                "This counts only true positives as right. True negatives are right too.",
            ),
            dar,
        ),
        "DAR": (
            reverse,
            rd,
            dppl,
            (values["DRR"], "This is DRR: how many rejections are right."),
            (values["DCA"], "This divides all observed positives by the predicted ones: DCA."),
        ),
        "DRR": (
            reverse,
            (values["SD"], "This is SD: it divides by the observed negatives."),
            dar,
            (-values["DPPL"], "This is the difference of the shares rejected. DRR asks how many rejections are right."),
        ),
        "TE": (
            reverse,
            (fp_a / fn_a - fp_d / fn_d, "This is the older formula: FP/FN, a minus d."),
            (fp_d / fn_d - fp_a / fn_a, "This divides false positives by false negatives. TE is FN/FP."),
            (values["AD"], "This is AD: how many predictions are right."),
        ),
    }
    return slips[code]


def _entropy_slips(tp: int, fn: int, fp: int, tn: int, value: float) -> tuple[Slip, ...]:
    rows = tp + fn + fp + tn
    return (
        (2 * value, "This forgets the half: alpha = 2 divides by 2n."),
        (
            formulas.entropy_of_benefits(tp, fn, fp, tn),
            "This swaps the benefits: a false positive gets 2, a false negative 0.",
        ),
        ((fp + fn) / rows, "This is the error rate."),
        (sqrt(2 * value), "This is the coefficient of variation. GE is half its square."),
        (value / 2, "This halves twice."),
    )


def _flip(rng: np.random.Generator) -> _Draft | None:
    members, advantaged = 10 * int(rng.integers(5, 30)), 10 * int(rng.integers(20, 60))
    flips = Flips(
        refused=int(rng.integers(5, members // 2)),
        favoured=int(rng.integers(1, members // 3)),
        members=members,
        advantaged=advantaged,
        searches=members,
    )
    value = flips.value()
    slips = (
        (
            -value,
            "This is the library's sign. In the guide, d members refused while their neighbours were favoured "
            "count as positive.",
        ),
        ((flips.refused - flips.favoured) / advantaged, "This divides by facet a. FT divides by facet d."),
        ((flips.refused - flips.favoured) / (members + advantaged), "This divides by everybody. FT divides by d."),
        ((flips.refused + flips.favoured) / members, "This adds both kinds of flips. FT subtracts them."),
        (flips.refused / members, "This forgets the d members who were favoured."),
    )
    table = pd.DataFrame(
        {
            "": [
                "members of facet a",
                "members of facet d",
                "d refused, neighbours in a favoured",
                "d favoured, neighbours in a refused",
            ],
            "rows": [advantaged, members, flips.refused, flips.favoured],
        }
    )
    steps = tuple(work("FT", of_confusion((1, 0, 0, 0), (1, 0, 0, 0)), flips=flips).steps)
    return _Draft("FT", _ask("FT"), table, value, steps, slips)


_MAKERS: dict[str, Callable[[np.random.Generator], _Draft | None]] = {
    **{code: _labels(code) for code in ("CI", "DPL")},
    **{code: _several(code) for code in ("KL", "JS", "LP", "TVD", "KS")},
    **{code: _conditional(code) for code in ("CDDL", "CDDPL")},
    **{code: _predictions(code) for code in ("DPPL", "DI", "DCA", "DCR", "RD", "SD", "AD", "DAR", "DRR", "TE", "GE")},
    "FT": _flip,
}
