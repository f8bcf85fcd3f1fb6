"""What a bias run found, on a page: the same views for a shipped table, two groups of your own and your own CSV."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from simulators._cluster import ClusterError
from simulators.bias import (
    METRICS,
    SIMULATOR,
    DataSet,
    Params,
    Prepared,
    Result,
    Source,
    analysis_config,
    assess,
    figure,
    findings,
    flip_cost,
    impossible,
    number,
    report_csv,
    report_page,
    request,
)
from simulators.contract import Cancelled
from simulators.jobs import Busy
from simulators.pages import _bias_tables as tables
from simulators.pages.simulator import (
    jobs,
    key_of,
    literal,
    setting,
    show_failure,
    show_figure,
    show_lesson,
    show_no_crew,
    show_request,
    watch,
)

VIEWS = {
    "story": "What happened",
    "metrics": "All metrics",
    "steps": "Step by step",
    "model": "Predictions",
    "mitigation": "Mitigation",
    "take": "Take it home",
}
_PLACES = {
    "definition": "metrics",
    "model": "model",
    "use_facet": "model",
    "threshold": "model",
    "mitigation": "mitigation",
    "policy": "mitigation",
}
"""The view in which a setting is at hand; while another view is open it is among the others."""

AT_ONCE = 50_000
"""Up to this many cells the flip test answers with everything else; beyond, it waits to be asked."""
_WORK = {"none": 0, "bayes": 1, "tree": 1, "logistic": 1, "forest": 5, "boosting": 30}
_TRAINED_AT_ONCE = 200_000
"""Cells times the work of a classifier: up to here it is trained before the page shows."""
OF_THE_MODEL = ("model", "use_facet", "threshold", "mitigation", "policy")
Fields = Mapping[str, FieldInfo]


def trains(source: Source) -> bool:
    """Whether a model can learn from this table: it has features and no recorded predictions."""
    return bool(source.features) and source.predicted is None


def look_closer(prefix: str, source: Source, *, story: bool = True) -> str:
    """Ask which view to show: what happened, unless that is on the page already, and what the table allows."""
    absent = set() if story else {"story"}
    if not trains(source):
        absent |= {"mitigation"} if source.predicted is not None else {"mitigation", "model"}
    offered = [name for name in VIEWS if name not in absent]
    chosen: str | None = st.pills(
        "Look at",
        offered,
        format_func=VIEWS.__getitem__,
        default=offered[0],
        required=True,
        key=key_of(prefix, "view"),
        bind="query-params",
    )
    return chosen if chosen in offered else offered[0]


def settings(
    prefix: str, fields: Fields, names: tuple[str, ...], *, view: str | None, here: Any, else_: Any
) -> dict[str, Any]:
    """Every setting drawn once: those of the open view `here`, the others where `else_` is."""
    with here:
        pair = st.columns(2, vertical_alignment="bottom") if view == "model" and "model" in names else ()
    places = dict(zip(("model", "use_facet"), pair, strict=False))
    values: dict[str, Any] = {}
    for name in names:
        if name in OF_THE_MODEL[1:] and values.get("model") == "none":
            continue
        if name == "policy" and values.get("mitigation") != "thresholds":
            continue
        with places.get(name, here) if view is not None and _PLACES.get(name) == view else else_:
            values[name] = setting(prefix, name, fields[name])
    return values


def remembered(prefix: str, names: tuple[str, ...]) -> None:
    """Give settings that were off the page for a while their last values back."""
    kept = st.session_state.get(f"{prefix}-kept", {})
    for name in names:
        key = key_of(prefix, name)
        if name in kept and key not in st.session_state and key not in st.query_params:
            st.session_state[key] = kept[name]


def remember(prefix: str, values: Mapping[str, Any]) -> None:
    """Keep the values of settings for the time when they are off the page."""
    st.session_state[f"{prefix}-kept"] = {**st.session_state.get(f"{prefix}-kept", {}), **values}


# --- what takes time --------------------------------------------------------------------------------------------------


def training(params: Params) -> Params:
    """The params with everything at its default that preparing a table does not depend on."""
    plain = Params()
    early = params.mitigation in ("reweighing", "resampling")
    return replace(
        params,
        definition=plain.definition,
        threshold=plain.threshold,
        policy=plain.policy,
        flip_test=plain.flip_test,
        mitigation=params.mitigation if early else "none",
    )


def takes_long(data: DataSet, params: Params) -> bool:
    """Whether training is longer than a blink."""
    cells = len(data.frame) * (1 + len(data.source.features))
    return cells * _WORK[params.model] > _TRAINED_AT_ONCE


def in_background(prefix: str, key: str, words: str, work: Callable[..., Any], *given: Any, keep: bool) -> Any:
    """What `work` returns, computed outside the server's threads; None, with progress or a reason, until then."""
    stopped = f"{prefix}-stopped"
    if st.session_state.get(stopped) == key:
        st.info(f"{words} was stopped.", icon=":material/stop_circle:")
        st.button("Start it again", key=f"{prefix}-resume", on_click=lambda: st.session_state.pop(stopped, None))
        return None
    try:
        job = jobs().call(key, work, *given)
        if not job.done:
            watch(prefix, job)
            return None
        if job.failed:
            show_failure(job)
            return None
        if not keep:
            jobs().forget(job)
        return job.result()
    except Cancelled:
        st.session_state[stopped] = key
        st.rerun()
    except (Busy, ClusterError) as error:
        show_no_crew(error)
    return None


