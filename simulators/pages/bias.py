"""The bias calculator on a page: explore real tables, build two groups, bring a CSV, and drill."""

from functools import partial
from typing import Any

import streamlit as st

from simulators.bias import METRICS, OWN_FIELDS, Params, Prepared, drill, load, prepare
from simulators.contract import Simulator
from simulators.pages import _bias_tables as tables
from simulators.pages._bias_result import (
    OF_THE_MODEL,
    Fields,
    Found,
    describe,
    in_background,
    judged,
    look_closer,
    remember,
    remembered,
    settings,
    show_view,
    takes_long,
    training,
    trains,
)
from simulators.pages._bias_upload import show_upload
from simulators.pages.drill import show_drills
from simulators.pages.simulator import (
    Graded,
    checked,
    key_of,
    literal,
    run_again,
    scenario_picker,
    setting,
    tell,
    trial_of,
)

SLUG, OWN = "bias", "bias-own"
_PARTS = ("Explore", "Build your own", "Your own CSV", "Drills")
_SIZES = sorted(
    {1, 2, 3, 5, 8, 15, *(digit * 10**power for power in (1, 2, 3) for digit in range(1, 10)), 10_000, 20_000}
)
"""Sizes of a group that a slider reaches: a tiny one as easily as a large one."""
_GROUPS = (("size_a", "rate_a"), ("size_d", "rate_d"))
_ERRORS = (("recall_a", "false_positives_a"), ("recall_d", "false_positives_d"))


def show(simulator: Simulator, graded: Graded) -> None:
    """Draw the part that is open."""
    st.html(tables.STYLE)
    explore, build, upload, drills = st.tabs(_PARTS, key=key_of(SLUG, "part"), on_change="rerun", bind="query-params")
    fields = simulator.params.__pydantic_fields__
    if explore.open:
        with explore:
            _explore(simulator, fields, graded)
    if build.open:
        with build:
            _build(simulator, fields)
    if upload.open:
        with upload:
            show_upload(simulator, fields)
    with drills:
        _drills(graded, opened=bool(drills.open))


# --- explore ----------------------------------------------------------------------------------------------------------


def _explore(simulator: Simulator, fields: Fields, graded: Graded) -> None:
    remembered(SLUG, tuple(fields))
    pair = st.columns(2)
    with pair[0]:
        scenario_picker(SLUG, simulator)
        _first_question_first()
    with pair[1]:
        data = setting(SLUG, "data", fields["data"])
    values: dict[str, Any] = {"data": data}
    groups = st.container()
    more = st.expander("More settings", icon=":material/tune:")
    if data == "own":
        values |= _group_settings(SLUG, fields, groups, more)
    source = load(Params(data=data)).source
    story = st.container()
    ran = f"{SLUG}-trial" in st.session_state and f"{SLUG}-stopped" not in st.session_state
    view = look_closer(SLUG, source) if ran else None
    here = st.container()
    names = ("definition", "swap", *(OF_THE_MODEL if trains(source) else ()), "flip_test", "seed")
    values |= settings(SLUG, fields, names, view=view, here=here, else_=more)
    remember(SLUG, values)
    params: Params | None = checked(simulator, values)
    if params is None:
        return
    with story:
        if not ran:
            describe(source.swapped() if params.swap else source)
        trial = trial_of(SLUG, simulator, params)
        prepared = None if trial is None else _prepared(params)
    if trial is None or prepared is None or view is None:
        return
    key = repr(training(params))
    result = judged(SLUG, prepared, params, key)
    with story:
        tell(SLUG, simulator, trial, result, graded)
    with here:
        found = Found(prefix=SLUG, key=key, data=load(params), prepared=prepared, params=params, result=result)
        show_view(view, found)
        run_again(SLUG)


