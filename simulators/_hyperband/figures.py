"""The charts of the race, each with its finding in words and its numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from simulators._hyperband.engine import Run
from simulators._hyperband.lineup import LOOKS
from simulators._hyperband.race import Race
from simulators._hyperband.schedule import speedup_bound
from simulators._hyperband.words import (
    SPENT,
    count_of,
    gap_sentence,
    idle_sentence,
    listed,
    split_of_epochs,
)
from simulators.contract import Figure

_Numbers = npt.NDArray[np.float64]
_GREY = "#8a8a8a"
_FRAMES = 12
_MOST_POINTS = 160
_PATTERNS = ("", "/", "x", ".")


def figures(result: Race) -> list[Figure]:
    """Every chart of a race, in the order of its story."""
    charts = [_best_so_far(result), _brackets(result), _learning_curves(result), _epochs_spent(result)]
    return [*charts, _validation_and_test(result), _wall_clock(result), _busy_workers(result)]


def layout(chart: go.Figure, title: str, x: str, y: str, **more: Any) -> go.Figure:
    chart.update_layout(
        title={"text": title, "yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 8}, "automargin": True},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0, "traceorder": "normal"},
        margin={"l": 10, "r": 10, "b": 10},
        xaxis={"title": x, "automargin": True, "nticks": 6},
        yaxis={"title": y, "automargin": True, "nticks": 6},
    )
    chart.update_layout(**more)
    return chart


def _room_for_names(chart: go.Figure, result: Race) -> None:
    """On a phone a legend of many names has several rows; they go below the title, not over it."""
    if len(result.strategies) > 4:
        chart.update_layout(margin_t=125)


def _faint(colour: str, share: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share})"


def _best_so_far(result: Race) -> Figure:
    few = len(result.seeds) < 8
    band = "lowest to highest" if few else "middle half"
    edges = (0.0, 1.0) if few else (0.25, 0.75)
    points = np.unique(np.linspace(0, result.budget - 1, _MOST_POINTS).astype(int))
    rows = np.unique(np.linspace(max(result.budget // 20, 1), result.budget, 20).astype(int))
    chart = go.Figure()
    table: dict[str, Any] = {"epochs": rows}
    floor = 1.0
    for key in result.strategies:
        look = LOOKS[key]
        best = result.best_so_far(key)
        low, middle, high = np.quantile(best, [edges[0], 0.5, edges[1]], axis=0)
        floor = min(floor, middle[result.budget // 10])
        x = points + 1
        if len(result.seeds) > 1:
            chart.add_scatter(
                x=np.r_[x, x[::-1]],
                y=np.r_[high[points], low[points][::-1]],
                fill="toself",
                fillcolor=_faint(look.colour, 0.14),
                line={"width": 0},
                hoverinfo="skip",
                legendgroup=key,
                showlegend=False,
            )
        chart.add_scatter(
            x=x,
            y=middle[points],
            mode="lines",
            name=look.short,
            legendgroup=key,
            line={"color": look.colour, "dash": look.dash, "width": 3 if key == "hyperband" else 2, "shape": "hv"},
            hovertemplate="%{y:.3f} after %{x} epochs",
        )
        table[look.short] = middle[rows - 1].round(3)
    layout(chart, "Best model so far", "Epochs trained", "Best validation accuracy (median)", hovermode="closest")
    _room_for_names(chart, result)
    chart.update_yaxes(range=[max(0.0, np.floor(floor * 20) / 20), 1.0])
    leaders = []
    for share in (0.1, 0.5, 1.0):
        at = max(round(result.budget * share), 1) - 1
        medians = {key: float(np.median(result.best_so_far(key)[:, at])) for key in result.strategies}
        top = max(medians.values())
        names = listed([LOOKS[key].name for key, value in medians.items() if value == top])
        leaders.append(f"after {at + 1} epochs {names} ({top:.3f})")
    shown = f"Lines are medians of {count_of(len(result.seeds), 'seed')}"
    shown += f", bands the {band} of them." if len(result.seeds) > 1 else "."
    return Figure("Best so far", f"In front: {'; '.join(leaders)}. {shown}", chart, pd.DataFrame(table))


def _rung_scores(run: Run, s: int, size: int, resource: int) -> _Numbers:
    """Validation scores of a bracket's rung in Hyperband's first pass: those of its first `size` configurations."""
    members = [trial for trial, bracket in enumerate(run.brackets) if bracket == s][:size]
    scores: _Numbers = run.validation[np.isin(run.trial, members) & (run.epoch == resource)]
    return scores


def _brackets(result: Race) -> Figure:
    run = result.seeds[0].runs["hyperband"]
    rungs = []
    for bracket in result.schedule:
        s = len(bracket) - 1
        for number, (configurations, resource) in enumerate(bracket):
            scores = _rung_scores(run, s, bracket[0][0], resource)
            best = float(scores.max()) if len(scores) else float("nan")
            rungs.append((s, number + 1, configurations, resource, len(np.atleast_1d(scores)), best))
    table = pd.DataFrame(rungs, columns=["bracket s", "rung", "configurations", "epochs each", "reported", "best"])
    largest = table["configurations"].max()
    sizes = 10 + 26 * np.sqrt(table["configurations"] / largest)
    rows = table["bracket s"].astype(str)
    colour = LOOKS["hyperband"].colour
    chart = go.Figure()
    for bracket in result.schedule:
        chart.add_scatter(
            x=[resource for _, resource in bracket],
            y=[str(len(bracket) - 1)] * len(bracket),
            mode="lines",
            line={"color": _GREY, "width": 1},
            hoverinfo="skip",
            showlegend=False,
        )
    chart.add_scatter(
        x=table["epochs each"],
        y=rows,
        mode="markers+text",
        text=[str(configurations) for configurations in table["configurations"]],
        textposition="top center",
        marker={"size": sizes, "symbol": "circle", "color": colour},
        customdata=table[["rung", "configurations", "epochs each", "best"]],
        hovertemplate="s = %{y}, rung %{customdata[0]}: %{customdata[1]} configurations to %{customdata[2]} epochs, "
        "best accuracy %{customdata[3]:.3f}<extra></extra>",
        showlegend=False,
    )
    target = len(chart.data) - 1
    steps = list(range(len(table) + 1))
    chart.frames = [
        go.Frame(
            name=str(step),
            data=[{"marker": {"symbol": ["circle"] * step + ["circle-open"] * (len(table) - step)}}],
            traces=[target],
        )
        for step in steps
    ]
    marks = [resource for _, resource in result.schedule[0]]
    layout(chart, "Hyperband's brackets", "Epochs a configuration has had", "Bracket s")
    chart.update_xaxes(type="log", tickvals=marks, ticktext=[str(mark) for mark in marks], range=_log_range(marks))
    chart.update_yaxes(type="category", categoryorder="array", categoryarray=[str(s) for s in range(len(marks))])
    chart.update_yaxes(range=[-0.5, len(marks) - 0.2])
    slider(chart, [str(step) for step in steps], "Rungs done: ")
    first, last = result.schedule[0], result.schedule[-1]
    most = speedup_bound(result.params.max_resource, result.params.eta)
    caption = (
        f"One pass starts {count_of(sum(bracket[0][0] for bracket in result.schedule), 'configuration')} in "
        f"{count_of(len(result.schedule), 'bracket')}. The boldest (s = {len(first) - 1}) starts {first[0][0]} with "
        f"{count_of(first[0][1], 'epoch')} each and takes {first[-1][0]} to {first[-1][1]}; the most careful (s = 0) "
        f"trains {last[0][0]} to the end and stops none. A number is how many are left at that rung. Where "
        f"cost grows with epochs, all this can gain at most {most:.1f} times on random search (R over the brackets)."
    )
    return Figure("The brackets", caption, chart, table.round({"best": 3}))


def _log_range(marks: Sequence[int]) -> list[float]:
    low, high = np.log10(marks[0]), np.log10(marks[-1])
    room = max((high - low) * 0.12, 0.1)
    return [low - room, high + room]


def slider(chart: go.Figure, names: Sequence[str], prefix: str) -> None:
    """A slider over the frames, at the last one, and a button that plays them."""
    still = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    play = {"mode": "immediate", "fromcurrent": False, "frame": {"duration": 500, "redraw": True}}
    steps = [{"label": name, "method": "animate", "args": [[name], still]} for name in names]
    button = {"label": "Replay", "method": "animate", "args": [None, play]}
    below = {"y": 0, "yanchor": "top"}
    chart.update_layout(
        sliders=[
            {
                "active": len(names) - 1,
                "steps": steps,
                "currentvalue": {"prefix": prefix},
                "x": 0.26,
                "len": 0.74,
                "pad": {"t": 55},
                **below,
            }
        ],
        updatemenus=[
            {
                "type": "buttons",
                "buttons": [button],
                "x": 0,
                "xanchor": "left",
                "bgcolor": _faint(_GREY, 0.3),
                "bordercolor": _GREY,
                "showactive": False,
                "pad": {"t": 75},
                **below,
            }
        ],
    )


def _learning_curves(result: Race) -> Figure:
    run = result.seeds[0].runs["hyperband"]
    winner = int(run.trial[run.winner])
    heavy = run.charged > 2_000
    steps = np.unique(np.linspace(run.charged / _FRAMES, run.charged, 4 if heavy else _FRAMES).astype(int))
    names = [str(step) for step in steps]
    chart = go.Figure(_curve_traces(result, run, winner, run.charged))
    chart.frames = [
        go.Frame(name=name, data=_curve_traces(result, run, winner, int(step)))
        for name, step in zip(names, steps, strict=True)
    ]
    layout(chart, "Hyperband's learning curves", "Epochs a configuration has had", "Validation accuracy")
    chart.update_xaxes(range=[0, result.params.max_resource * 1.03])
    chart.update_yaxes(range=[0, 1.02])
    slider(chart, names, "Epochs trained in all: ")
    ends = pd.Series(run.endings).value_counts()
    early = int(ends.sum() - ends.get("finished", 0))
    one = result.schedule[0][0][1]
    first = run.validation[run.epoch == one]
    rank = int((first > run.validation[(run.epoch == one) & (run.trial == winner)][0]).sum()) + 1
    caption = (
        f"First seed: of {count_of(len(run.endings), 'configuration')}, {early} ended before "
        f"{result.params.max_resource} epochs. The winner was number {rank} of {len(first)} after "
        f"{count_of(one, 'epoch')} and ended at {run.validation.max():.3f}."
    )
    table = pd.DataFrame(
        {
            "configuration": np.arange(1, len(run.endings) + 1),
            "bracket s": run.brackets,
            "epochs": [int(run.epoch[run.trial == trial].max()) for trial in range(len(run.endings))],
            "best": [round(float(run.validation[run.trial == trial].max()), 3) for trial in range(len(run.endings))],
            "ended": run.endings,
        }
    )
    best = table.sort_values("best", ascending=False, kind="stable").head(200)
    return Figure("Learning curves", caption, chart, best.reset_index(drop=True))


def _curve_traces(result: Race, run: Run, winner: int, step: int) -> list[go.Scatter]:
    """The curves as they stood after `step` epochs: stopped, still in, the winner's, and where one was stopped."""
    shown = slice(0, step)
    trial, epoch, score = run.trial[shown], run.epoch[shown], run.validation[shown]
    last_step = step == run.charged
    groups: dict[str, tuple[list[Any], list[Any]]] = {"stopped": ([], []), "in": ([], []), "winner": ([], [])}
    marks: tuple[list[int], list[float]] = ([], [])
    for number in np.unique(trial):
        mine = np.flatnonzero(trial == number)
        # Trained again from scratch, a configuration has an epoch twice, with the same score.
        epochs, where = np.unique(epoch[mine], return_index=True)
        scores = score[mine][where]
        ended = run.endings[number] != "finished" and (last_step or not np.any(run.trial[step:] == number))
        group = "winner" if number == winner else "stopped" if ended else "in"
        groups[group][0].extend([*epochs.tolist(), None])
        groups[group][1].extend([*scores.tolist(), None])
        if ended and number != winner:
            marks[0].append(int(epochs[-1]))
            marks[1].append(float(scores[-1]))
    colour = LOOKS["hyperband"].colour
    hover = "accuracy %{y:.3f} after %{x} epochs"

    def line(group: str, name: str, style: dict[str, Any]) -> go.Scatter:
        x, y = groups[group]
        return go.Scatter(x=x, y=y, mode="lines", name=name, line=style, hovertemplate=hover)

    full = f"Trained to {result.params.max_resource}"
    return [
        line("stopped", "Stopped", {"color": _faint(_GREY, 0.8), "width": 1}),
        go.Scatter(
            x=marks[0],
            y=marks[1],
            mode="markers",
            name="Its end",
            marker={"symbol": "x", "size": 5, "color": _GREY},
            hovertemplate=hover,
        ),
        line("in", full, {"color": colour, "width": 1.5, "dash": "dot"}),
        line("winner", "Winner", {"color": colour, "width": 4}),
    ]


