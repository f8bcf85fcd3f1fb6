"""What a run looks like: the two facets side by side, with colour, symbol and label all telling them apart."""

from html import escape
from math import isfinite, sqrt
from textwrap import wrap
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from simulators._bias import formulas
from simulators._bias.analysis import Result
from simulators._bias.catalogue import METRICS
from simulators._bias.explain import number
from simulators._bias.models import POLICY_METRICS
from simulators._bias.params import POLICY_NAMES
from simulators._bias.tally import IntArray, Tally
from simulators.contract import Figure

A_COLOUR, D_COLOUR, GREY, INK = "#2a7fc9", "#d35400", "#808080", "#111111"
MANY_GROUPS = 12
BOUNDED = ("CI", "DPL", "CDDL", "DPPL", "RD", "SD", "AD", "DAR", "DRR", "CDDPL", "FT")
"""Metrics between -1 and 1 with 0 in the middle: they share an axis."""
CURVES = {
    "DPPL": ("solid", "#2a7fc9"),
    "RD": ("dash", "#d35400"),
    "SD": ("dot", "#2e8b57"),
    "DAR": ("dashdot", "#9b59b6"),
    "AD": ("longdash", GREY),
}
Spec = dict[str, Any]
Kind = Literal["groups", "outcomes", "metrics", "confusion", "policies", "curve"]
"""The charts there are, in the order they are shown."""


def figures(result: Result) -> list[Figure]:
    """The charts that this run gives rise to, the telling one first."""
    made = [figure(result, kind) for kind in get_args(Kind)]
    return [each for each in made if each is not None]


def figure(result: Result, kind: Kind) -> Figure | None:
    """One of the charts; None where this run does not give rise to it."""
    made: Figure | None = None
    if kind == "groups" and result.tally.has_groups:
        made = _groups(result)
    elif kind == "outcomes" and len(result.final.tally.outcomes) > 2:
        made = _distributions(result)
    elif kind == "metrics":
        made = _metrics(result)
    elif kind == "confusion" and result.final.tally.has_predictions:
        made = _confusion(result)
    elif kind == "policies" and result.policies is not None:
        made = _policies(result, result.policies)
    elif kind == "curve" and result.curve is not None:
        made = _curve(result, result.curve)
    return made


def _chart(data: list[Spec], height: int, **layout: Any) -> go.Figure:
    """One call with everything in it: a slider should not wait for a chart to be built piece by piece."""
    whole: Spec = {
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 40, "b": 10},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        **layout,
    }
    return go.Figure({"data": data, "layout": whole})


def _line(axis: str, at: float, **line: Any) -> Spec:
    """A line across the whole chart where `axis` is `at`."""
    other = "y" if axis == "x" else "x"
    return {
        "type": "line",
        f"{axis}0": at,
        f"{axis}1": at,
        f"{other}ref": "paper",
        f"{other}0": 0,
        f"{other}1": 1,
        "line": {"color": GREY, "width": 1, **line},
    }


