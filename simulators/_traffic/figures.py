"""The pictures of a run."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from simulators._charts import layout
from simulators._traffic import alarms as cloudwatch
from simulators._traffic.params import OPERATORS, STRATEGIES, STRATEGY_NAMES, Alarm, Strategy
from simulators._traffic.result import Result
from simulators._traffic.variants import LEVEL, ABTest, ShadowTest, pocock_constant, repeated_rate
from simulators.contract import Figure

BLUE, GREEN, RED, GREY, AMBER = "#3b82f6", "#16a34a", "#dc2626", "#808890", "#d97706"
SHADE = "rgba(217, 119, 6, 0.13)"
FILM_COLOURS = {"old": BLUE, "new": GREEN, "late": AMBER, "other": GREY, "bad": RED, "bake": SHADE}
_DASHES: dict[Strategy, str] = {"ALL_AT_ONCE": "dot", "CANARY": "solid", "LINEAR": "dash", "ROLLING": "dashdot"}
_COLOURS: dict[Strategy, str] = {"ALL_AT_ONCE": RED, "CANARY": AMBER, "LINEAR": BLUE, "ROLLING": GREEN}
_STATE_SYMBOLS = {"OK": "circle-open", "ALARM": "x", "INSUFFICIENT_DATA": "line-ns-open"}
_MOST_ROWS = 200

UNITS = {
    "Invocation5XXErrors": "share",
    "Invocation4XXErrors": "share",
    "InvocationModelErrors": "share",
    "ModelLatency": "µs",
    "WrongAnswers": "share",
}


def figures(result: Result) -> list[Figure]:
    """Everything worth seeing of a run, the most important first."""
    if result.ab:
        return [_ab_path(result.ab), _peeking(result.ab), _latency(result)]
    if result.shadow:
        return [_shadow(result.shadow), _latency(result)]
    shown = [_traffic(result), *alarm_figures(result)]
    if not result.problems:
        shown.append(_hurt(result))
    if result.comparison is not None:
        shown.append(_comparison(result.comparison))
    shown.append(_capacity(result))
    if result.curve is not None:
        shown.append(_detection(result))
    shown.append(_latency(result))
    return shown


def alarm_figures(result: Result) -> list[Figure]:
    """One of each alarm."""
    return [_alarm(result, row) for row in range(len(result.params.alarms))]


def strategy_figures(result: Result) -> list[Figure]:
    """All strategies on the same requests; nothing where AWS refuses the settings."""
    if result.comparison is None:
        return []
    return [_comparison(result.comparison), _hurt(result)]


def detection_figure(result: Result) -> Figure | None:
    """The chance to notice a fault in time; None without an error alarm or a bake."""
    return None if result.curve is None else _detection(result)


def course_figures(result: Result) -> list[Figure]:
    """Traffic, instances and latency, minute by minute."""
    return [_traffic(result), _capacity(result), _latency(result)]


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    """At most 200 rows, evenly picked."""
    if len(frame) <= _MOST_ROWS:
        return frame.reset_index(drop=True)
    return frame.iloc[np.linspace(0, len(frame) - 1, _MOST_ROWS).round().astype(int)].reset_index(drop=True)


def _steps(result: Result) -> pd.DataFrame:
    """The course as a table: one row per stage, times in minutes after the call."""
    course, total = result.plan, result.params.instances
    last = float(result.minutes["minute"].iloc[-1] + 1)
    starts = [stage.start / 60 for stage in course.stages]
    return pd.DataFrame(
        {
            "from (min)": np.round(starts, 2),
            "to (min)": np.round([*starts[1:], last], 2),
            "new (%)": [round(100 * stage.green_share, 1) for stage in course.stages],
            "old (%)": [round(100 - 100 * stage.green_share, 1) for stage in course.stages],
            "old instances": [stage.blue_alive for stage in course.stages],
            "new instances": [stage.green_alive for stage in course.stages],
            "of them idle": [stage.blue_alive + stage.green_alive - total for stage in course.stages],
        }
    )


def _staircase(result: Result, values: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Stage values from before the update to the last minute, for a line with steps."""
    minutes = result.minutes["minute"]
    times = [float(minutes.iloc[0]), *(stage.start / 60 for stage in result.plan.stages), float(minutes.iloc[-1] + 1)]
    return np.array(times), np.array([values[0], *values[1:], values[-1]])