def _epochs_spent(result: Race) -> Figure:
    rows = {key: split_of_epochs(result, key) for key in result.strategies}
    names = [LOOKS[key].short for key in result.strategies]
    chart = go.Figure()
    for number, (kind, label, colour) in enumerate(SPENT):
        values = [rows[key][kind] for key in result.strategies]
        if not any(values):
            continue
        chart.add_bar(
            y=names,
            x=values,
            name=label,
            orientation="h",
            marker={"color": colour, "pattern": {"shape": ("", "/", ".", "x", "-", "+")[number], "solidity": 0.25}},
            hovertemplate="%{x:.0f} epochs",
        )
    layout(chart, "Where the epochs went", "Epochs (mean of the seeds)", "", barmode="stack")
    chart.update_yaxes(autorange="reversed", title=None, dtick=1)
    mine, other = rows["hyperband"], rows["random"]
    caption = (
        f"Of {result.budget} epochs Hyperband spent {mine['stopped'] + mine['again']:.0f} on configurations it stopped "
        f"and {mine['winner'] + mine['finished']:.0f} on those it trained to the end; random search spent "
        f"{other['winner'] + other['finished']:.0f} on full trainings, good and bad alike."
    )
    columns = {label: [round(rows[key][kind], 1) for key in result.strategies] for kind, label, _ in SPENT}
    configurations = [
        round(float(np.mean([len(each.runs[key].configurations) for each in result.seeds])), 1)
        for key in result.strategies
    ]
    table = pd.DataFrame({"strategy": names, "configurations": configurations, **columns})
    return Figure("Where the epochs went", caption, chart, table)