def _groups(result: Result) -> Figure:
    """Everybody first, then group by group: a line that falls at the left and rises at the right is Simpson's paradox.

    Each mark is as large as its crowd, which shows why.
    """
    source, tally = result.source, result.tally
    counts = tally.by_group()
    sizes = counts.sum(axis=2)
    kept = np.flatnonzero(sizes.sum(axis=1))
    order = kept[np.argsort(-(counts[kept, :, 1].sum(axis=1) / sizes[kept].sum(axis=1)), kind="stable")]
    shown = order[:MANY_GROUPS]
    overall = counts.sum(axis=0)
    rates = 100 * np.divide(counts[:, :, 1], sizes, out=np.full(sizes.shape, np.nan), where=sizes > 0)
    whole = 100 * overall[:, 1] / overall.sum(axis=1)
    largest = max(1, int(sizes[shown].max()))
    names, group = [tally.groups[place] for place in shown], _spaced(str(source.group))
    places = np.arange(len(shown)) + 1.2
    x = [np.append(0.0, places) + side for side in (-0.18, 0.18)]
    y = [np.append(whole[facet], rates[shown, facet]) for facet in (0, 1)]
    data: list[Spec] = [
        {
            "type": "scatter",
            "x": [part for place in range(len(x[0])) for part in (x[0][place], x[1][place], None)],
            "y": [part for place in range(len(x[0])) for part in (y[0][place], y[1][place], None)],
            "mode": "lines",
            "line": {"color": GREY, "width": 3},
            "showlegend": False,
            "hoverinfo": "skip",
        }
    ]
    for facet, (word, colour, symbol) in enumerate(
        ((_text(source.a), A_COLOUR, "circle"), (_text(source.d), D_COLOUR, "diamond"))
    ):
        crowd = np.append(overall[facet].sum(), sizes[shown, facet])
        data.append(
            {
                "type": "scatter",
                "x": x[facet],
                "y": y[facet],
                "mode": "markers+text",
                "name": word,
                "text": [f"{whole[facet]:.0f}%", *[""] * len(shown)],
                "textposition": "top center" if whole[facet] >= whole[1 - facet] else "bottom center",
                "cliponaxis": False,
                "marker": {
                    "color": colour,
                    "symbol": symbol,
                    "size": [26, *(7 + 27 * sqrt(size / largest) for size in sizes[shown, facet])],
                    "opacity": 0.9,
                    "line": {"width": 1, "color": "white"},
                },
                "customdata": np.stack([np.append(overall[facet, 1], counts[shown, facet, 1]), crowd], axis=1),
                "hovertemplate": f"%{{y:.1f}}% of {word}<br>%{{customdata[0]:,}} of %{{customdata[1]:,}}"
                "<extra></extra>",
            }
        )
    chart = _chart(
        data,
        420,
        shapes=[_line("x", 0.6, dash="dot")],
        xaxis={
            "title": {"text": f"{_text(group)} (highest rate first)"},
            "tickvals": np.append(0.0, places),
            "ticktext": ["<b>all</b>", *(_text(name[:12]) for name in names)],
            "range": [-0.55, len(shown) + 0.75],
            "showgrid": False,
        },
        yaxis={"title": {"text": f"{_text(source.yes)} (%)"}, "rangemode": "tozero"},
    )
    table = pd.DataFrame(
        {
            group: names,
            f"{source.a} (n)": sizes[shown, 0],
            f"{source.a} {source.yes} (%)": rates[shown, 0].round(1),
            f"{source.d} (n)": sizes[shown, 1],
            f"{source.d} {source.yes} (%)": rates[shown, 1].round(1),
        }
    )
    title = f"{source.yes[0].upper()}{source.yes[1:]} by {group}"
    return Figure(title, _groups_caption(result, rates, sizes, whole, order), chart, table)


def _groups_caption(
    result: Result, rates: formulas.Floats, sizes: IntArray, whole: formulas.Floats, order: IntArray
) -> str:
    source, tally = result.source, result.tally
    both = [place for place in order if sizes[place].min() > 0]
    better = sum(rates[place, 1] >= rates[place, 0] for place in both)
    overall, inside = formulas.disparity(tally), formulas.conditional_disparity(tally, result.params.definition)
    words = (
        f"Label {source.yes!r} overall: {whole[0]:.1f}% of {source.a}, {whole[1]:.1f}% of {source.d}. By "
        f"{_spaced(str(source.group))}, {source.d} do at least as well in {better} of {len(both)} groups. "
    )
    measured = f"The disparity is {number(overall)} overall and {number(inside)} within groups"
    if overall * inside >= 0:
        return f"{words}{measured}."
    crowded = source.d if overall > 0 else source.a
    return (
        f"{words}The marks are as large as their crowds: {crowded} are mostly where that label is rare. {measured}: "
        "Simpson's paradox."
    )