def judged(prefix: str, prepared: Prepared, params: Params, key: str) -> Result:
    """The result under these params, kept for as long as nothing changes; the flip test only where it is quick."""
    kept = st.session_state.get(f"{prefix}-result")
    if kept is None or kept[0] != (key, params):
        cells = len(prepared.coded.is_d) * max(1, len(prepared.features.columns))
        kept = ((key, params), assess(prepared, params, flips=params.flip_test and cells <= AT_ONCE))
        st.session_state[f"{prefix}-result"] = kept
    result: Result = kept[1]
    return result


def flip_on_demand(prefix: str, prepared: Prepared, params: Params, key: str, result: Result) -> Result:
    """The same result with the flip test, once it was asked for; until then what it would cost, and a button."""
    absent = result.final.tally.has_predictions and result.final.flips is None
    if not absent or not params.flip_test or not len(prepared.features.columns):
        return result
    asked = f"{prefix}-flip"
    whole = f"{prefix} flip {key} {params!r}"
    if st.session_state.get(asked) != whole:
        literal([f"FT, the flip test, waits to be asked: {flip_cost(prepared)}."], "muted")
        st.button(
            "Run the flip test",
            icon=":material/compare_arrows:",
            key=f"{prefix}-flip-run",
            on_click=lambda: st.session_state.update({asked: whole}),
        )
        return result
    found: Result | None = in_background(
        f"{prefix}-ft", whole, "The flip test", partial(assess, flips=True), prepared, params, keep=False
    )
    if found is None:
        return result
    st.session_state[f"{prefix}-result"] = ((key, params), found)
    return found


# --- the views --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Found:
    """A result with what it came from."""

    prefix: str
    key: str
    data: DataSet
    prepared: Prepared
    params: Params
    result: Result


def describe(source: Source, sizes: tuple[int, int] | None = None) -> None:
    """Who is compared with whom, and what counts as positive."""
    counted = [f"{size:,} {source.people}" for size in sizes] if sizes else ["", ""]
    parts = [
        f"Facet {letter}: {', '.join(filter(None, (name, count)))}."
        for letter, name, count in zip("ad", tables.names(source), counted, strict=True)
        if name or count
    ]
    literal([" ".join([*parts, f"Positive: {source.yes}."])], "muted")


def show_view(view: str, found: Found) -> None:
    """One of the views."""
    {
        "story": _story,
        "metrics": _metrics,
        "steps": _steps,
        "model": _model,
        "mitigation": _mitigation,
        "take": _take,
    }[view](found)


