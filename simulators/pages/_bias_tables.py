"""What the bias page shows as HTML: the metrics, a metric worked through, two groups. Every word of it is escaped."""

from html import escape
from math import isfinite, isnan, log, sqrt

from simulators.bias import (
    METRICS,
    Definition,
    Result,
    Source,
    Worked,
    binary_identities,
    deviations,
    number,
    reading,
    work,
)

STYLE = """<style>
.bias table { table-layout: fixed; margin-bottom: 1.4rem; }
.bias td, .bias th { min-width: 0; }
.bias thead th { font-size: .85rem; }
.bias .code { display: block; font-weight: 700; }
.bias .name, .bias .small { display: block; font-size: .85rem; font-weight: 400; opacity: .88; line-height: 1.3; }
.bias .value { font-variant-numeric: tabular-nums; }
.bias .value b { font-size: 1.02rem; white-space: nowrap; }
.bias .c1 { width: 25%; } .bias .c2 { width: 24%; } .bias .c3 { width: 13%; }
.bias .gauge { display: block; position: relative; height: .35rem; border-radius: 1rem; margin: .3rem 0 .15rem;
  max-width: 8rem; background: color-mix(in srgb, currentColor 16%, transparent); overflow: hidden; }
.bias .gauge i { position: absolute; top: 0; bottom: 0; background: #0b7f8e; }
.bias .inline { display: none; }
.bias .now { font-weight: 600; }
.bias .group { margin: .5rem 0 .8rem; }
.bias .crowd { display: flex; height: 1.7rem; border-radius: .35rem; overflow: hidden; min-width: 2px;
  margin-top: .2rem; background: color-mix(in srgb, currentColor 16%, transparent); }
.bias .crowd i { display: block; }
.bias .a i { background: #2a7fc9; } .bias .d i { background: #d35400; }
.bias .dl p { display: grid; grid-template-columns: 5rem 1fr; margin: 0 0 .3rem; }
@media (max-width: 640px) {
  .bias .c1 { width: 27%; } .bias .c2 { width: 28%; } .bias .c3 { display: none; }
  .bias .inline { display: block; }
  .bias td, .bias th { padding: .4rem .35rem; }
  .bias .name { hyphens: auto; overflow-wrap: anywhere; }
}
</style>"""

DIRECTIONS = {
    "a - d": "a \N{MINUS SIGN} d",
    "d - a": "d \N{MINUS SIGN} a",
    "d / a": "d \N{DIVISION SIGN} a",
    "a against d": "from a to d",
    "d alone": "d alone",
    "no direction": "no sign",
    "no facet": "no facet",
}
_GAUGES = {"JS": log(2), "LP": sqrt(2), "TVD": 1.0, "KS": 1.0}
"""The most that a metric without a sign can be."""


def show_value(value: float) -> str:
    """A value as the table has it: short, and "undefined" or "infinite" in words."""
    return number(value, 3)


def metrics_table(result: Result) -> str:
    """Every metric, before and after training, with its value, its direction and what it says."""
    stages = {
        "pre-training": "Before training: the data and their labels",
        "post-training": "After training: what is predicted",
    }
    tables = [_table(caption, stage, result) for stage, caption in stages.items()]
    return f'<div class="cl bias">{"".join(tables)}</div>'


