"""The traffic shifter on a page: predict, run and watch; a config explained; drills."""

import json
from collections.abc import Iterator
from copy import copy
from dataclasses import fields
from html import escape
from math import isfinite
from typing import Any

import streamlit as st

from simulators.contract import Figure, Simulator
from simulators.pages.drill import show_drills
from simulators.pages.film import show_film
from simulators.pages.simulator import (
    Graded,
    Trial,
    checked,
    key_of,
    literal,
    result_of,
    run_again,
    scenario_picker,
    setting,
    show_figure,
    show_lesson,
    tell,
    trial_of,
)
from simulators.traffic import (
    Diagnosis,
    Params,
    Result,
    alarm_figures,
    alarm_requests,
    course_figures,
    deployment_config,
    detection_figure,
    drill,
    explain_config,
    figures,
    strategy_figures,
)

SLUG = "traffic"
_PARTS = ("Simulate", "Explain a config", "Drills")
_SIZES = {"CANARY": "canary_size", "LINEAR": "linear_step", "ROLLING": "batch_size"}
_GROUPS = {
    "Rollout": (
        "strategy",
        "instances",
        "size_type",
        "canary_size",
        "linear_step",
        "batch_size",
        "rollback_batch_size",
        "wait_seconds",
        "termination_wait_seconds",
        "timeout_seconds",
        "launch_seconds",
        "endpoint_kind",
        "same_variant_name",
        "compare",
    ),
    "Traffic": (
        "requests_per_minute",
        "watch_minutes",
        "history_minutes",
        "daily_swing_percent",
        "start_hour",
        "bursts_per_hour",
        "burst_factor",
        "burst_minutes",
        "client_error_percent",
        "storm_error_percent",
        "storm_start_minute",
        "storm_minutes",
        "seed",
    ),
    "Models": (
        "green_model",
        "green_error_percent",
        "blue_error_percent",
        "green_slowdown",
        "service_ms",
        "patience_ms",
        "leak_minutes",
        "leak_error_percent",
        "label_delay_minutes",
    ),
    "Alarm": (
        "alarm_metric",
        "alarm_fleet",
        "alarm_statistic",
        "alarm_operator",
        "alarm_threshold",
        "alarm_period_seconds",
        "alarm_periods",
        "alarm_datapoints",
        "alarm_missing",
    ),
    "Second alarm": (
        "second_alarm_metric",
        "second_alarm_fleet",
        "second_alarm_statistic",
        "second_alarm_operator",
        "second_alarm_threshold",
        "second_alarm_period_seconds",
        "second_alarm_periods",
        "second_alarm_datapoints",
        "second_alarm_missing",
    ),
    "Tests": ("shadow_percent", "ab_weight_percent", "ab_looks"),
}
"""The settings that are not always in sight, by what they are about."""

_VIEWS = {
    "deployment": {
        "film": "Timeline",
        "alarms": "Alarms",
        "strategies": "All four strategies",
        "chance": "Chance to notice",
        "charts": "Charts",
        "aws": "AWS calls",
    },
    "shadow": {"test": "The test", "film": "Timeline", "aws": "AWS call"},
    "ab": {"test": "The test", "film": "Timeline", "aws": "AWS call"},
}
_LONGEST_CONFIG = 20_000  # characters


def show(simulator: Simulator, graded: Graded) -> None:
    """Draw the three parts; only the open one does more than keep its settings."""
    simulate, explain, drills = st.tabs(_PARTS, key=key_of(SLUG, "part"), on_change="rerun", bind="query-params")
    with simulate:
        scenario_picker(SLUG, simulator)
        params = _settings(simulator)
        if simulate.open and params is not None:
            _simulate(simulator, params, graded)
    with explain:
        if explain.open:
            _explain(simulator, params or Params())
    with drills:
        show_drills(SLUG, drill, graded, opened=bool(drills.open))


# --- settings ---------------------------------------------------------------------------------------------------------


