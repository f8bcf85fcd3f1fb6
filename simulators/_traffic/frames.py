"""A run as a film: what a page needs to play it, step it and stop it."""

from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from simulators._traffic import alarms as cloudwatch
from simulators._traffic.engine import ERROR_4XX, ERROR_5XX, LATE, WRONG
from simulators._traffic.figures import AMBER, BLUE, GREEN, GREY, RED
from simulators._traffic.result import Result

MOST_FRAMES = 120
OUTCOMES = ("good", "wrong or late", "4XX", "5XX")


@dataclass(frozen=True)
class Frames:
    """One entry per frame, a frame being one or more minutes; times in minutes after the update call."""

    minute: NDArray[np.int64]
    """When each frame ends."""
    new_percent: NDArray[np.float32]
    """The new fleet's share of the traffic at the end of the frame."""
    old_instances: NDArray[np.int16]
    new_instances: NDArray[np.int16]
    users_hurt: NDArray[np.int64]
    """Up to the end of the frame."""
    alarm_names: tuple[str, ...]
    thresholds: tuple[float, ...]
    alarm_values: NDArray[np.float32]
    """Of shape (alarms, frames): the newest point, NaN where it is missing."""
    alarm_states: NDArray[np.int8]
    """Of shape (alarms, frames): an index into `states`."""
    states: tuple[str, ...]
    dot_starts: NDArray[np.int32]
    """The dots of frame i are dot_starts[i] to dot_starts[i + 1]: a few of its requests, evenly picked."""
    dot_minute: NDArray[np.float32]
    dot_new: NDArray[np.bool_]
    """Which fleet answered."""
    dot_outcome: NDArray[np.int8]
    """An index into OUTCOMES."""
    event_frame: NDArray[np.int32]
    """The frame in which each event happens."""
    event_minute: NDArray[np.float32]
    event_text: tuple[str, ...]
    """`green Baking: Baking for 600 seconds …`, in order."""
    bakes: tuple[tuple[float, float], ...]