def _validation_and_test(result: Race) -> Figure:
    chart = go.Figure()
    names = [LOOKS[key].short for key in result.strategies]
    picked = [float(np.median(result.validation[key])) for key in result.strategies]
    reported = [float(np.median(result.test[key])) for key in result.strategies]
    joined_x: list[float | None] = []
    joined_y: list[str | None] = []
    for name, one, other in zip(names, picked, reported, strict=True):
        joined_x.extend([one, other, None])
        joined_y.extend([name, name, None])
    chart.add_scatter(
        x=joined_x, y=joined_y, mode="lines", line={"color": _GREY, "width": 2}, hoverinfo="skip", showlegend=False
    )
    kinds = (("Validation", picked, "circle-open", "#2f6fd0"), ("Test", reported, "diamond", "#c2571a"))
    for label, values, symbol, colour in kinds:
        chart.add_scatter(
            x=values,
            y=names,
            mode="markers",
            name=f"{label} (median)",
            marker={"symbol": symbol, "size": 13, "color": colour, "line": {"width": 2, "color": colour}},
            hovertemplate=f"{label} %{{x:.3f}}",
        )
    if len(result.seeds) > 1:
        chart.add_scatter(
            x=np.concatenate([result.test[key] for key in result.strategies]),
            y=np.repeat(names, len(result.seeds)),
            mode="markers",
            name="Test, each seed",
            marker={"symbol": "line-ns-open", "size": 9, "color": "#c2571a"},
            hovertemplate="Test %{x:.3f}",
        )
    layout(chart, "The winner, on validation and on test", "Accuracy", "")
    chart.update_yaxes(autorange="reversed", title=None, dtick=1)
    table = pd.DataFrame(
        {
            "strategy": names,
            "validation": np.round(picked, 3),
            "test": np.round(reported, 3),
            "lowest test": [round(float(result.test[key].min()), 3) for key in result.strategies],
            "highest test": [round(float(result.test[key].max()), 3) for key in result.strategies],
        }
    )
    return Figure("Validation and test", gap_sentence(result), chart, table)


