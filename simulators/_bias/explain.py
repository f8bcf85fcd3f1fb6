"""A metric worked through with the numbers at hand: step by step, as a formula filled in, and in words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isinf, isnan, log, nan

import numpy as np

from simulators._bias import formulas
from simulators._bias.catalogue import METRICS
from simulators._bias.fliptest import Flips
from simulators._bias.tally import Definition, Tally

Fraction = tuple[int, int]
MANY_GROUPS = 12
"""A formula is written out for at most this many groups or outcomes."""


@dataclass(frozen=True)
class Worked:
    """One metric worked through."""

    steps: tuple[str, ...]
    formula: str
    """The formula with its numbers, as LaTeX."""
    value: float


@dataclass(frozen=True)
class _Rates:
    """A metric that compares one rate of facet a with the same rate of facet d: which counts over which."""

    what: str
    part: tuple[str, ...]
    whole: tuple[str, ...]

    def of(self, quadrants: dict[str, int]) -> Fraction:
        """The two numbers that are divided."""
        return sum(quadrants[name] for name in self.part), sum(quadrants[name] for name in self.whole)


_ALL = ("TP", "FN", "FP", "TN")
_ACCEPTED, _REFUSED = ("TP", "FP"), ("TN", "FN")
_QUALIFIED, _UNQUALIFIED = ("TP", "FN"), ("TN", "FP")
_RATES = {
    "DPL": _Rates("positive labels / members", _QUALIFIED, _ALL),
    "DPPL": _Rates("predicted positives / members", _ACCEPTED, _ALL),
    "DI": _Rates("predicted positives / members", _ACCEPTED, _ALL),
    "DCA": _Rates("observed acceptances / predicted acceptances", _QUALIFIED, _ACCEPTED),
    "DCR": _Rates("observed rejections / predicted rejections", _UNQUALIFIED, _REFUSED),
    "RD": _Rates("recall, TP / (TP + FN)", ("TP",), _QUALIFIED),
    "SD": _Rates("specificity, TN / (TN + FP)", ("TN",), _UNQUALIFIED),
    "AD": _Rates("accuracy, (TP + TN) / members", ("TP", "TN"), _ALL),
    "DAR": _Rates("precision, TP / (TP + FP)", ("TP",), _ACCEPTED),
    "DRR": _Rates("negative predictive value, TN / (TN + FN)", ("TN",), _REFUSED),
    "TE": _Rates("wrong rejections / wrong acceptances, FN / FP", ("FN",), ("FP",)),
}


def explain(
    metric: str,
    tally: Tally,
    definition: Definition = "guide",
    *,
    a: str = "",
    d: str = "",
    flips: Flips | None = None,
) -> list[str]:
    """The steps from the counts to the value, then what the value means.

    Args:
        metric: Clarify's name, such as "DPL".
        tally: the counts.
        definition: whose rules decide about 0/0 and missing outcomes.
        a: what the advantaged facet is called, such as "men".
        d: what the disadvantaged facet is called.
        flips: what the flip test counted; without it FT is undefined.

    Raises:
        LookupError: there is no such metric.
    """
    worked = work(metric, tally, definition, a=a, d=d, flips=flips)
    return [*worked.steps, reading(metric, worked.value, a=a, d=d)]


def work(
    metric: str,
    tally: Tally,
    definition: Definition = "guide",
    *,
    a: str = "",
    d: str = "",
    flips: Flips | None = None,
) -> Worked:
    """The steps, the filled formula and the value of one metric; arguments as `explain`."""
    if metric not in METRICS:
        raise LookupError(f"found metric {metric!r}, wanted one of {', '.join(METRICS)}")
    names = (f"Facet a ({a})" if a else "Facet a", f"Facet d ({d})" if d else "Facet d")
    post = METRICS[metric].stage == "post-training"
    if post and not tally.has_predictions and flips is None:
        return Worked(("There are no predictions, so no post-training metric.",), metric, nan)
    if 0 in tally.sizes and metric not in _WITHOUT_BOTH:
        return Worked(("One facet is empty: there is nobody to compare with.",), metric, nan)
    value = formulas.measure(tally, definition).get(metric, nan)
    return _WORKERS.get(metric, _work_distributions)(_Case(metric, tally, names, value, definition, flips))


@dataclass(frozen=True)
class _Case:
    """What a worker works through."""

    metric: str
    tally: Tally
    names: tuple[str, str]
    value: float
    definition: Definition
    flips: Flips | None


def reading(metric: str, value: float, *, a: str = "", d: str = "") -> str:
    """What a value of the metric says about the two facets."""
    known = METRICS[metric]
    if isnan(value):
        return f"{metric} is undefined here."
    words = known.zero if value == known.balanced else known.positive if value > known.balanced else known.negative
    if metric == "DI" and value < 1:
        words = "The model accepts facet a more often" + (
            ", and below 0.8 the four-fifths rule fails."
            if value < 0.8
            else "; the four-fifths rule (0.8) still holds."
        )
    for letter, name in (("a", a), ("d", d)):
        if name:
            words = re.sub(rf"\b([Ff]acet {letter})\b(?!')", _with(name), words, count=1)
    return f"{metric} = {number(value)}: {words[0].lower() + words[1:] if words[:2] != 'JS' else words}"


def _with(name: str) -> Callable[[re.Match[str]], str]:
    """The match, then the name to the letter: a name from a CSV may hold a backslash."""
    return lambda match: f"{match.group(1)} ({name})"


def number(value: float, digits: int = 4) -> str:
    """A value as the page shows it: four decimals, "infinite" or "undefined"."""
    if isnan(value):
        return "undefined"
    if isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    shown = f"{value:.{digits}f}"
    return shown.replace("-", "\N{MINUS SIGN}") if float(shown) else f"{0:.{digits}f}"


def deviations(guide: dict[str, float], library: dict[str, float], codes: tuple[str, ...]) -> dict[str, str]:
    """For the metrics on which the definitions part: both values, and the rule behind the difference."""
    return {
        code: f"{code}: by the guide {number(guide[code])}, by the library {number(library[code])}. "
        f"{METRICS[code].deviation}"
        for code in codes
    }


def _latex(value: float) -> str:
    if isnan(value):
        return r"\text{undefined}"
    if isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    shown = f"{value:.4f}"
    return shown if float(shown) else "0.0000"


def _tex(part: int, whole: int) -> str:
    return rf"\frac{{{part}}}{{{whole}}}"


def _work_imbalance(case: _Case) -> Worked:
    (n_a, n_d), names, value = case.tally.sizes, case.names, case.value
    steps = (
        f"{names[0]} has {n_a:,} members, {names[1][0].lower() + names[1][1:]} {n_d:,}.",
        f"a minus d, over all: ({n_a:,} \N{MINUS SIGN} {n_d:,}) / {n_a + n_d:,} = {number(value)}.",
    )
    return Worked(steps, rf"CI = \frac{{{n_a} - {n_d}}}{{{n_a} + {n_d}}} = {_latex(value)}", value)


def _quadrants(tally: Tally, facet: int) -> dict[str, int]:
    """The confusion matrix of a facet; without predictions the labels, as if each were predicted right."""
    if not tally.has_predictions:
        positive = tally.positives()[facet]
        return {"TP": positive, "FN": 0, "FP": 0, "TN": tally.sizes[facet] - positive}
    (tn, fp), (fn, tp) = tally.confusion[facet].tolist()
    return {"TP": tp, "FN": fn, "FP": fp, "TN": tn}


def _work_rates(case: _Case) -> Worked:
    metric, tally, names, value, definition = case.metric, case.tally, case.names, case.value, case.definition
    rates, known = _RATES[metric], METRICS[metric]
    of = formulas.ratio if definition == "guide" else formulas.library_ratio
    fractions = [rates.of(_quadrants(tally, facet)) for facet in (0, 1)]
    results = [of(*fraction) for fraction in fractions]
    steps = [
        f"{name}: {rates.what} = {part:,} / {whole:,} = {number(result)}."
        for name, (part, whole), result in zip(names, fractions, results, strict=True)
    ]
    steps += [
        f"{name} has 0 to divide by: "
        + ("the library takes 0/0 as 0." if definition == "smclarify" and not part else "that rate is not a number.")
        for name, (part, whole) in zip(names, fractions, strict=True)
        if whole == 0 and metric not in ("DI",)
    ]
    q_a, q_d = (number(result) for result in results)
    tex_a, tex_d = (_tex(*fraction) for fraction in fractions)
    if known.order == "d / a":
        steps.append(f"d divided by a: {metric} = {q_d} / {q_a} = {number(value)}.")
        return Worked(tuple(steps), rf"{metric} = {tex_d} \Big/ {tex_a} = {_latex(value)}", value)
    order, first, second, tex = ("a minus d", q_a, q_d, (tex_a, tex_d))
    if known.order == "d - a":
        order, first, second, tex = ("d minus a", q_d, q_a, (tex_d, tex_a))
    steps.append(f"{order}: {metric} = {first} \N{MINUS SIGN} {second} = {number(value)}.")
    return Worked(tuple(steps), f"{metric} = {tex[0]} - {tex[1]} = {_latex(value)}", value)


def _work_distributions(case: _Case) -> Worked:
    metric, tally, names, value, definition = case.metric, case.tally, case.names, case.value, case.definition
    counts, sizes = tally.distributions, tally.sizes
    shares = counts / counts.sum(axis=1, keepdims=True)
    used = np.flatnonzero(counts.sum(axis=0) > 0)
    steps = []
    if definition == "smclarify":
        shared = np.flatnonzero((counts > 0).all(axis=0))
        dropped = [tally.outcomes[place] for place in used if place not in shared]
        used = shared
        if dropped:
            steps.append(f"The library leaves out what one facet never has: {', '.join(dropped)}.")
    if not len(used):
        return Worked((*steps, "Nothing is left to compare: the library reports an error."), metric, nan)
    for facet, name in enumerate(names):
        listed = ", ".join(f"{tally.outcomes[place]} {number(shares[facet, place])}" for place in used[:MANY_GROUPS])
        steps.append(f"{name}, {sizes[facet]:,} members: {listed}{', ...' if len(used) > MANY_GROUPS else ''}.")
    p_a, p_d = shares[0, used], shares[1, used]
    gaps = np.abs(p_a - p_d)
    if metric == "KS":
        largest = int(gaps.argmax())
        steps.append(
            f"The largest gap is at {tally.outcomes[used[largest]]}: "
            f"|{number(p_a[largest])} \N{MINUS SIGN} {number(p_d[largest])}| = {number(value)}."
        )
        listed = ", ".join(_latex(gap) for gap in gaps[:MANY_GROUPS])
        return Worked(tuple(steps), rf"KS = \max\{{{listed}\}} = {_latex(value)}", value)
    if metric in ("TVD", "LP"):
        terms = [f"|{number(p)} \N{MINUS SIGN} {number(q)}|" for p, q in zip(p_a, p_d, strict=True)][:MANY_GROUPS]
        if metric == "TVD":
            steps.append(f"Half the sum of the gaps: ({' + '.join(terms)}) / 2 = {number(value)}.")
            listed = " + ".join(_latex(gap) for gap in gaps[:MANY_GROUPS])
            return Worked(tuple(steps), rf"TVD = \tfrac12({listed}) = {_latex(value)}", value)
        steps.append(
            f"Root of the sum of the squared gaps: \N{SQUARE ROOT}({' + '.join(f'{t}²' for t in terms)})"
            f" = {number(value)}."
        )
        listed = " + ".join(f"{_latex(gap)}^2" for gap in gaps[:MANY_GROUPS])
        return Worked(tuple(steps), rf"L_2 = \sqrt{{{listed}}} = {_latex(value)}", value)
    return _work_divergence(case, np.stack([p_a, p_d]), [tally.outcomes[place] for place in used], steps)


def _work_divergence(case: _Case, shares: formulas.Floats, outcomes: list[str], steps: list[str]) -> Worked:
    metric, value, (p_a, p_d) = case.metric, case.value, shares
    if metric == "KL":
        pairs = [(p_a, p_d, "KL")]
    else:
        middle = (p_a + p_d) / 2
        steps.append(
            "The mean distribution P: "
            + ", ".join(f"{name} {number(share)}" for name, share in zip(outcomes[:MANY_GROUPS], middle, strict=False))
            + "."
        )
        pairs = [(p_a, middle, "KL(a, P)"), (p_d, middle, "KL(d, P)")]
    parts, written = [], []
    for p, q, name in pairs:
        terms = [
            f"{number(first)} ln({number(first)}/{number(second)})"
            for first, second in zip(p, q, strict=True)
            if first > 0
        ]
        parts.append(formulas.divergence(p, q))
        steps.append(f"{name} = {' + '.join(terms[:MANY_GROUPS])} = {number(parts[-1])}.")
        written.append(
            " + ".join(
                rf"{_latex(first)}\ln\frac{{{_latex(first)}}}{{{_latex(second)}}}"
                for first, second in list(zip(p, q, strict=True))[:MANY_GROUPS]
                if first > 0
            )
        )
    if metric == "KL":
        if isinf(value):
            steps.append("An outcome that facet a has and facet d never has makes the sum infinite.")
        return Worked(tuple(steps), f"KL = {written[0]} = {_latex(value)}", value)
    steps.append(f"The mean of the two: JS = {number(value)}; the most it can be is ln 2 = {log(2):.4f}.")
    return Worked(tuple(steps), rf"JS = \tfrac12({_latex(parts[0])} + {_latex(parts[1])}) = {_latex(value)}", value)


def _work_conditional(case: _Case) -> Worked:
    metric, tally, names, value, definition = case.metric, case.tally, case.names, case.value, case.definition
    predicted = metric == "CDDPL"
    overall = formulas.disparity(tally, predicted=predicted)
    if not tally.has_groups:
        return Worked(("No column to condition on was chosen.",), metric, nan)
    if isnan(overall):
        return Worked(("Nobody was accepted, or nobody rejected: there is no share to compare.",), metric, nan)
    who = names[1][0].lower() + names[1][1:]
    steps = [
        f"Without conditioning: {who}'s share of all rejections less its share of all acceptances is {number(overall)}."
    ]
    counts = tally.by_group(predicted=predicted)
    sizes, disparities = formulas.group_disparities(tally, predicted=predicted)
    kept = len(sizes) - 1 if definition == "smclarify" and tally.has_missing_group else len(sizes)
    terms, total = [], int(sizes[:kept].sum())
    filled = np.flatnonzero(sizes[:kept])
    for place in filled[:MANY_GROUPS]:
        (rejected_a, accepted_a), (rejected_d, accepted_d) = counts[place].tolist()
        terms.append((int(sizes[place]), float(disparities[place])))
        note = ""
        if rejected_a + rejected_d == 0 or accepted_a + accepted_d == 0:
            note = " (nobody rejected" if rejected_a + rejected_d == 0 else " (nobody accepted"
            note += " here, so that share counts as 0)"
        steps.append(
            f"{tally.groups[place]}, {sizes[place]:,} rows: {rejected_d:,}/{rejected_a + rejected_d:,} "
            f"\N{MINUS SIGN} {accepted_d:,}/{accepted_a + accepted_d:,} = {number(disparities[place])}{note}."
        )
    if len(filled) > MANY_GROUPS:
        steps.append(f"So for all {len(filled):,} groups.")
    steps.append(f"Weighted by rows and divided by {total:,}: {metric} = {number(value)}.")
    listed = " + ".join(rf"{size}({_latex(share)})" for size, share in terms)
    more = r" + \dots" if len(filled) > MANY_GROUPS else ""
    # Without a tall bracket or a long fraction, so that a narrow page can break the line.
    return Worked(tuple(steps), rf"{metric} = \tfrac{{1}}{{{total}}}[{listed}{more}] = {_latex(value)}", value)


def _work_flips(case: _Case) -> Worked:
    flips, definition = case.flips, case.definition
    if flips is None:
        return Worked(("The flip test was not run, or there is no numeric feature to find neighbours in.",), "FT", nan)
    value = flips.value(definition)
    steps = [
        f"F+: {flips.refused:,} members of facet d were refused while their nearest neighbours in a were favoured.",
        f"F\N{MINUS SIGN}: {flips.favoured:,} members of facet d were favoured while their neighbours were refused.",
    ]
    plus, minus = flips.refused, flips.favoured
    if definition == "smclarify":
        steps.append("The library names the two sets the other way round, so its sign is the opposite.")
        plus, minus = minus, plus
    steps.append(
        f"Over the size of facet d: ({plus:,} \N{MINUS SIGN} {minus:,}) / {flips.members:,} = {number(value)}."
    )
    return Worked(tuple(steps), rf"FT = \frac{{{plus} - {minus}}}{{{flips.members}}} = {_latex(value)}", value)


def _work_entropy(case: _Case) -> Worked:
    tally, value = case.tally, case.value
    (tn, fp), (fn, tp) = tally.confusion.sum(axis=0).tolist()
    rows = tn + fp + fn + tp
    right = tp + tn
    mean = (right + 2 * fp) / rows if rows else nan
    steps = (
        f"Benefits: {fp:,} false positives get 2, {right:,} right predictions 1, {fn:,} false negatives 0.",
        f"Their mean is ({right:,} + 2 x {fp:,}) / {rows:,} = {number(mean)}.",
        f"Half of (mean of the squares / squared mean \N{MINUS SIGN} 1) = {number(value)}.",
    )
    formula = (
        rf"GE = \tfrac12\left(\frac{{({right} + 4\cdot{fp})/{rows}}}{{{_latex(mean)}^2}} - 1\right) = {_latex(value)}"
    )
    return Worked(steps, formula, value)


_WITHOUT_BOTH = ("CI", "CDDL", "CDDPL", "FT", "GE")
"""Metrics whose steps say themselves what an empty facet does to them."""
_WORKERS: dict[str, Callable[[_Case], Worked]] = {
    "CI": _work_imbalance,
    "CDDL": _work_conditional,
    "CDDPL": _work_conditional,
    "FT": _work_flips,
    "GE": _work_entropy,
    **dict.fromkeys(_RATES, _work_rates),
}