def _text(name: str) -> str:
    """A name from somebody's table as a chart shows it: short, and never as markup."""
    return escape(name if len(name) <= 40 else f"{name[:39]}\N{HORIZONTAL ELLIPSIS}", quote=False)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _distributions(result: Result) -> Figure:
    """The outcomes of both facets side by side, with the largest gap marked."""
    source, tally, guide = result.source, result.final.tally, result.final.guide
    shares = 100 * tally.distributions / tally.distributions.sum(axis=1, keepdims=True)
    places = np.argsort(tally.positive, kind="stable")[:MANY_GROUPS]
    widest = int(np.abs(shares[0] - shares[1]).argmax())
    gap = abs(shares[0, widest] - shares[1, widest])
    data: list[Spec] = [
        {
            "type": "bar",
            "x": [_text(tally.outcomes[place]) for place in places],
            "y": shares[facet, places],
            "name": word,
            "marker": {"color": colour, "pattern": {"shape": pattern}},
            "text": [f"{share:.0f}" for share in shares[facet, places]],
            "hovertemplate": f"%{{y:.1f}}% of {word}<extra></extra>",
        }
        for facet, (word, colour, pattern) in enumerate(
            ((_text(source.a), A_COLOUR, ""), (_text(source.d), D_COLOUR, "/"))
        )
    ]
    label: Spec = {
        "x": _text(tally.outcomes[widest]),
        "y": float(shares[:, widest].max()),
        "text": f"largest gap: {gap:.0f} points",
        "yshift": 22,
        "showarrow": False,
    }
    chart = _chart(
        data,
        360,
        barmode="group",
        annotations=[label] if widest in places else [],
        xaxis={"title": {"text": _text(_spaced(source.label))}, "type": "category"},
        yaxis={"title": {"text": "share of the facet (%)"}, "range": [0, min(118, float(shares.max()) * 1.25)]},
    )
    table = pd.DataFrame(
        {
            _spaced(source.label): tally.outcomes,
            f"{source.a} (%)": shares[0].round(1),
            f"{source.d} (%)": shares[1].round(1),
            "gap (points)": (shares[0] - shares[1]).round(1),
        }
    ).head(200)
    caption = (
        f"The largest gap is at {tally.outcomes[widest]}: KS = {number(guide['KS'])}. Half of all gaps together is "
        f"TVD = {number(guide['TVD'])}. With {len(tally.outcomes)} outcomes TVD, KS and |DPL| need not agree; the "
        f"library first folds them into {source.yes} and the rest, and reports KL = "
        f"{number(result.final.library['KL'])} instead of {number(guide['KL'])}."
    )
    return Figure("Outcomes of both facets", caption, chart, table)


def _metrics(result: Result) -> Figure:
    """The metrics that share the axis from -1 to 1; before and after where there is a mitigation."""
    report, before, after = result.report, result.before, result.mitigated is not None
    codes = [code for code in BOUNDED if code in report and isfinite(report[code])]
    values = [report[code] for code in codes]
    data: list[Spec] = []
    if after:
        moved = [code for code in codes if isfinite(before[code])]
        data += [
            {
                "type": "scatter",
                "x": [part for code in moved for part in (before[code], report[code], None)],
                "y": [part for code in moved for part in (code, code, None)],
                "mode": "lines",
                "line": {"color": GREY, "width": 2},
                "showlegend": False,
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "x": [before[code] for code in moved],
                "y": moved,
                "mode": "markers",
                "name": "before",
                "marker": {"color": GREY, "symbol": "circle-open", "size": 11, "line": {"width": 2}},
                "hovertemplate": "%{y} before: %{x:.4f}<extra></extra>",
            },
        ]
    data.append(
        {
            "type": "scatter",
            "x": values,
            "y": codes,
            "mode": "markers+text",
            "name": "after" if after else "value",
            "marker": {
                "color": D_COLOUR if after else A_COLOUR,
                "symbol": "diamond" if after else "circle",
                "size": 12,
            },
            "text": [f"{value:+.2f}".replace("-", "\N{MINUS SIGN}") for value in values],
            "textposition": [
                "middle left"
                if value > 0.7 or (after and isfinite(before[code]) and value < before[code])
                else "middle right"
                for code, value in zip(codes, values, strict=True)
            ],
            "hovertemplate": "%{y}: %{x:.4f}<extra></extra>",
        }
    )
    chart = _chart(
        data,
        90 + 30 * max(1, len(codes)),
        showlegend=after,
        shapes=[_line("x", 0)],
        xaxis={
            "title": {"text": "value (0 = both facets alike)"},
            "range": [-1.08, 1.08],
            "tickvals": [-1, -0.5, 0, 0.5, 1],
        },
        yaxis={
            "title": {"text": "metric"},
            "categoryorder": "array",
            "categoryarray": codes,
            "autorange": "reversed",
        },
    )
    table = pd.DataFrame(
        [
            {
                "metric": code,
                "which first": METRICS[code].order,
                **({"before": round(before[code], 4)} if after else {}),
                "value": round(value, 4),
                "guide": round(result.final.guide[code], 4),
                "library": round(result.final.library[code], 4),
            }
            for code, value in report.items()
        ]
    )
    return Figure("Metrics at a glance", _metrics_caption(result, codes), chart, table)