def _story(found: Found) -> None:
    result = found.result
    lead = figure(result, "groups") or figure(result, "outcomes")
    if lead:
        show_figure(f"{found.prefix}-lead", lead)
    else:
        st.html(tables.crowds(result))
    literal(findings(result))
    show_lesson(found.prefix, SIMULATOR)
    if not lead and (glance := figure(result, "metrics")):
        show_figure(f"{found.prefix}-lead", glance)


def _metrics(found: Found) -> None:
    result = flip_on_demand(found.prefix, found.prepared, found.params, found.key, found.result)
    describe(result.source, result.tally.sizes)
    st.html(tables.metrics_table(result))
    if glance := figure(result, "metrics"):
        show_figure(f"{found.prefix}-metrics", glance)


def _steps(found: Found) -> None:
    result = found.result
    code = st.selectbox(
        "Metric",
        list(result.report),
        format_func=lambda each: f"{each}: {METRICS[each].name}",
        key=key_of(found.prefix, "metric"),
        bind="query-params",
        index=1,
    )
    describe(result.source, result.tally.sizes)
    literal([tables.order_words(code, result)], "plain")
    st.latex(METRICS[code].formula)
    if filled := tables.filled(code, result):
        st.latex(filled)
    st.html(tables.worked(code, result))
    st.html(tables.about(code, result))


def _model(found: Found) -> None:
    result = found.result
    if not result.final.tally.has_predictions:
        literal(["No model is trained. Choose a classifier to see what it makes of these people."], "plain")
        return
    if result.mitigated is not None:
        literal(["These are the predictions after the mitigation."], "muted")
    for kind in ("confusion", "curve"):
        if drawn := figure(result, kind):
            show_figure(f"{found.prefix}-{kind}", drawn)
    if result.twin is not None:
        own, other = result.plain.guide["DPPL"], result.twin.guide["DPPL"]
        seen, blind = (own, other) if found.params.use_facet else (other, own)
        literal(
            [
                f"The same classifier at the same threshold: DPPL = {number(seen)} when it sees {result.source.facet}, "
                f"{number(blind)} when it does not."
            ],
            "plain",
        )


def _mitigation(found: Found) -> None:
    result = found.result
    if not result.final.tally.has_predictions:
        literal(
            ["No model is trained, so there is nothing to mitigate: choose a classifier under Predictions."], "plain"
        )
        return
    if result.mitigated is None:
        literal(["Choose a mitigation to see every metric before and after it."], "muted")
    else:
        was, now = (_accuracy(verdict.tally.confusion) for verdict in (result.plain, result.mitigated))
        literal([f"Accuracy went from {was:.1%} to {now:.1%}."], "plain")
        if glance := figure(result, "metrics"):
            show_figure(f"{found.prefix}-mitigated", replace(glance, title="Before and after"))
    if policies := figure(result, "policies"):
        show_figure(f"{found.prefix}-policies", policies)
    if words := impossible(result):
        literal([words], "plain")


def _accuracy(confusion: Any) -> float:
    both = confusion.sum(axis=0)
    return float(both.trace() / both.sum())


def _take(found: Found) -> None:
    result, params = found.result, found.params
    config = json.dumps(analysis_config(found.data, params), indent=2, ensure_ascii=False)
    files = (
        ("The report as CSV", ":material/table:", "bias-report.csv", "text/csv", report_csv(result)),
        ("A page to print", ":material/print:", "bias-report.html", "text/html", report_page(result)),
        ("Clarify's configuration", ":material/data_object:", "analysis_config.json", "application/json", config),
    )
    for column, (label, icon, name, mime, text) in zip(st.columns(3), files, strict=True):
        column.download_button(
            label,
            text.encode(),
            name,
            mime,
            icon=icon,
            key=f"{found.prefix}-{name}",
            on_click="ignore",
            width="stretch",
        )
    st.html('<div class="cl"><h3>The same analysis in SageMaker Clarify</h3></div>')
    literal(
        ["analysis_config.json says what to measure; the request below starts the processing job that reads it."],
        "muted",
    )
    st.code(config, language="json", wrap_lines=True)
    show_request(found.prefix, *request(params))
    source = result.source
    literal([f"Where the data come from: {source.provenance}"], "muted")
    if source.url:
        literal([source.url], "muted")