def _shade(chart: go.Figure, result: Result) -> None:
    """Bakes as shaded bands, and the moment of the alarm."""
    for bake in result.plan.bakes:
        chart.add_vrect(x0=bake.start / 60, x1=bake.end / 60, fillcolor=SHADE, line_width=0, layer="below")
    if result.plan.bakes:
        bake = result.plan.bakes[0]
        chart.add_annotation(
            x=bake.start / 60, y=1, yref="paper", text="bake", showarrow=False, xanchor="left", yanchor="top"
        )
    if result.trail.tripped_at is not None:
        at = result.trail.tripped_at / 60
        chart.add_vline(x=at, line={"color": RED, "dash": "dash", "width": 2})
        chart.add_annotation(x=at, y=0.5, yref="paper", text="alarm", showarrow=False, xanchor="left")


def _traffic(result: Result) -> Figure:
    stages = result.plan.stages
    share = [0.0, *(100 * stage.green_share for stage in stages)]
    x, green = _staircase(result, share)
    chart = go.Figure()
    for name, values, colour, dash in (("old fleet", 100 - green, BLUE, "dash"), ("new fleet", green, GREEN, "solid")):
        chart.add_scatter(
            x=x, y=values, name=name, mode="lines", line={"color": colour, "dash": dash, "shape": "hv", "width": 3}
        )
    seen = _thin(result.minutes[["minute", "new_percent"]].dropna())
    chart.add_scatter(
        x=seen["minute"].to_numpy() + 0.5,
        y=seen["new_percent"].to_numpy(),
        name="new, as counted",
        mode="markers",
        marker={"color": GREEN, "symbol": "circle-open", "size": 5},
    )
    _shade(chart, result)
    layout(chart, "minutes after the update call", "% of requests")
    chart.update_yaxes(range=[-3, 105])
    top = 100 * max(stage.green_share for stage in stages)
    bakes = ", ".join(f"{bake.start / 60:g} to {bake.end / 60:g}" for bake in result.plan.bakes)
    told = f"{STRATEGY_NAMES[result.params.strategy]}: the new fleet reaches {top:.0f} % of the traffic"
    told += f"; bakes in minutes {bakes}" if bakes else "; there is no bake"
    if result.outcome in ("rolled back", "stopped", "timed out"):
        told += f"; {result.outcome} at minute {_ended_early(result):g}"
    return Figure("Traffic by fleet", f"{told}.", chart, _steps(result))


def _ended_early(result: Result) -> float:
    at = result.trail.tripped_at
    return (result.params.timeout_seconds if at is None else at) / 60


def _capacity(result: Result) -> Figure:
    stages, total = result.plan.stages, result.params.instances
    chart = go.Figure()
    rows = (
        ("old fleet", [total, *(stage.blue_alive for stage in stages)], BLUE, "dash"),
        ("new fleet", [0, *(stage.green_alive for stage in stages)], GREEN, "solid"),
        ("together", [total, *(stage.blue_alive + stage.green_alive for stage in stages)], GREY, "dot"),
    )
    for name, values, colour, dash in rows:
        x, y = _staircase(result, [float(value) for value in values])
        chart.add_scatter(
            x=x, y=y, name=name, mode="lines", line={"color": colour, "dash": dash, "shape": "hv", "width": 3}
        )
    layout(chart, "minutes after the update call", "instances")
    chart.update_yaxes(rangemode="tozero")
    told = (
        f"At most {result.plan.peak_instances} instances at a time; {result.extra_instance_minutes:,.0f} "
        f"instance-minutes beyond the {total} that run anyway."
    )
    return Figure("Instances by fleet", told, chart, _steps(result))