def _metrics_caption(result: Result, codes: list[str]) -> str:
    report, before = result.report, result.before
    if not codes:
        return "No metric with a middle of 0 is defined here."
    largest = max(codes, key=lambda code: abs(report[code]))
    known = METRICS[largest]
    meaning = known.zero if not report[largest] else known.positive if report[largest] > 0 else known.negative
    caption = (
        f"The metrics between \N{MINUS SIGN}1 and 1. The largest is {largest} = {number(report[largest])}. "
        f"{known.name}: {meaning[0].lower()}{meaning[1:]}"
    )
    if result.mitigated is None:
        return caption
    closer = [code for code in codes if abs(report[code]) < abs(before[code]) - 1e-9]
    further = [code for code in codes if abs(report[code]) > abs(before[code]) + 1e-9]
    return (
        f"{caption} The mitigation brought {', '.join(closer) or 'none'} closer to zero and took "
        f"{', '.join(further) or 'none'} further away."
    )


def _confusion(result: Result) -> Figure:
    """The confusion matrix of each facet, as shares of the facet."""
    source, tally = result.source, result.final.tally
    shares = 100 * tally.confusion / tally.confusion.sum(axis=(1, 2), keepdims=True)
    data: list[Spec] = [
        {
            "type": "heatmap",
            "z": shares[facet],
            "x": ["refused", "accepted"],
            "y": ["negative", "positive"],
            "text": [
                [f"{tally.confusion[facet, y, p]:,}<br>{shares[facet, y, p]:.0f}%" for p in (0, 1)] for y in (0, 1)
            ],
            "texttemplate": "%{text}",
            "hovertemplate": "label %{y}, %{x}: %{z:.1f}% of the facet<extra></extra>",
            "colorscale": [[0, "#f4f6f8"], [1, "#f0a06a" if facet else "#6fb1e4"]],
            "zmin": 0,
            "zmax": 100,
            "showscale": False,
            "textfont": {"color": INK},
            "xaxis": "x2" if facet else "x",
            "yaxis": "y",
        }
        for facet in (0, 1)
    ]
    titles: list[Spec] = [
        {
            "x": 0.23 + 0.54 * facet,
            "xref": "paper",
            "xanchor": "center",
            "y": 1.02,
            "yref": "paper",
            "yanchor": "bottom",
            "text": "<br>".join(_text(line) for line in wrap(f"{'ad'[facet]}: {word}", 20)[:2]),
            "showarrow": False,
        }
        for facet, word in enumerate((source.a, source.d))
    ]
    chart = _chart(
        data,
        340,
        annotations=titles,
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
        xaxis={"title": {"text": "prediction"}, "domain": [0, 0.46]},
        xaxis2={"title": {"text": "prediction"}, "domain": [0.54, 1], "anchor": "y"},
        yaxis={"title": {"text": "label"}},
    )
    names = (("true negatives", "false positives"), ("false negatives", "true positives"))
    table = pd.DataFrame(
        [
            {
                "cell": names[y][p],
                f"{source.a} (n)": int(tally.confusion[0, y, p]),
                f"{source.a} (%)": round(float(shares[0, y, p]), 1),
                f"{source.d} (n)": int(tally.confusion[1, y, p]),
                f"{source.d} (%)": round(float(shares[1, y, p]), 1),
            }
            for y in (1, 0)
            for p in (1, 0)
        ]
    )
    caption = "; ".join(f"{word}: {_rates(tally, facet)}" for facet, word in enumerate((source.a, source.d)))
    title = "Confusion matrix of each facet" + (" after mitigation" if result.mitigated is not None else "")
    return Figure(title, f"{caption[0].upper()}{caption[1:]}.", chart, table)


def _rates(tally: Tally, facet: int) -> str:
    (tn, fp), (fn, tp) = tally.confusion[facet].tolist()
    rates = {
        "recall": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "precision": (tp, tp + fp),
        "accuracy": (tp + tn, tp + tn + fp + fn),
    }
    return ", ".join(f"{name} {number(formulas.ratio(*parts), 2)}" for name, parts in rates.items())