def _table(caption: str, stage: str, result: Result) -> str:
    codes = [code for code in result.report if METRICS[code].stage == stage]
    if not codes:
        return ""
    rows = "".join(_row(code, result) for code in codes)
    return (
        f"<table><caption>{caption}</caption><thead><tr><th scope=col class=c1>Metric</th><th scope=col class=c2>Value"
        "</th><th scope=col class=c3>Direction</th><th scope=col>What it says</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(code: str, result: Result) -> str:
    known, value = METRICS[code], result.report[code]
    other: Definition = "smclarify" if result.params.definition == "guide" else "guide"
    notes = []
    if result.mitigated is not None and known.stage == "post-training":
        notes.append(f"before {show_value(result.before[code])}")
    if code in result.parting:
        name = "library" if other == "smclarify" else "guide"
        notes.append(f"by the {name} {show_value(result.final.values(other)[code])}")
    small = "".join(f"<span class=small>{escape(note)}</span>" for note in notes)
    direction = escape(DIRECTIONS[known.order])
    return (
        f"<tr><th scope=row class=c1><span class=code>{code}</span><span class=name>{escape(known.name)}</span></th>"
        f"<td class='value c2'><b>{escape(show_value(value))}</b>{_gauge(code, value)}"
        f"<span class='small inline'>{direction}</span>{small}</td>"
        f"<td class=c3>{direction}</td><td>{escape(meaning(code, value, result))}</td></tr>"
    )


def names(source: Source) -> tuple[str, str]:
    """What the facets are called, if they have names of their own."""
    return "" if source.a == "facet a" else source.a, "" if source.d == "facet d" else source.d


def meaning(code: str, value: float, result: Result) -> str:
    """What the value says about these two facets, without repeating the value; or why there is none."""
    if isnan(value):
        steps = _work(code, result).steps
        return " ".join([step for step in steps if "to divide by" in step] or steps[-1:])
    a, d = names(result.source)
    words = reading(code, value, a=a, d=d).partition(": ")[2]
    return f"{words[0].upper()}{words[1:]}"


def _gauge(code: str, value: float) -> str:
    """A small bar: from the middle where a metric has a sign, from the left where it has none."""
    if not isfinite(value):
        return ""
    if code in _GAUGES:
        left, width = 0.0, 100 * min(1.0, max(0.0, value / _GAUGES[code]))
    elif (METRICS[code].low, METRICS[code].high) == ("-1", "1"):
        width = 50 * min(1.0, abs(value))
        left = 50 - width if value < 0 else 50.0
    else:
        return ""
    return f'<span class=gauge aria-hidden=true><i style="left:{left:.1f}%;width:{max(width, 1):.1f}%"></i></span>'


# --- one metric -------------------------------------------------------------------------------------------------------


def order_words(code: str, result: Result) -> str:
    """Which facet is subtracted from which, with the names of this table."""
    a, d = (
        f"facet {letter} ({name})" if name else f"facet {letter}"
        for letter, name in zip("ad", names(result.source), strict=True)
    )
    of_both = {
        "a - d": f"{d} is subtracted from {a}: a comes first",
        "d - a": f"{a} is subtracted from {d}: here d comes first, as in SD, DRR, DCR and TE only",
        "d / a": f"{d} is divided by {a}: parity is 1, not 0",
        "a against d": f"from {a} to {d}: the other way round gives another value",
        "d alone": f"it is about {d}: call the other facet d, and it is another number",
        "no direction": "it has no direction: calling the other facet d changes nothing",
        "no facet": "the facets play no part in it",
    }
    return f"Direction: {of_both[METRICS[code].order]}."


def _work(code: str, result: Result) -> Worked:
    a, d = names(result.source)
    return work(code, result.tally, result.params.definition, a=a, d=d, flips=result.final.flips)


def filled(code: str, result: Result) -> str:
    """The formula with the numbers of this table, as LaTeX; "" where there is nothing to fill in."""
    formula = _work(code, result).formula
    return formula if "=" in formula else ""


def worked(code: str, result: Result) -> str:
    """The steps from the counts to the value, and what the value says."""
    listed = "".join(f"<li>{escape(step)}</li>" for step in _work(code, result).steps)
    value = result.report[code]
    said = f"{code} = {number(value)}. {meaning(code, value, result)}"
    return f'<div class="cl bias"><div class=worked><ol>{listed}</ol><p class=now>{escape(said)}</p></div></div>'


def about(code: str, result: Result) -> str:
    """What the signs mean, when to use the metric, the exam's angle, and where guide and library part."""
    known, value = METRICS[code], result.report[code]
    ways = [(f"At {known.balanced:g}", known.zero, value == known.balanced)]
    ways.append(("Above", known.positive, value > known.balanced))
    ways.append(("Below", known.negative, value < known.balanced))
    signs = "".join(
        f"<p{' class=now' if here else ''}><b>{escape(name)}</b><span>{escape(words)}</span></p>"
        for name, words, here in ways
    )
    parts = [f"<div class=dl>{signs}<p><b>Range</b><span>{escape(_range(known.low, known.high))}</span></p></div>"]
    parts.append(f"<p><strong>When to use it.</strong> {escape(known.use)}</p>")
    parts.append(f"<div class=plain><p><strong>In the exam.</strong> {escape(known.exam)}</p></div>")
    if known.deviation:
        told = known.deviation
        if code in result.parting:
            told = deviations(dict(result.final.guide), dict(result.final.library), (code,))[code]
        parts.append(f"<div class=trap><p><strong>Guide and library.</strong> {escape(told)}</p></div>")
    if agreed := agreement(code, result):
        parts.append(f"<div class=good><p><strong>What must agree.</strong> {escape(agreed)}</p></div>")
    parts.append(f'<p class=src>Source: <a href="{escape(known.source)}">{escape(known.source)}</a></p>')
    return f'<div class="cl bias">{"".join(parts)}</div>'


def _range(low: str, high: str) -> str:
    named = {"inf": "infinity", "-inf": "minus infinity", "-1": "\N{MINUS SIGN}1", "sqrt 2": "\N{SQUARE ROOT}2"}
    ends = [named.get(end, end) for end in (low, high)]
    return f"{ends[0]} to {ends[1]}"


def agreement(code: str, result: Result) -> str:
    """The metrics that follow from DPL where there are two outcomes; "" for any other metric or table."""
    if code not in ("DPL", "TVD", "KS", "LP") or len(result.tally.outcomes) != 2 or not isfinite(result.report["DPL"]):
        return ""
    must = binary_identities(dict(result.report))
    if any(abs(must[name] - result.report[name]) > 1e-9 for name in must if isfinite(result.report[name])):
        return ""
    return (
        f"With two outcomes TVD = KS = |DPL| = {number(must['TVD'])}, and LP = \N{SQUARE ROOT}2 "
        f"\N{MULTIPLICATION SIGN} |DPL| = {number(must['LP'])}."
    )


# --- groups and small tables ------------------------------------------------------------------------------------------


def crowds(result: Result) -> str:
    """Both facets as bars, as long as they are large, filled as far as the outcome is positive."""
    tally, source = result.tally, result.source
    rows = [("labels", tally.positives())]
    if tally.has_predictions:
        rows.append(("predictions", tally.predicted_positives()))
    largest = max(tally.sizes) or 1
    bars = []
    for what, positives in rows:
        for place, name in enumerate((source.a, source.d)):
            size, part = tally.sizes[place], positives[place]
            share = 100 * part / size if size else 0.0
            told = f"{name}: {part:,} of {size:,} positive in the {what} ({share:.0f}%)"
            length = f"width:{100 * size / largest:.2f}%"
            bars.append(
                f'<div class="group {"ad"[place]}">{escape(told)}<span class=crowd style="{length}">'
                f'<i style="width:{share:.2f}%"></i></span></div>'
            )
    return f'<div class="cl bias">{"".join(bars)}</div>'