def _alarm(result: Result, row: int) -> Figure:
    alarm, number = result.params.alarms[row], row + 1
    frame = result.minutes[["minute", f"alarm_{number}", f"state_{number}"]]
    shown = _thin(frame)
    ends = shown["minute"].to_numpy() + 1
    value = shown[f"alarm_{number}"].to_numpy()
    chart = go.Figure()
    chart.add_scatter(
        x=ends, y=value, name=alarm.metric, mode="lines+markers", line={"color": BLUE}, marker={"size": 4}
    )
    chart.add_scatter(
        x=[ends[0], ends[-1]],
        y=[alarm.threshold, alarm.threshold],
        name="threshold",
        mode="lines",
        line={"color": RED, "dash": "dash"},
    )
    known = value[np.isfinite(value)]
    top = max(float(known.max()) if len(known) else 0.0, alarm.threshold, 1e-9)
    for state in cloudwatch.STATES:
        at = shown[f"state_{number}"].to_numpy() == state
        if at.any():
            chart.add_scatter(
                x=ends[at],
                y=np.full(int(at.sum()), -0.12 * top),
                name=state.replace("_", " "),
                mode="markers",
                marker={"symbol": _STATE_SYMBOLS[state], "color": RED if state == "ALARM" else GREY, "size": 8},
            )
    _shade(chart, result)
    unit = "count" if alarm.statistic == "Sum" and alarm.metric != "ModelLatency" else UNITS[alarm.metric]
    layout(chart, "minutes after the update call", f"{alarm.statistic} ({unit})", height=340)
    chart.update_yaxes(range=[-0.2 * top, 1.1 * top])
    ringing = int((frame[f"state_{number}"] == "ALARM").sum())
    rings = f"It is in ALARM in {ringing} of {len(frame)} minutes." if ringing else "It is never in ALARM."
    told = f"{_rule(alarm)} {rings}"
    table = shown.assign(minute=ends).rename(
        columns={"minute": "minute ends", f"alarm_{number}": f"newest point ({unit})", f"state_{number}": "state"}
    )
    return Figure(f"Alarm {number}: {alarm.metric}", told, chart, table.round(6))


def _rule(alarm: Alarm) -> str:
    sign = OPERATORS[alarm.operator]
    where = "the new fleet alone" if alarm.fleet == "new" else "both fleets"
    return (
        f"{alarm.statistic} of {alarm.metric} over {where} {sign} {alarm.threshold:,g}, {alarm.datapoints} of "
        f"{alarm.periods} periods of {alarm.period_seconds} s, missing data {alarm.missing}."
    )


def _hurt(result: Result) -> Figure:
    chart = go.Figure()
    for name in STRATEGIES:
        if name not in result.hurt_so_far:
            continue
        total = result.hurt_so_far[name]
        chosen = name == result.params.strategy
        pick = np.unique(np.linspace(0, len(total) - 1, min(len(total), 240)).round().astype(int))
        chart.add_scatter(
            x=pick + 1,
            y=total[pick],
            name=STRATEGY_NAMES[name],
            mode="lines",
            line={"color": _COLOURS[name], "dash": _DASHES[name], "width": 4 if chosen else 2},
        )
    layout(chart, "minutes after the update call", "users hurt so far")
    chart.update_yaxes(rangemode="tozero")
    ends = {STRATEGY_NAMES[name]: int(total[-1]) for name, total in result.hurt_so_far.items()}
    listed = ", ".join(f"{name} {count:,}" for name, count in ends.items())
    minutes = np.arange(len(next(iter(result.hurt_so_far.values())))) + 1
    table = pd.DataFrame({"minute": minutes})
    for name, total in result.hurt_so_far.items():
        table[STRATEGY_NAMES[name]] = total
    told = f"Users hurt on the very same requests, to the end: {listed}."
    return Figure("Users hurt", told, chart, _thin(table))