def frames(result: Result) -> Frames:
    """The film of a run, from the update call on."""
    trail, course = result.trail, result.plan
    number = result.minutes["minute"].to_numpy()
    length = int(number[-1]) + 1
    stride = -(-length // MOST_FRAMES)
    ends = np.arange(stride, length + stride, stride).clip(max=length)
    last = np.searchsorted(number, ends - 1)
    stages = [course.at(60.0 * end - 1e-6) for end in ends]
    dots = trail.dots
    minute = dots.time / 60
    keep = minute >= 0
    flags = dots.flags[keep]
    outcome = np.zeros(len(flags), dtype=np.int8)
    outcome[(flags & (WRONG | LATE)) > 0] = 1
    outcome[(flags & ERROR_4XX) > 0] = 2
    outcome[(flags & ERROR_5XX) > 0] = 3
    minute = minute[keep]
    events = course.events
    at = np.array([event.time / 60 for event in events], dtype=np.float32)
    hurt = np.zeros(len(number)) if result.params.mode == "shadow" else result.minutes["hurt"].to_numpy()
    return Frames(
        minute=ends,
        new_percent=np.array([100 * stage.green_share for stage in stages], dtype=np.float32),
        old_instances=np.array([stage.blue_alive for stage in stages], dtype=np.int16),
        new_instances=np.array([stage.green_alive for stage in stages], dtype=np.int16),
        users_hurt=np.cumsum(hurt)[last].astype(np.int64),
        alarm_names=tuple(alarm.name for alarm in result.params.alarms),
        thresholds=tuple(alarm.threshold for alarm in result.params.alarms),
        alarm_values=trail.values[:, last].astype(np.float32),
        alarm_states=trail.states[:, last],
        states=cloudwatch.STATES,
        dot_starts=np.searchsorted(minute, np.concatenate([[0], ends])).astype(np.int32),
        dot_minute=minute.astype(np.float32),
        dot_new=dots.fleet[keep] == 1,
        dot_outcome=outcome,
        event_frame=np.searchsorted(ends, at).astype(np.int32),
        event_minute=at,
        event_text=tuple(f"{event.fleet} {event.status}: {event.message}".replace(" :", ":") for event in events),
        bakes=tuple((bake.start / 60, bake.end / 60) for bake in course.bakes),
    )


_SYMBOLS = np.array(["circle", "diamond", "triangle-down", "x"])
_EDGES = np.array([GREY, AMBER, GREY, RED])
_LANES = 6
_LINE_LETTERS = 56
"""What fits beside a phone's edge at the headline's size."""


def player(film: Frames, *, milliseconds: int = 250) -> go.Figure:
    """An animated chart of the film: requests as dots in the lane of their fleet, shares, and the first alarm.

    Args:
        film: from `frames`.
        milliseconds: how long a frame stays; the speed.
    """
    chart = make_subplots(rows=3, cols=1, shared_xaxes=False, row_heights=[0.4, 0.3, 0.3], vertical_spacing=0.12)
    axis = np.concatenate([[0], film.minute])
    chart.add_trace(_dots(film, 0), 1, 1)
    share = np.concatenate([[0.0], film.new_percent])
    line = {"color": GREEN, "shape": "vh", "width": 3}
    chart.add_scatter(x=axis, y=share, mode="lines", name="new (% of traffic)", line=line, row=2, col=1)
    chart.add_trace(_cursor(film, 0, 100.0), 2, 1)
    top = 1.0
    if film.alarm_names:
        value = film.alarm_values[0]
        known = value[np.isfinite(value)]
        top = 1.1 * max(float(known.max()) if len(known) else 0.0, film.thresholds[0], 1e-9)
        chart.add_scatter(
            x=film.minute, y=value, mode="lines", name=film.alarm_names[0], line={"color": BLUE}, row=3, col=1
        )
        ends = [0, film.minute[-1]]
        limit = [film.thresholds[0]] * 2
        dashed = {"color": RED, "dash": "dash"}
        chart.add_scatter(x=ends, y=limit, mode="lines", name="threshold", line=dashed, row=3, col=1)
    chart.add_trace(_cursor(film, 0, top), 3, 1)
    moving = [0, 2, len(chart.data) - 1]
    steps = []
    pictures = []
    for frame in range(len(film.minute)):
        name = str(int(film.minute[frame]))
        pictures.append(
            {
                "name": name,
                "data": [_dots(film, frame), _cursor(film, frame, 100.0), _cursor(film, frame, top)],
                "traces": moving,
                "layout": {"title": {"text": _headline(film, frame)}},
            }
        )
        steps.append({"label": name, "method": "animate", "args": [[name], _play(0)]})
    chart.frames = pictures
    chart.update_layout(
        title={
            "text": _headline(film, 0),
            "font": {"size": 12},
            "x": 0,
            "xanchor": "left",
            "y": 0.96,
            "yanchor": "top",
        },
        height=600,
        margin={"l": 10, "r": 10, "t": 120, "b": 10},
        showlegend=False,
        updatemenus=[
            {
                "type": "buttons",
                "direction": "left",
                "showactive": False,
                "x": 1,
                "xanchor": "right",
                "y": 1.02,
                "yanchor": "bottom",
                "buttons": [
                    {"label": "Play", "method": "animate", "args": [None, _play(milliseconds)]},
                    {"label": "Pause", "method": "animate", "args": [[None], _play(0)]},
                ],
            }
        ],
        sliders=[{"steps": steps, "x": 0, "len": 1, "pad": {"t": 50}, "currentvalue": {"prefix": "minute "}}],
    )
    chart.update_xaxes(range=[0, float(film.minute[-1])], nticks=6, row=2, col=1)
    chart.update_xaxes(range=[0, float(film.minute[-1])], nticks=6, title_text="minutes after the call", row=3, col=1)
    chart.update_xaxes(visible=False, range=[-0.05, 1.05], row=1, col=1)
    lanes = {"tickvals": [0.5, 1.5], "ticktext": ["new", "old"], "range": [0, 2]}
    chart.update_yaxes(**lanes, automargin=True, row=1, col=1)
    chart.update_yaxes(range=[-3, 105], title_text="new (%)", automargin=True, row=2, col=1)
    chart.update_yaxes(range=[0, top], title_text="alarm", automargin=True, row=3, col=1)
    return chart


def _play(milliseconds: int) -> dict[str, Any]:
    return {
        "frame": {"duration": milliseconds, "redraw": False},
        "mode": "immediate",
        "fromcurrent": True,
        "transition": {"duration": 0},
    }


def _dots(film: Frames, frame: int) -> dict[str, Any]:
    """The requests of one frame: across by time, coloured and placed by fleet, with a shape for the outcome."""
    here = slice(int(film.dot_starts[frame]), int(film.dot_starts[frame + 1]))
    start = float(film.minute[frame - 1]) if frame else 0.0
    length = float(film.minute[frame]) - start
    outcome = film.dot_outcome[here]
    count = here.stop - here.start
    height = 0.2 + 0.6 * (np.arange(count) % _LANES) / (_LANES - 1)
    return {
        "type": "scatter",
        "x": np.round((film.dot_minute[here] - start) / length, 3),
        "y": np.round(np.where(film.dot_new[here], height, 1 + height), 2),
        "mode": "markers",
        "name": "requests",
        "marker": {
            "color": np.where(film.dot_new[here], GREEN, BLUE).tolist(),
            "symbol": _SYMBOLS[outcome].tolist(),
            "line": {"color": _EDGES[outcome].tolist(), "width": np.where(outcome > 0, 2, 0)},
            "size": 9,
        },
        "text": [OUTCOMES[code] for code in outcome],
        "hoverinfo": "text",
    }


def _cursor(film: Frames, frame: int, top: float) -> dict[str, Any]:
    at, line = float(film.minute[frame]), {"color": GREY, "width": 2}
    return {"type": "scatter", "x": [at, at], "y": [0, top], "mode": "lines", "name": "now", "line": line}


def _headline(film: Frames, frame: int) -> str:
    """Minute, share, harm, alarms, and the latest event."""
    told = [
        f"minute {int(film.minute[frame])}",
        f"new fleet {film.new_percent[frame]:.0f} %",
        f"users hurt {int(film.users_hurt[frame]):,}",
    ]
    if film.alarm_names:
        told.append(film.states[int(film.alarm_states[0, frame])].replace("_", " "))
    so_far = [text for text, at in zip(film.event_text, film.event_frame, strict=True) if at <= frame]
    return "<br>".join(line for text in (" · ".join(told), *so_far[-1:]) for line in wrap(text, _LINE_LETTERS))
