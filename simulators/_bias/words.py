"""What a run found, in sentences; what to ask before it; and the runs worth showing."""

from math import isfinite, isinf, isnan

import numpy as np

from simulators._bias import formulas
from simulators._bias.analysis import Result, Verdict
from simulators._bias.datasets import Source, load
from simulators._bias.explain import number
from simulators._bias.params import MITIGATION_NAMES, Params
from simulators._bias.tally import Tally
from simulators.contract import Prediction, Scenario

ALIKE = 0.01
"""Two gaps closer than this are called the same."""
EQUAL = 0.02
FOUR_FIFTHS = 0.8


def findings(result: Result) -> list[str]:
    """Two to five sentences with the run's own numbers."""
    found = [_labels(result)]
    if result.final.tally.has_groups:
        found.append(_within_groups(result))
    if result.final.tally.has_predictions:
        found += [_model(result), _mitigated(result) or _twin(result) or impossible(result), _alike(result)]
    found += [_parting(result), *result.notes]
    if len(told := [sentence for sentence in found if sentence]) > 1:
        return told[:5]
    return [*told, _identities(result)]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%"


def _labels(result: Result) -> str:
    source, tally = result.source, result.tally
    (n_a, n_d), (with_a, with_d) = tally.sizes, tally.positives()
    words = (
        f"The label is {source.yes!r} for {_share(with_a, n_a)} of {source.a} ({with_a:,} of {n_a:,}) and "
        f"{_share(with_d, n_d)} of {source.d} ({with_d:,} of {n_d:,}): DPL = {number(result.report['DPL'])}."
    )
    if min(n_a, n_d) < 30:
        words = (
            words[:-1]
            + f", and with {min(n_a, n_d)} in the smaller facet one person moves it by {1 / min(n_a, n_d):.3f}."
        )
    return words


def _within_groups(result: Result) -> str:
    source, tally = result.source, result.tally
    overall, inside = formulas.disparity(tally), result.report["CDDL"]
    if isnan(overall) or isnan(inside):
        return f"The disparity conditioned on {source.group} (CDDL) is undefined here."
    group = str(source.group).replace("_", " ")
    gaps = [f"{gap:+.3f}".replace("-", "\N{MINUS SIGN}") for gap in (overall, inside)]
    words = f"Overall the demographic disparity of {source.d} is {gaps[0]}, conditioned on {group} {gaps[1]}"
    if overall * inside < 0:
        return words + ": the sign turns, which is Simpson's paradox."
    if abs(inside) < abs(overall) / 2:
        return words + f": most of the gap goes with {group}, some of it does not."
    if abs(inside) > 0.9 * abs(overall):
        return words + f": {group} does not explain the gap."
    return words + f": {group} explains only part of the gap."


def _model(result: Result) -> str:
    """What the model makes of the gap in the labels."""
    values, source = result.before, result.source
    dpl, dppl, di = values["DPL"], values["DPPL"], values["DI"]
    if isnan(dppl):
        return "The library refuses these predictions, because none of them is positive."
    trend = (
        "as wide as" if abs(abs(dppl) - abs(dpl)) < ALIKE else "wider than" if abs(dppl) > abs(dpl) else "narrower than"
    )
    turned = " on the other side," if dpl * dppl < 0 and min(abs(dppl), abs(dpl)) >= ALIKE else ""
    words = f"The predictions' acceptance gap is DPPL = {number(dppl)},{turned} {trend} the one in the labels"
    if isfinite(di):
        short = source.d if di < FOUR_FIFTHS else source.a if di > 1 / FOUR_FIFTHS else ""
        verdict = f"the four-fifths rule fails for {short}" if short else "the four-fifths rule holds"
        words += f"; DI = {number(di)}, so {verdict}"
    return f"{words}."