def _comparison(frame: pd.DataFrame) -> Figure:
    ran = frame[frame["users_hurt"].notna()]
    chart = go.Figure()
    rows = (
        ("users hurt", "users_hurt", RED, "/", "x"),
        ("extra instance-minutes", "extra_instance_min", BLUE, "", "x2"),
    )
    for name, column, colour, pattern, axis in rows:
        values = ran[column].to_numpy(dtype=np.float64)
        chart.add_bar(
            y=ran["strategy"].to_numpy(),
            x=values,
            name=name,
            orientation="h",
            xaxis=axis,
            text=[f"{value:,.0f}" for value in values],
            textposition="outside",
            cliponaxis=False,
            marker={"color": colour, "pattern": {"shape": pattern}},
        )
    layout(chart, "", "")
    chart.update_layout(
        hovermode="closest",
        showlegend=False,
        xaxis={
            "domain": [0.0, 0.44],
            "title": {"text": "users hurt"},
            "nticks": 3,
            "range": [0, _room(ran["users_hurt"])],
        },
        xaxis2={
            "domain": [0.56, 1.0],
            "title": {"text": "extra instance-min"},
            "nticks": 3,
            "anchor": "y",
            "range": [0, _room(ran["extra_instance_min"])],
        },
        yaxis={"autorange": "reversed", "title": {"text": ""}},
    )
    cheap = ", ".join(ran.loc[ran["extra_instance_min"] == ran["extra_instance_min"].min(), "strategy"])
    kind = ", ".join(ran.loc[ran["users_hurt"] == ran["users_hurt"].min(), "strategy"])
    told = f"Fewest users hurt: {kind}. Fewest extra instance-minutes: {cheap}."
    if refused := list(frame.loc[frame["users_hurt"].isna(), "strategy"]):
        told += f" Not run, because AWS refuses these settings for it: {', '.join(refused)}."
    table = frame.rename(
        columns={
            "users_hurt": "users hurt",
            "users_helped": "users helped",
            "new_fleet_requests": "requests to new fleet",
            "noticed_after_min": "noticed after (min)",
            "update_min": "update (min)",
            "extra_instance_min": "extra instance-min",
            "peak_instances": "peak instances",
        }
    )
    return Figure("The same requests under every strategy", told, chart, table.round(1))


def _room(values: pd.Series) -> float:
    """An axis with room for the number behind the longest bar."""
    return 1.35 * max(float(values.max()), 1.0)


def _detection(result: Result) -> Figure:
    curve = result.curve
    if curve is None:
        raise ValueError("found no curve, wanted a run with an error alarm and a bake")
    chart = go.Figure()
    chart.add_scatter(
        x=curve.fault_percent,
        y=100 * curve.seen,
        name="one error seen",
        mode="lines",
        line={"color": GREY, "dash": "dash"},
    )
    chart.add_scatter(
        x=curve.fault_percent,
        y=100 * curve.seen_simulated,
        name="simulated",
        mode="markers",
        marker={"color": GREY, "symbol": "circle-open", "size": 8},
    )
    if np.isfinite(curve.alarm).any():
        chart.add_scatter(
            x=curve.fault_percent, y=100 * curve.alarm, name="alarm fires", mode="lines", line={"color": RED}
        )
    chart.add_scatter(
        x=curve.fault_percent,
        y=100 * curve.alarm_simulated,
        name="simulated",
        mode="markers",
        marker={"color": RED, "symbol": "x", "size": 8},
    )
    layout(chart, "requests that fail on the new fleet (%)", "chance within the first bake (%)")
    chart.update_xaxes(type="log", tickvals=[0.1, 0.5, 2, 10, 50], ticktext=["0.1", "0.5", "2", "10", "50"])
    chart.update_yaxes(range=[-3, 105])
    best = curve.alarm if np.isfinite(curve.alarm).all() else curve.alarm_simulated
    sure = curve.fault_percent[best >= 0.95]
    told = (
        f"The first bake of {curve.bake_minutes:g} minutes brings the new fleet {curve.green_requests:,.0f} requests. "
    )
    if best.min() >= 0.95:
        told += "The alarm fires whatever the fault, so it tells nothing about it."
    elif len(sure):
        told += (
            f"The alarm catches a fault of {sure[0]:g} % in at least 95 % of such bakes; one error is seen far earlier."
        )
    else:
        told += "No fault, not even of every request, trips the alarm in 95 % of such bakes."
    table = pd.DataFrame(
        {
            "fault (%)": curve.fault_percent,
            "one error seen (%)": 100 * curve.seen,
            "seen, simulated (%)": 100 * curve.seen_simulated,
            "alarm fires (%)": 100 * curve.alarm,
            "alarm, simulated (%)": 100 * curve.alarm_simulated,
        }
    )
    return Figure("The chance to notice a fault in time", told, chart, table.round(2))