def _wall_clock(result: Race) -> Figure:
    first = result.seeds[0]
    names = [LOOKS[key].short for key in result.strategies]
    greys = ("#2f6fd0", "#2b8a3e", "#c2571a", "#b04a8b")
    chart = go.Figure()
    rows = []
    for number, workers in enumerate(result.worker_counts):
        runs = [first.parallel[key, workers] for key in result.strategies]
        chart.add_bar(
            y=names,
            x=[run.wall_minutes for run in runs],
            name=count_of(workers, "worker"),
            orientation="h",
            marker={"color": greys[number], "pattern": {"shape": _PATTERNS[number], "solidity": 0.25}},
            hovertemplate="%{x:.0f} minutes",
        )
        rows += [
            (
                LOOKS[key].short,
                workers,
                round(run.wall_minutes, 1),
                round(100 * run.busy_share(workers)),
                round(float(np.mean(run.known)), 1),
                round(float(run.validation.max()), 3),
            )
            for key, run in zip(result.strategies, runs, strict=True)
        ]
    layout(chart, "Wall-clock time of the same budget", "Virtual minutes", "", barmode="group")
    chart.update_yaxes(autorange="reversed", title=None, dtick=1)
    table = pd.DataFrame(rows, columns=["strategy", "workers", "minutes", "busy %", "results known", "validation"])
    most = result.worker_counts[-1]
    times = {key: first.parallel[key, most].wall_minutes for key in result.strategies}
    order = sorted(times, key=lambda key: times[key])
    caption = (
        f"First seed, {result.budget} epochs each, in virtual time. With {most} workers {LOOKS[order[0]].name} is done "
        f"after {times[order[0]]:.0f} minutes and {LOOKS[order[-1]].name} after {times[order[-1]]:.0f}. "
        f"{idle_sentence(result)}"
    )
    return Figure("Wall-clock time", caption, chart, table)