def _mitigated(result: Result) -> str:
    if result.mitigated is None:
        return ""
    before, after = result.before, result.report
    was, now = (_accuracy(verdict.tally) for verdict in (result.plain, result.mitigated))
    name = MITIGATION_NAMES[result.params.mitigation]
    changes = [
        f"{code} from {number(before[code], 3)} to {number(after[code], 3)}"
        for code in ("DPPL", "RD", "SD", "DAR", "AD")
        if isfinite(before[code]) and isfinite(after[code])
    ]
    codes = [code for code in ("DPPL", "RD", "SD", "DAR", "AD") if isfinite(before[code]) and isfinite(after[code])]
    better = sum(abs(after[code]) < abs(before[code]) - 0.002 for code in codes)
    worse = sum(abs(after[code]) > abs(before[code]) + 0.002 for code in codes)
    return (
        f"{name} took {', '.join(changes)}: {better} of {len(codes)} gaps became smaller, {worse} larger, and accuracy "
        f"went from {was:.3f} to {now:.3f}."
    )


def _accuracy(tally: Tally) -> float:
    return float(np.trace(tally.confusion.sum(axis=0))) / sum(tally.sizes)


def _gaps_of_twins(result: Result) -> tuple[float, float] | None:
    """|DPPL| of the model with the facet and of the one without."""
    if result.twin is None:
        return None
    own, other = (abs(verdict.guide["DPPL"]) for verdict in (result.plain, result.twin))
    return (own, other) if result.params.use_facet else (other, own)


def _twin(result: Result) -> str:
    gaps = _gaps_of_twins(result)
    if gaps is None:
        return ""
    seen, blind = gaps
    facet = result.source.facet.replace("_", " ")
    measured = f"|DPPL| is {seen:.3f} when the model sees {facet} and {blind:.3f} when it does not"
    if abs(seen - blind) < ALIKE:
        return f"{measured}: the other columns lead to the same gap." if blind >= ALIKE else f"{measured}."
    if blind >= ALIKE:
        return f"{measured}: leaving a column out does not leave out what goes with it."
    return f"{measured}."


def _alike(result: Result) -> str:
    """A warning where CDDPL compares real shares with shares that do not exist."""
    tally = result.final.tally
    if not tally.has_groups or isnan(result.report["CDDPL"]):
        return ""
    counts = tally.by_group(predicted=True).sum(axis=1)
    counts = counts[counts.sum(axis=1) > 0]
    empty = int((counts == 0).any(axis=1).sum())
    if not empty:
        return ""
    return (
        f"In {empty} of {len(counts)} groups the model decides alike for everybody, and a share that does not exist "
        f"counts as 0: do not read CDDPL = {number(result.report['CDDPL'])} as a bias within groups."
    )


def _identities(result: Result) -> str:
    """What must agree when there are two outcomes."""
    return (
        f"With two outcomes TVD = KS = |DPL| = {number(abs(result.report['DPL']))} and LP is the square root of 2 "
        f"times that, {number(result.report['LP'])}."
    )


def impossible(result: Result) -> str:
    """Why equal precision, recall and false-positive rates exclude each other on this table; "" where they do not.

    From FPR = p/(1-p) (1-PPV)/PPV TPR (A. Chouldechova, Fair prediction with disparate impact, Big Data 5, 2017): when
    the shares p of positive labels differ, no imperfect model can have all three equal.
    """
    tally = result.final.tally
    (n_a, n_d), (with_a, with_d) = tally.sizes, tally.positives()
    (_, fp), (fn, tp) = tally.confusion.sum(axis=0).tolist()
    p_a, p_d = with_a / n_a, with_d / n_d
    if abs(p_a - p_d) < ALIKE or not tp or not (0 < p_a < 1 and 0 < p_d < 1) or fp == 0:
        return ""
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    forced = [p / (1 - p) * (1 - precision) / precision * recall for p in (p_a, p_d)]
    return (
        f"Positive labels are {100 * p_a:.1f}% and {100 * p_d:.1f}%: with a precision of {precision:.2f} and a recall "
        f"of {recall:.2f} in both facets, the false-positive rates would have to be {forced[0]:.2f} and "
        f"{forced[1]:.2f}, so no model that errs can make all three equal."
    )


def _parting(result: Result) -> str:
    if not result.parting:
        return ""
    shown = [
        f"{code} ({number(result.final.guide[code], 3)} and {number(result.final.library[code], 3)})"
        for code in result.parting[:4]
    ]
    more = f" and {len(result.parting) - 4} more" if len(result.parting) > 4 else ""
    return f"Guide and library part on {', '.join(shown)}{more}."