def _latency(result: Result) -> Figure:
    names = ["minute", "latency_ms_old", "latency_p99_ms_old", "latency_ms_new", "latency_p99_ms_new"]
    shown = _thin(result.minutes[names])
    chart = go.Figure()
    mode = result.params.mode
    called = {"deployment": ("old fleet", "new fleet"), "shadow": ("production", "shadow"), "ab": ("A", "B")}[mode]
    rows = (
        (f"{called[0]}, average", "latency_ms_old", BLUE, "dash"),
        (f"{called[0]}, p99", "latency_p99_ms_old", BLUE, "dot"),
        (f"{called[1]}, average", "latency_ms_new", GREEN, "solid"),
        (f"{called[1]}, p99", "latency_p99_ms_new", GREEN, "dashdot"),
    )
    for name, column, colour, dash in rows:
        values = shown[column].to_numpy()
        if np.isfinite(values).any():
            chart.add_scatter(
                x=shown["minute"].to_numpy() + 0.5,
                y=values,
                name=name,
                mode="lines",
                line={"color": colour, "dash": dash},
            )
    layout(chart, "minutes after the update call" if mode == "deployment" else "minutes of the test", "latency (ms)")
    chart.update_yaxes(type="log", dtick="D2")
    frame = result.minutes
    told = []
    for name, shown_as in zip(("old", "new"), called, strict=True):
        requests = frame[f"requests_{name}"].to_numpy()
        if requests.sum():
            mean = np.nansum(frame[f"latency_ms_{name}"].to_numpy() * requests) / requests.sum()
            worst = np.nanmax(frame[f"latency_p99_ms_{name}"].to_numpy())
            told.append(f"{shown_as} {mean:,.0f} ms on average, p99 of its worst minute {worst:,.0f} ms")
    table = shown.rename(
        columns={
            "latency_ms_old": "old mean (ms)",
            "latency_p99_ms_old": "old p99 (ms)",
            "latency_ms_new": "new mean (ms)",
            "latency_p99_ms_new": "new p99 (ms)",
        }
    )
    text = f"Latency with the time in the queue: {'; '.join(told)}." if told else "No request, no latency."
    return Figure("Latency", text, chart, table.round(1))