def _policies(result: Result, found: pd.DataFrame) -> Figure:
    """Each policy against each metric: its own made zero, and what that leaves of the others."""
    metrics = list(POLICY_METRICS.values())
    values = found[metrics].to_numpy(dtype=float)
    names = ["One threshold", *(POLICY_NAMES[policy] for policy in POLICY_METRICS)]
    heat: Spec = {
        "type": "heatmap",
        "z": np.clip(values, -0.5, 0.5),
        "x": metrics,
        "y": names,
        "text": [[number(value, 2) for value in row] for row in values],
        "texttemplate": "%{text}",
        "customdata": values,
        "hovertemplate": "%{y}: %{x} = %{customdata:.4f}<extra></extra>",
        "colorscale": [[0, "#f0a06a"], [0.5, "#ffffff"], [1, "#6fb1e4"]],
        "zmin": -0.5,
        "zmax": 0.5,
        "showscale": False,
        "textfont": {"color": INK},
        "xgap": 2,
        "ygap": 2,
    }
    framed: list[Spec] = [
        {
            "type": "rect",
            "x0": place - 0.48,
            "x1": place + 0.48,
            "y0": place + 0.54,
            "y1": place + 1.46,
            "line": {"color": INK, "width": 3},
        }
        for place in range(len(metrics))
    ]
    chart = _chart(
        [heat],
        330,
        shapes=framed,
        xaxis={"title": {"text": "metric (0 = both facets alike)"}},
        yaxis={"title": {"text": "what is made equal"}, "autorange": "reversed"},
    )
    table = found.assign(policy=names).round(4).rename(columns={"threshold_d": "d's threshold"})
    table["d's threshold"] = [
        "accept all" if value < 0 else "accept none" if value >= 1 else f"{value:.4f}" for value in found["threshold_d"]
    ]
    return Figure("What each policy costs", _policy_words(result, values[1:]), chart, table)


def _policy_words(result: Result, values: formulas.Floats) -> str:
    """Which metrics stay apart when one of them is made equal."""
    names = [POLICY_NAMES[policy].lower() for policy in POLICY_METRICS]
    closest = ", ".join(f"{name} {number(float(values[row, row]), 3)}" for row, name in enumerate(names))
    left = np.nanmax(np.abs(values), axis=1)
    best = int(np.nanargmin(left))
    words = (
        f"Facet a keeps the threshold {result.params.threshold:g} and facet d's is moved, on these very rows, until "
        f"one metric is as close to zero as it gets ({closest}). "
    )
    if left[best] < 0.005:
        return words + f"Here {names[best]} happens to bring all five within 0.005 of zero."
    return (
        words + f"No row is all zeros: even the mildest, {names[best]}, leaves a gap of {number(float(left[best]), 3)}."
    )


def _curve(result: Result, curve: pd.DataFrame) -> Figure:
    """Five metrics against the common threshold."""
    data: list[Spec] = [
        {
            "type": "scatter",
            "x": curve["threshold"].to_numpy(),
            "y": curve[code].to_numpy(),
            "mode": "lines",
            "name": code,
            "line": {"dash": dash, "color": colour, "width": 2.5},
            "hovertemplate": f"{code} at %{{x:.2f}}: %{{y:.3f}}<extra></extra>",
        }
        for code, (dash, colour) in CURVES.items()
    ]
    now: Spec = {
        "x": result.params.threshold,
        "y": 1,
        "yref": "paper",
        "text": "now",
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
    }
    chart = _chart(
        data,
        380,
        shapes=[_line("x", result.params.threshold, dash="dot"), _line("y", 0)],
        annotations=[now],
        xaxis={"title": {"text": "decision threshold"}, "range": [0, 1], "nticks": 6},
        yaxis={"title": {"text": "value (0 = both facets alike)"}, "nticks": 7},
    )
    gap = curve["DPPL"].abs()
    widest = int(gap.to_numpy().argmax())
    caption = (
        "The same model, one threshold for everybody. The acceptance gap (DPPL) is widest, "
        f"{number(float(curve['DPPL'][widest]), 2)}, at {curve['threshold'][widest]:.2f}"
    )
    if gap.iloc[0] < gap.max() / 4 and gap.iloc[-1] < gap.max() / 4:
        caption += "; it closes at the ends, where nearly everybody or nobody is accepted"
    caption += "."
    if curve[list(CURVES)].isna().any(axis=None):
        caption += " A line breaks off where its metric is undefined."
    return Figure("Metrics against the threshold", caption, chart, curve.round(4))