def _settings(simulator: Simulator) -> Params | None:
    """The few settings that matter for what is run, and the others out of the way."""
    every = _fields(simulator)
    values: dict[str, Any] = {"mode": setting(SLUG, "mode", every["mode"])}
    for row in _first(values):
        for column, name in zip(st.columns(len(row), vertical_alignment="bottom"), row, strict=True):
            with column:
                values[name] = setting(SLUG, name, every[name])
    rest = {group: [name for name in names if name not in values] for group, names in _GROUPS.items()}
    with st.expander("More settings", icon=":material/tune:"):
        for tab, names in zip(st.tabs(list(rest)), rest.values(), strict=True):
            with tab:
                values |= {name: setting(SLUG, name, every[name]) for name in names}
    changed = [name for names in rest.values() for name in names if values[name] != every[name].default]
    if changed:
        said = "; ".join(_said(every[name], values[name]) for name in changed)
        literal([f"Changed in More settings: {said}."], "muted")
    params: Params | None = checked(simulator, values)
    if params is not None and params.requests_per_minute > (most := _capacity(params)):
        literal(
            [
                f"{params.requests_per_minute:,.0f} requests a minute are more than the old fleet can answer, "
                f"{most:,.0f}: queues grow without end. Late answers of the new fleet count as users hurt, though the "
                "old one would be late too."
            ],
            "bad",
        )
    return params


def _fields(simulator: Simulator) -> dict[str, Any]:
    """The settings; sizes in the unit that is chosen for them."""
    every = dict(simulator.params.__pydantic_fields__)
    key, names = key_of(SLUG, "size_type"), every["size_type"].json_schema_extra["names"]
    if st.session_state.get(key, st.query_params.get(key)) in ("INSTANCE_COUNT", names["INSTANCE_COUNT"]):
        for name in (*_SIZES.values(), "rollback_batch_size"):
            every[name] = copy(every[name])
            every[name].json_schema_extra = {**every[name].json_schema_extra, "unit": "instances"}
    return every


def _capacity(params: Params) -> float:
    """Requests a minute that the old fleet can answer."""
    return params.instances * 60_000 / params.service_ms