def _sign_answer(result: Result) -> int:
    overall, inside = _disparities(result)
    if isnan(overall) or isnan(inside) or not overall or not inside:
        return 2
    return 0 if overall * inside > 0 else 1


def _disparities(result: Result) -> tuple[float, float]:
    return formulas.disparity(result.final.tally), result.final.guide["CDDL"]


def _sign_why(result: Result) -> str:
    overall, inside = _disparities(result)
    if not result.final.tally.has_groups:
        return "This table has no column to condition on, so CDDL is undefined."
    return (
        f"Without conditioning the disparity is {number(overall)}; the mean of the groups, weighted by rows, is "
        f"{number(inside)}."
    )


def _both_kl(result: Result) -> tuple[float, float]:
    """KL(a, d) and KL(d, a) by the guide."""
    tally = result.final.tally
    p_a, p_d = (counts / counts.sum() for counts in tally.distributions)
    return formulas.divergence(p_a, p_d), formulas.divergence(p_d, p_a)


def _kl_answer(result: Result) -> int:
    forth, back = _both_kl(result)
    if forth == back or (isfinite(forth) and abs(forth - back) < 1e-12):
        return 1
    return 0 if back > forth else 2


def _kl_why(result: Result) -> str:
    forth, back = _both_kl(result)
    if isinf(forth) and isinf(back):
        return "Both are infinite: each facet has an outcome that the other never has."
    if forth == 0 == back:
        return "Both are 0: the facets have the same distribution of labels."
    words = f"KL(a, d) = {number(forth)} and KL(d, a) = {number(back)}"
    if _kl_answer(result) == 1:
        return f"{words}: here the direction happens to make no difference."
    return f"{words}: KL is not symmetric."


def _wider_answer(result: Result) -> int:
    values = result.plain.guide
    if "DPPL" not in values or isnan(values["DPPL"]):
        return 3
    labels, predictions = abs(values["DPL"]), abs(values["DPPL"])
    if abs(labels - predictions) <= ALIKE:
        return 1
    return 0 if predictions > labels else 2


def _wider_why(result: Result) -> str:
    values = result.plain.guide
    if "DPPL" not in values:
        return "Nothing is predicted in this run, so there is no post-training metric."
    words = f"|DPL| = {abs(values['DPL']):.4f} in the labels and |DPPL| = {abs(values['DPPL']):.4f} in the predictions."
    if _wider_answer(result) == 0 and result.curve is not None:
        words += " A threshold turns differences of scores into all or nothing."
    return words


def _twin_answer(result: Result) -> int:
    gaps = _gaps_of_twins(result)
    if gaps is None:
        return 3
    if abs(gaps[0] - gaps[1]) <= ALIKE:
        return 2
    return 0 if gaps[0] > gaps[1] else 1


def _twin_why(result: Result) -> str:
    return _twin(result) or "No model is trained in this run."


def _four_fifths_answer(result: Result) -> int:
    di = result.plain.guide.get("DI", float("nan"))
    if isnan(di):
        return 3
    return 0 if di < FOUR_FIFTHS else 2 if di > 1 / FOUR_FIFTHS else 1


def _four_fifths_why(result: Result) -> str:
    if "DI" not in result.plain.guide:
        return "Nothing is predicted in this run, so there is no disparate impact."
    n_a, n_d = result.plain.tally.sizes
    with_a, with_d = result.plain.tally.predicted_positives()
    return (
        f"{_share(with_d, n_d)} of {result.source.d} over {_share(with_a, n_a)} of {result.source.a} is DI = "
        f"{number(result.plain.guide['DI'])}: d on top."
    )


def _recall_after(result: Result) -> float:
    """RD once facet d's threshold makes acceptance equal; NaN without a model."""
    if result.policies is None:
        return float("nan")
    row = result.policies[result.policies["policy"] == "acceptance"]
    return float(row["RD"].iloc[0])