def _busy_workers(result: Race) -> Figure:
    most = result.worker_counts[-1]
    first = result.seeds[0]
    chart = go.Figure()
    rows = []
    for key in result.strategies:
        run = first.parallel[key, most]
        times, busy = _busy(run)
        look = LOOKS[key]
        chart.add_scatter(
            x=times,
            y=busy,
            mode="lines",
            name=look.short,
            line={"color": look.colour, "dash": look.dash, "shape": "hv", "width": 3 if key == "hyperband" else 2},
            hovertemplate="%{y} busy at minute %{x:.0f}",
        )
        rows.append((look.short, round(run.wall_minutes, 1), round(100 * run.busy_share(most)), run.stints))
    layout(chart, f"Busy workers, of {most}", "Virtual minutes", "Workers in use")
    chart.update_yaxes(range=[0, most * 1.08])
    _room_for_names(chart, result)
    table = pd.DataFrame(rows, columns=["strategy", "minutes", "busy %", "jobs started"])
    return Figure("Who waits", idle_sentence(result), chart, table)


def _busy(run: Run) -> tuple[_Numbers, npt.NDArray[np.int64]]:
    """How many workers are in use from each moment on at which that changes."""
    # Rounded, so that an epoch's end and the beginning of the next are one moment.
    moments = np.concatenate([run.began, run.ended]).round(6)
    changes = np.repeat([1, -1], len(run.began))
    times, where = np.unique(moments, return_inverse=True)
    return times, np.cumsum(np.bincount(where, weights=changes)).astype(int)