def _first(values: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Rows of settings to see at once; what comes later depends on what was chosen before."""
    mode = values["mode"]
    if mode == "deployment":
        yield ("strategy",)
        size = _SIZES.get(values["strategy"])
        yield (size, "wait_seconds") if size else ("termination_wait_seconds", "requests_per_minute")
        yield ("green_model",)
        yield ("green_error_percent", "alarm_metric")
        if values["alarm_metric"] != "none":
            yield ("alarm_threshold", "alarm_fleet")
        return
    yield ("green_model",)
    yield ("green_slowdown", "green_error_percent")
    yield ("shadow_percent", "watch_minutes") if mode == "shadow" else ("ab_weight_percent", "ab_looks")


def _said(field: Any, value: Any) -> str:
    """A setting and its value in words."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if isinstance(value, bool):
        shown = "on" if value else "off"
    else:
        shown = extra.get("names", {}).get(value, f"{value:,g}" if isinstance(value, int | float) else str(value))
    unit = extra.get("unit", "")
    return f"{field.title} {shown}{f' {unit}' if unit else ''}"


# --- predict, run, look -----------------------------------------------------------------------------------------------


def _simulate(simulator: Simulator, params: Params, graded: Graded) -> None:
    trial = trial_of(SLUG, simulator, params)
    if trial is None:
        return
    result: Result | None = result_of(SLUG, simulator, trial)
    if result is None:
        return
    tell(SLUG, simulator, trial, result, graded)
    st.subheader("What happened", anchor=False)
    if result.problems:
        literal(simulator.findings(result), "plain")
        run_again(SLUG)
        return
    _headline(result)
    _look_closer(simulator, trial, result)
    st.subheader("In words", anchor=False)
    literal(simulator.findings(result))
    show_lesson(SLUG, simulator)
    run_again(SLUG)


def _headline(result: Result) -> None:
    """The run in four numbers."""
    noticed, test, shadow = result.detection_minutes, result.ab, result.shadow
    if test:
        shares = [f"{100 * test.good[row, -1] / max(test.requests[row, -1], 1):.1f} %" for row in (0, 1)]
        told = {
            "Good answers of A": shares[0],
            "Good answers of B": shares[1],
            "p at the end": f"{test.p_values[-1]:.3f}",
            "z needed for all looks": f"{test.pocock:.2f}",
        }
    elif shadow:
        told = {
            "Users hurt": "0",
            "Shadow: wrong answers": f"{shadow.wrong_percent[1]:.1f} %",
            "Shadow: server errors": f"{shadow.error_percent[1]:.1f} %",
            "Shadow: latency": f"{shadow.latency_ms[1]:.0f} ms",
        }
    else:
        told = {
            "Outcome": result.outcome.capitalize(),
            "Users hurt": f"{result.users_hurt:,}",
            "Noticed after": "never" if noticed is None else f"{noticed:.0f} min",
            "Extra instance-minutes": f"{result.extra_instance_minutes:,.0f}",
        }
    with st.container(horizontal=True):
        for label, value in told.items():
            st.metric(label, value, width=160, help=_HELP.get(label))


_HELP = {
    "Users hurt": "Requests that the new fleet failed, got wrong or answered too late, and the old one would not have.",
    "Noticed after": "From the new fleet's first request until an alarm stopped the update.",
    "Extra instance-minutes": "Billed during the update, beyond the instances that run anyway.",
}


def _look_closer(simulator: Simulator, trial: Trial, result: Result) -> None:
    views = _VIEWS[result.params.mode]
    first = next(iter(views))
    view = st.pills(
        "Look closer",
        list(views),
        format_func=lambda name: views.get(name, name),
        default=first,
        required=True,
        key=key_of(SLUG, f"{result.params.mode}-view"),
        bind="query-params",
    )
    view = view if view in views else first
    if view == "film":
        # Somebody who just asked for the run wants to watch it; whoever drags a slider wants its end.
        show_film(f"{SLUG}-film", result, autoplay=trial.prediction is not None)
        _numbers(result)
    elif view == "aws":
        _calls(simulator, result.params)
    elif view == "alarms":
        _alarms(result)
    else:
        drawn = _figures(view, repr(result.params), result)
        if view == "strategies" and drawn:
            _side_by_side(result)
        for number, figure in enumerate(drawn):
            show_figure(f"{SLUG}-{view}-{number}", figure)
        if not drawn:
            literal([_NOTHING[view]], "plain")


_NOTHING = {
    "strategies": "Fewer than two strategies were run: AWS refuses the others with these settings, or the comparison "
    "is off in More settings.",
    "chance": "There is no chance to compute: it takes an alarm on errors of the model, and a bake in which it is "
    "watched.",
}


@st.cache_resource(max_entries=32, show_spinner=False)
def _figures(view: str, key: str, _result: Result) -> list[Figure]:  # noqa: ARG001 - the key stands for the result
    """The charts of one view, drawn once."""
    if view == "strategies":
        return strategy_figures(_result)
    if view == "chance":
        return [figure for figure in [detection_figure(_result)] if figure]
    if view == "alarms":
        return alarm_figures(_result)
    return course_figures(_result) if view == "charts" else figures(_result)


def _side_by_side(result: Result) -> None:
    """A row for each strategy: how it ended, and at what price."""
    if result.comparison is None:
        return
    head = "".join(f"<th scope='col'>{name}</th>" for name in _COLUMNS.values())
    rows = [
        "".join(f"<td>{_cell(each[column])}</td>" for column in _COLUMNS)
        for each in result.comparison.reindex(columns=list(_COLUMNS)).to_dict("records")
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    st.html(
        '<div class="cl"><div class="scroll" tabindex="0" role="region" aria-label="The four strategies">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div>"
    )


_COLUMNS = {
    "strategy": "Strategy",
    "outcome": "Outcome",
    "users_hurt": "Users hurt",
    "noticed_after_min": "Noticed after (min)",
    "update_min": "Takes (min)",
    "extra_instance_min": "Extra instance-minutes",
}


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:,.0f}" if isfinite(value) else "–"


def _numbers(result: Result) -> None:
    with st.expander("The numbers, minute by minute", key=f"{SLUG}-minutes", on_change="rerun") as numbers:
        if numbers.open:
            st.dataframe(result.minutes, hide_index=True, alt="Requests, errors, latency and users hurt by minute")


def _alarms(result: Result) -> None:
    """What the doctor says of each alarm, and what the alarm saw."""
    if not result.diagnoses:
        literal(
            [
                "No alarm is set. An update without one goes through whatever the new model answers.",
                "What to change: choose an alarm, best on the new fleet alone, and bake long enough for it.",
            ],
            "bad",
        )
    drawn = _figures("alarms", repr(result.params), result)
    for number, figure in enumerate(drawn):
        _diagnosis(result.diagnoses[number], result.params)
        show_figure(f"{SLUG}-alarms-{number}", figure)


def _diagnosis(found: Diagnosis, params: Params) -> None:
    name = found.alarm.name
    if found.always_fires:
        verdict = f"{name} stops healthy updates too."
    elif not found.can_fire:
        verdict = f"{name} is dead: it can never stop this update, not even if every answer of the new fleet is bad."
    elif not found.in_first_bake:
        verdict = f"{name} comes too late for the first bake: at its best it rings {_after(found)}."
    else:
        verdict = f"{name} can stop the update in the first bake: at its best it rings {_after(found)}."
    if found.smallest_fault_percent is not None and not found.always_fires:
        verdict += f" It takes a fault in about {found.smallest_fault_percent:.2g} % of the new fleet's requests"
        is_5xx = found.alarm.metric in ("Invocation5XXErrors", "InvocationModelErrors")
        verdict += f"; here {params.green_error_percent:g} % fail." if is_5xx else "."
    told = [verdict]
    told += [f"Why: {'; '.join(found.causes)}."] if found.causes else []
    told += [f"What to change: {'; '.join(found.changes)}."] if found.changes else []
    literal(told, "bad" if found.causes else "good")


def _after(found: Diagnosis) -> str:
    return f"{found.fires_after_minutes or 0:.0f} minutes after the new fleet's first request"


# --- AWS --------------------------------------------------------------------------------------------------------------


def _calls(simulator: Simulator, params: Params) -> None:
    """The calls that these settings make, in their order."""
    calls = list(alarm_requests(params)) if params.mode == "deployment" else []
    if simulator.request:
        calls.append(simulator.request(params))
    if len(calls) > 1:
        literal(
            [
                "The alarms come first, then the update that names them. SageMaker's role must be allowed "
                "cloudwatch:DescribeAlarms."
            ],
            "muted",
        )
    for operation, body in calls:
        name = body.get("AlarmName", "")
        st.subheader(operation + (f" ({name})" if name else ""), anchor=False)
        st.code(json.dumps(body, indent=2), language="json", wrap_lines=True)
    if any(alarm.metric == "WrongAnswers" for alarm in params.alarms):
        literal(
            ["WrongAnswers is a metric of your own: publish it with PutMetricData when the labels arrive."], "muted"
        )


def _explain(simulator: Simulator, params: Params) -> None:
    """A pasted config in words, and run with the traffic, models and alarms of the settings."""
    key = f"{SLUG}-config"
    text = st.text_area(
        "A DeploymentConfig, alone or inside the body of UpdateEndpoint",
        key=key,
        height=220,
        max_chars=_LONGEST_CONFIG,
        persist_state="page",
        placeholder='{"BlueGreenUpdatePolicy": …}',
    )
    st.button("Explain", type="primary", icon=":material/search:", key=f"{SLUG}-explain")
    if not (text or "").strip():
        st.button(
            "Take that of the settings",
            icon=":material/content_paste:",
            on_click=st.session_state.__setitem__,
            args=(key, json.dumps(deployment_config(params), indent=2)),
            key=f"{SLUG}-paste",
        )
        return
    explained = explain_config(text[:_LONGEST_CONFIG], params)
    if explained.params is None:
        literal(["AWS would refuse this, or it is no DeploymentConfig:", *explained.problems], "bad")
        return
    literal(["AWS takes it."], "good")
    literal(list(explained.sentences))
    st.button(
        "Simulate it with all its figures",
        icon=":material/experiment:",
        on_click=_take_over,
        args=(explained.params,),
        key=f"{SLUG}-take",
    )
    if simulator.takes_long(explained.params):
        return
    result: Result | None = result_of(SLUG, simulator, Trial(params=explained.params))
    if result is not None:
        st.subheader("With the traffic, the models and the alarms of the settings", anchor=False)
        if result.problems:
            literal(simulator.findings(result), "plain")
            return
        _headline(result)
        show_film(f"{SLUG}-explained-film", result, autoplay=False)


def _take_over(params: Params) -> None:
    """Make these the settings, and show their run."""
    for field in fields(params):
        st.session_state[key_of(SLUG, field.name)] = getattr(params, field.name)
    st.session_state[f"{SLUG}-trial"] = Trial(params=params)
    st.session_state[key_of(SLUG, "part")] = _PARTS[0]