def _ab_path(test: ABTest) -> Figure:
    chart = go.Figure()
    chart.add_scatter(
        x=test.minute, y=test.z, name="z at each look", mode="lines+markers", line={"color": BLUE}, marker={"size": 6}
    )
    ends = [test.minute[0], test.minute[-1]]
    for name, bound, colour, dash in (
        ("1.96: one look", test.critical, RED, "dash"),
        (f"{test.pocock:.2f}: every look", test.pocock, AMBER, "solid"),
    ):
        chart.add_scatter(x=ends, y=[bound, bound], name=name, mode="lines", line={"color": colour, "dash": dash})
        chart.add_scatter(
            x=ends, y=[-bound, -bound], mode="lines", line={"color": colour, "dash": dash}, showlegend=False
        )
    if test.first_peek is not None:
        chart.add_annotation(
            x=test.minute[test.first_peek],
            y=test.z[test.first_peek],
            text="a peeker stops here",
            showarrow=True,
            arrowhead=2,
        )
    layout(chart, "minutes of the test", "z (B better is up)", height=340)
    table = pd.DataFrame(
        {
            "minute": test.minute,
            "A good (%)": 100 * test.good[0] / np.maximum(test.requests[0], 1),
            "B good (%)": 100 * test.good[1] / np.maximum(test.requests[1], 1),
            "z": test.z,
            "p": test.p_values,
        }
    )
    end = "significant" if test.at_end else "not significant"
    told = f"At the end z is {test.z[-1]:.2f}, {end} as a single look. "
    if test.first_peek is None:
        told += "No look before was significant either."
    else:
        told += f"A peeker stops after {int(test.minute[test.first_peek])} minutes."
    return Figure("The difference as the test goes on", told, chart, _thin(table.round(3)))


def _peeking(test: ABTest) -> Figure:
    looks = np.array([1, 2, 3, 5, 10, 20, 50])
    wrong = np.array([100 * repeated_rate(int(count), test.critical) for count in looks])
    bound = np.array([pocock_constant(int(count)) for count in looks])
    chart = go.Figure()
    chart.add_bar(
        x=[str(count) for count in looks],
        y=wrong,
        name="stop at the first p < 0.05",
        text=[f"{value:.0f}" for value in wrong],
        marker={"color": RED, "pattern": {"shape": "/"}},
    )
    chart.add_scatter(
        x=[str(count) for count in looks],
        y=np.full(len(looks), 100 * LEVEL),
        name="Pocock's bound",
        mode="lines+markers",
        line={"color": GREEN},
    )
    layout(chart, "looks at the data", "equal variants called different (%)")
    chart.update_xaxes(type="category", nticks=len(looks))
    told = (
        f"Two equal variants: {wrong[0]:.0f} % false alarms with one look, {wrong[-2]:.0f} % with 20, "
        f"{wrong[-1]:.0f} % with 50. In {test.runs:,} simulated tests with {len(test.minute)} looks it was "
        f"{100 * test.peek_rate_simulated:.0f} %, and {100 * test.honest_rate_simulated:.0f} % with Pocock's bound."
    )
    table = pd.DataFrame({"looks": looks, "false alarms (%)": wrong.round(1), "Pocock |z|": bound.round(3)})
    return Figure("What peeking costs", told, chart, table)


def _shadow(test: ShadowTest) -> Figure:
    rows = (
        ("wrong answers (%)", test.wrong_percent),
        ("5XX errors (%)", test.error_percent),
        ("latency (ms)", test.latency_ms),
    )
    chart = go.Figure()
    for number, (name, colour, pattern) in enumerate((("production", BLUE, ""), ("shadow", GREEN, "/"))):
        values = [pair[number] for _, pair in rows]
        chart.add_bar(
            x=[label for label, _ in rows],
            y=values,
            name=name,
            text=[f"{value:,.1f}" for value in values],
            marker={"color": colour, "pattern": {"shape": pattern}},
        )
    layout(chart, "", "value in the unit named below")
    chart.update_layout(hovermode="closest")
    chart.update_yaxes(type="log" if min(v for _, pair in rows for v in pair) > 0 else "linear")
    told = (
        f"On the same requests: wrong answers {test.wrong_percent[0]:.1f} % in production, "
        f"{test.wrong_percent[1]:.1f} % in the shadow; latency {test.latency_ms[0]:.0f} and "
        f"{test.latency_ms[1]:.0f} ms. Users hurt: 0."
    )
    table = pd.DataFrame(
        {
            "measure": [label for label, _ in rows] + ["requests"],
            "production": [round(pair[0], 2) for _, pair in rows] + [test.requests[0]],
            "shadow": [round(pair[1], 2) for _, pair in rows] + [test.requests[1]],
        }
    )
    return Figure("Production and its shadow", told, chart, table)