def _first_question_first() -> None:
    """A scenario begins with the first question that fits it, whatever was asked before."""
    scenario, asked_for = st.session_state.get(key_of(SLUG, "scenario")), f"{SLUG}-asked-for"
    if scenario and st.session_state.get(asked_for) != scenario:
        st.session_state.update({asked_for: scenario, f"{SLUG}-asked": 0})


@st.cache_resource(max_entries=24, show_spinner="Training …")
def _trained(key: str, _params: Params) -> Prepared:  # noqa: ARG001 - the key stands for the params
    return prepare(load(_params), _params)


def _prepared(params: Params) -> Prepared | None:
    """The table, read and scored: at once where that takes a blink, else outside the server's threads."""
    wanted = training(params)
    data = load(wanted)
    if params.data == "own":
        return prepare(data, wanted)
    if not takes_long(data, wanted):
        return _trained(repr(wanted), wanted)
    found: Prepared | None = in_background(SLUG, f"{SLUG} {wanted!r}", "The training", prepare, data, wanted, keep=True)
    return found


# --- build your own ---------------------------------------------------------------------------------------------------


def _group_settings(prefix: str, fields: Fields, groups: Any, more: Any) -> dict[str, Any]:
    """Sizes and rates of both groups side by side; what the model gets right and wrong is out of the way."""
    values: dict[str, Any] = {}
    with groups:
        for column, (size, rate) in zip(st.columns(2), _GROUPS, strict=True):
            with column:
                values |= {size: _size(prefix, size, fields), rate: setting(prefix, rate, fields[rate])}
    with more:
        for column, names in zip(st.columns(2), _ERRORS, strict=True):
            with column:
                values |= {name: setting(prefix, name, fields[name]) for name in names}
    return values


def _size(prefix: str, name: str, fields: Fields) -> int:
    key, field = key_of(prefix, name), fields[name]
    sizes = sorted({*_SIZES, *_in_bounds(st.session_state.get(key)), *_in_bounds(st.query_params.get(key))})
    size: int = st.select_slider(
        f"{field.title} (people)",
        sizes,
        value=field.default,
        key=key,
        help=field.description,
        bind="query-params",
    )
    return size


def _in_bounds(value: Any) -> set[int]:
    """A size that the slider does not reach by itself, but a link or a scenario may name."""
    return {int(value)} if str(value).isdecimal() and len(str(value)) < 6 and 1 <= int(value) <= _SIZES[-1] else set()


def _build(simulator: Simulator, fields: Fields) -> None:
    remembered(OWN, (*OWN_FIELDS, "definition"))
    literal(["Set the size of two groups and how many of each are accepted, and watch every metric move."])
    groups, story = st.container(), st.container()
    more = st.expander("More settings", icon=":material/tune:")
    values = {"data": "own", **_group_settings(OWN, fields, groups, more)}
    view = look_closer(OWN, load(Params(data="own")).source, story=False)
    here = st.container()
    values |= settings(OWN, fields, ("definition",), view=view, here=here, else_=more)
    remember(OWN, values)
    params: Params | None = checked(simulator, values)
    if params is None:
        return
    data, key = load(params), repr(training(params))
    prepared = prepare(data, params)
    result = judged(OWN, prepared, params, key)
    with story:
        st.html(tables.crowds(result))
    with here:
        show_view(view, Found(prefix=OWN, key=key, data=data, prepared=prepared, params=params, result=result))


# --- drills -----------------------------------------------------------------------------------------------------------


def _drills(graded: Graded, *, opened: bool) -> None:
    if opened:
        literal(
            ["A table drawn by its number, one metric to work out, and three answers that come from classic slips."]
        )
    metric = st.selectbox(
        "Metric",
        ["Any metric", *METRICS],
        format_func=lambda code: f"{code}: {METRICS[code].name}" if code in METRICS else code,
        key="bias-drill-metric",
        bind="query-params",
    )
    one = metric if metric in METRICS else None
    show_drills(SLUG, partial(drill, metric=one), graded, opened=opened, about=f"{one} " if one else "")