def _both_answer(result: Result) -> int:
    gap = _recall_after(result)
    return 2 if isnan(gap) else 0 if abs(gap) <= EQUAL else 1


def _both_why(result: Result) -> str:
    if result.policies is None:
        return "No model is trained in this run, so there is no threshold to move."
    row = result.policies[result.policies["policy"] == "acceptance"].iloc[0]
    return (
        f"With facet d's own threshold DPPL is {number(float(row['DPPL']))} and RD {number(float(row['RD']))}. Where "
        "the labels differ between facets, equal acceptance and equal recall are two different aims."
    )


_DEFAULTS = Params()
_OF_THE_MODEL = (
    *("model", "use_facet", "threshold", "mitigation"),
    *("recall_a", "recall_d", "false_positives_a", "false_positives_d"),
)


def _source(params: Params) -> Source:
    return load(params).source


def _asks_about_labels(params: Params) -> bool:
    """Nothing is predicted, or nobody has touched what decides about the predictions."""
    return params.model == "none" or all(getattr(params, name) == getattr(_DEFAULTS, name) for name in _OF_THE_MODEL)


def _has_groups(params: Params) -> bool:
    return _asks_about_labels(params) and _source(params).group is not None


def _trains(params: Params) -> bool:
    source = _source(params)
    return params.model != "none" and source.predicted is None and bool(source.features)


def _predicts(params: Params) -> bool:
    return _trains(params) or _source(params).predicted is not None


PREDICTIONS = (
    Prediction(
        ask="Condition on the grouping column: will the disparity of the labels keep its sign?",
        choices=("Yes, the same sign", "No, the opposite sign", "It is zero or undefined"),
        answer=_sign_answer,
        why=_sign_why,
        facts=("bias-metrics/simpsons-paradox", "bias-metrics/cdd-formula"),
        fits=_has_groups,
    ),
    Prediction(
        ask="KL goes from facet a to facet d. Which way will it move if it goes from d to a instead?",
        choices=("It grows", "It stays the same", "It shrinks"),
        answer=_kl_answer,
        why=_kl_why,
        facts=("bias-metrics/kl-is-not-a-distance",),
        fits=_asks_about_labels,
    ),
    Prediction(
        ask="Before any mitigation: will the gap between the facets be wider in the predictions than in the labels?",
        choices=(
            f"Wider by more than {ALIKE}",
            f"The same, within {ALIKE}",
            f"Narrower by more than {ALIKE}",
            "Nothing is predicted",
        ),
        answer=_wider_answer,
        why=_wider_why,
        facts=("bias-metrics/dppl-against-dpl",),
        fits=_predicts,
    ),
    Prediction(
        ask="Train the same model with the facet as an input, and without it: where is the acceptance gap wider?",
        choices=("With the facet", "Without the facet", f"The same, within {ALIKE}", "No model is trained"),
        answer=_twin_answer,
        why=_twin_why,
        facts=("bias-metrics/dppl-formula",),
        fits=_trains,
    ),
    Prediction(
        ask="Before any mitigation: where will disparate impact (DI) lie?",
        choices=("Below 0.8: facet d is accepted too rarely", "From 0.8 to 1.25", "Above 1.25", "It is undefined"),
        answer=_four_fifths_answer,
        why=_four_fifths_why,
        facts=("bias-metrics/four-fifths-rule", "bias-metrics/di-formula"),
        fits=_predicts,
    ),
    Prediction(
        ask="Move facet d's threshold until both facets are accepted equally often. Will recall be equal too?",
        choices=(f"Yes, RD within {EQUAL}", f"No, RD beyond {EQUAL}", "No model is trained"),
        answer=_both_answer,
        why=_both_why,
        facts=("bias-metrics/fairness-notions-conflict", "bias-metrics/rd-formula"),
        fits=_trains,
    ),
)

