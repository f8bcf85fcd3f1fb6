"""The charts of the three modes, each with its finding in words and its numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from simulators._charts import layout
from simulators._input_modes.params import MODES, Mode
from simulators._input_modes.run import Outcome, Result, break_even_epochs, outcomes
from simulators._input_modes.words import time_of
from simulators.contract import Figure

_COLOURS: dict[Mode, str] = {"File": "#2a7fc9", "FastFile": "#d35400", "Pipe": "#3f8f4f"}
_DASHES: dict[Mode, str] = {"File": "solid", "FastFile": "dash", "Pipe": "dot"}
_PARTS = {"before training": ("#8a8a8a", "/"), "waiting for data": ("#d35400", "x"), "training": ("#0b7f8e", "")}
_SIZES_MB = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000)
_MINUTE = 60


def figures(result: Result) -> list[Figure]:
    """Every chart of a run, in the order of its story."""
    return [_where_the_time_goes(result), _by_epochs(result), _by_size(result), _disk(result), _accuracy(result)]


def _parts(each: Outcome, epochs: int) -> tuple[float, float, float]:
    waiting = each.waiting_seconds * epochs
    return each.start_seconds, waiting, each.total_seconds - each.start_seconds - waiting


def _where_the_time_goes(result: Result) -> Figure:
    names = [each.mode if each.possible else f"{each.mode} (not possible)" for each in result.outcomes][::-1]
    parts = [_parts(each, result.params.epochs) for each in result.outcomes][::-1]
    chart = go.Figure(
        [
            go.Bar(
                name=name,
                y=names,
                x=[part[place] / _MINUTE for part in parts],
                orientation="h",
                marker={"color": colour, "pattern": {"shape": shape}},
            )
            for place, (name, (colour, shape)) in enumerate(_PARTS.items())
        ]
    )
    layout(chart, "minutes", "", height=260)
    chart.update_layout(barmode="stack", hovermode="closest", legend_traceorder="normal")
    table = pd.DataFrame(
        {
            "mode": [each.mode for each in result.outcomes],
            "possible": ["yes" if each.possible else "no" for each in result.outcomes],
            **{
                f"{name} (s)": [round(_parts(each, result.params.epochs)[place], 1) for each in result.outcomes]
                for place, name in enumerate(_PARTS)
            },
            "in all (s)": [round(each.total_seconds, 1) for each in result.outcomes],
            "cost (USD)": [round(each.cost, 2) for each in result.outcomes],
        }
    )
    told = [f"{each.mode} {time_of(each.total_seconds)}" for each in result.outcomes if each.possible]
    caption = f"From the start of the instances to the end: {', '.join(told)}." if told else "No mode can run this job."
    return Figure("Where the time goes", caption, chart, table)


def _by_epochs(result: Result) -> Figure:
    even = break_even_epochs(result.params)
    most = max(10, result.params.epochs, min(100, 2 * int(even) if even else 0))
    epochs = np.unique(np.linspace(1, most, min(most, 40)).astype(int))
    shown = {
        each.mode: (each.start_seconds + epochs * each.epoch_seconds) / _MINUTE
        for each in result.possible or result.outcomes
    }
    chart = go.Figure(
        [
            go.Scatter(x=epochs, y=values, name=mode, line={"color": _COLOURS[mode], "dash": _DASHES[mode]})
            for mode, values in shown.items()
        ]
    )
    layout(chart, "epochs", "minutes in all")
    chart.add_vline(x=result.params.epochs, line={"dash": "dot", "color": "#8a8a8a"})
    table = pd.DataFrame({"epochs": epochs, **{f"{mode} (min)": np.round(values, 2) for mode, values in shown.items()}})
    if even is None:
        caption = "A stream is as fast as the disk here, so File mode never earns its download back."
    else:
        caption = (
            f"A download is paid once, a stream in every epoch: File and FastFile are even after {even:,.1f} epochs. "
            f"This job has {result.params.epochs}."
        )
    return Figure("How many epochs make a download worth it", caption, chart, table)


def _by_size(result: Result) -> Figure:
    rows = []
    for size in _SIZES_MB:
        if size > result.params.data_gb * 1_000:
            continue
        whole = outcomes(replace(result.params, object_mb=size))
        minutes: dict[str, float] = {each.mode: round(each.total_seconds / _MINUTE, 2) for each in whole}
        rows.append({"object (MB)": size, **minutes})
    table = pd.DataFrame(rows)
    chart = go.Figure(
        [
            go.Scatter(
                x=table["object (MB)"],
                y=table[mode],
                name=mode,
                mode="lines+markers",
                line={"color": _COLOURS[mode], "dash": _DASHES[mode]},
            )
            for mode in MODES
        ]
    )
    layout(chart, "size of an object (MB)", "minutes in all")
    chart.update_xaxes(type="log", dtick=1)
    chart.update_yaxes(type="log", dtick=1)
    first, last = table.iloc[0], table.iloc[-1]
    caption = (
        f"The same {result.params.data_gb:,.4g} GB in objects of {first['object (MB)']:g} MB takes FastFile "
        f"{first['FastFile'] / last['FastFile']:,.1f} times as long as in objects of {last['object (MB)']:,g} MB: "
        "small objects cost a request each."
    )
    return Figure("What small files cost", caption, chart, table)


def _disk(result: Result) -> Figure:
    model, volume = result.params.model_gb, result.params.volume_gb
    modes = [each.mode for each in result.outcomes]
    data = [each.disk_gb - model for each in result.outcomes]
    striped = {"color": "#8a8a8a", "pattern": {"shape": "/"}}
    chart = go.Figure(
        [
            go.Bar(name="model", x=modes, y=[model] * len(modes), marker=striped),
            go.Bar(name="data", x=modes, y=data, marker={"color": "#2a7fc9"}),
        ]
    )
    layout(chart, "", "GB on each instance", height=280)
    chart.update_layout(barmode="stack", hovermode="closest")
    chart.add_hline(y=volume, line={"dash": "dash", "color": "#c0392b"})
    table = pd.DataFrame({"mode": modes, "data (GB)": data, "model (GB)": model, "volume (GB)": volume})
    fits = "fits" if data[0] + model <= volume else "does not fit"
    caption = (
        f"File mode needs {data[0] + model:,.4g} GB and {fits} on a volume of {volume:,} GB (the line); a stream needs "
        f"{model:,.4g} GB for the model."
    )
    return Figure("Room on the volume", caption, chart, table)


def _accuracy(result: Result) -> Figure:
    learning = result.learning
    epochs = list(range(1, len(learning.as_set) + 1))
    lines = {"as set": (learning.as_set, "#2a7fc9", "solid"), "mixed and shuffled": (learning.mixed, "#8a8a8a", "dot")}
    chart = go.Figure(
        [
            go.Scatter(
                x=epochs,
                y=[100 * value for value in values],
                name=name,
                mode="lines+markers",
                line={"color": colour, "dash": dash},
            )
            for name, (values, colour, dash) in lines.items()
        ]
    )
    layout(chart, "epochs", "% right on new digits", height=280)
    table = pd.DataFrame({"epoch": epochs, **{name: np.round(values, 4) for name, (values, *_) in lines.items()}})
    caption = (
        f"A real classifier after {len(epochs)} epoch{'s' if len(epochs) > 1 else ''}: "
        f"{100 * learning.as_set[-1]:.1f} % with this order and these shards, {100 * learning.mixed[-1]:.1f} % with "
        "mixed rows on one instance."
    )
    return Figure("What the order of the objects does to a model", caption, chart, table)