SCENARIOS = {
    "simpson": Scenario(
        "Simpson's paradox",
        "Women are admitted less often overall and slightly more often within departments: conditioning on the "
        "department turns +0.144 into \N{MINUS SIGN}0.019.",
        {"model": "none"},
    ),
    "amplified": Scenario(
        "A model that sees only the department",
        "A tree that never sees the sex accepts whole departments: the gap of 0.14 in the labels becomes 0.44.",
        {"model": "tree"},
    ),
    "swapped": Scenario(
        "Who is facet d?",
        "Calling men facet d turns the sign of CI, DPL, CDDL and DPPL and leaves JS, LP, TVD and KS alone.",
        {"swap": True},
    ),
    "balanced-labels": Scenario(
        "Balanced labels, biased model",
        "DPL is 0, so no pre-training metric but CI shows anything; the model still finds 90% of facet a's qualified "
        "members and 60% of facet d's.",
        {
            "data": "own",
            "rate_a": 50,
            "rate_d": 50,
            "recall_a": 90,
            "recall_d": 60,
            "false_positives_a": 20,
            "false_positives_d": 20,
        },
    ),
    "tiny-group": Scenario(
        "A tiny group",
        "With eight people in facet d one decision moves DPL by 0.125: a CI near 1 is a warning about every other "
        "metric.",
        {"data": "own", "size_a": 2_000, "size_d": 8, "rate_a": 60, "rate_d": 50},
    ),
    "disjoint": Scenario(
        "Disjoint outcomes",
        "Everybody in a is accepted, nobody in d: KL is infinite, JS reaches ln 2 and TVD 1. The library finds no "
        "common outcome and reports an error for all five divergences.",
        {"data": "own", "rate_a": 100, "rate_d": 0},
    ),
    "perfect": Scenario(
        "Perfect predictions",
        "No errors at all: every difference of error rates is 0, but TE is 0/0. The guide's formula is undefined, the "
        "library says 0.",
        {
            "data": "own",
            "recall_a": 100,
            "recall_d": 100,
            "false_positives_a": 0,
            "false_positives_d": 0,
        },
    ),
    "three-outcomes": Scenario(
        "Three outcomes",
        "The guide's own example has KS = 0.5. The library folds the three outcomes into accepted and the rest, so "
        "KL, JS and LP come out different.",
        {"data": "college"},
    ),
    "proxy": Scenario(
        "Blind to race, not to what goes with it",
        "The model never sees the race, and still accepts Black and Hispanic applicants about 19 points less often.",
        {"data": "lending", "threshold": 0.86},
    ),
    "with-the-facet": Scenario(
        "Training with the facet",
        "The same model with the race as an input more than triples the acceptance gap.",
        {"data": "lending", "threshold": 0.86, "use_facet": True},
    ),
    "reweighing": Scenario(
        "Reweighing the rows",
        "Weights that make race and decision independent in the training rows take most of the gap away that the model "
        "had learnt from the race.",
        {"data": "lending", "threshold": 0.86, "use_facet": True, "mitigation": "reweighing"},
    ),
    "own-threshold": Scenario(
        "A threshold for each facet",
        "Equal acceptance is nearly reached, and precision drifts further apart: what improves one metric worsens "
        "another.",
        {"data": "lending", "threshold": 0.86, "mitigation": "thresholds"},
    ),
    "equal-precision": Scenario(
        "Fair by one measure, unfair by another",
        "The score's two verdicts are about equally reliable in both groups (DAR and DRR below 0.07), while recall and "
        "specificity differ by about 0.2.",
        {"data": "recidivism"},
    ),
    "several-values": Scenario(
        "Several sensitive values",
        "Third class and crew together are facet d. Conditioned on the sex a little over half of their disadvantage "
        "remains: the crew were nearly all men.",
        {"data": "titanic"},
    ),
    "numbers": Scenario(
        "Numbers for facet and label",
        "50 means over 50, 140 means above 140. The 'positive' label is bad news here, so a negative DPL says that the "
        "older patients fare worse.",
        {"data": "diabetes"},
    ),
}


def verdicts(result: Result) -> list[tuple[str, Verdict]]:
    """The sets of predictions of a run, by name."""
    named = [("before mitigation" if result.mitigated is not None else "now", result.plain)]
    if result.mitigated is not None:
        named.append(("after mitigation", result.mitigated))
    if result.twin is not None:
        named.append(("without the facet" if result.params.use_facet else "with the facet", result.twin))
    return named
