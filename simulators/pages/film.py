"""A run of the traffic shifter as a film in the browser: it plays, pauses and steps without asking the server."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import streamlit as st

from simulators.traffic import FILM_COLOURS, METRIC_NAMES, OPERATORS, UNITS, Alarm, Frames, Result, frames

_HERE = Path(__file__).parent
_HTML = """
<div class="film">
  <div class="bar">
    <button type="button" class="play">Play</button>
    <button type="button" class="back" aria-label="Step back">‹</button>
    <button type="button" class="on" aria-label="Step on">›</button>
    <select class="speed" aria-label="Speed">
      <option value="0">½ min/s</option><option value="1">1 min/s</option><option value="2">3 min/s</option>
      <option value="3">10 min/s</option>
    </select>
    <input type="range" class="at" min="0" step="any" aria-label="Minute after the update call">
    <span class="clock"></span>
  </div>
  <canvas class="stage" role="img" aria-label="Requests on their way to the two fleets"></canvas>
  <ul class="legend"></ul>
  <dl class="now"></dl>
  <canvas class="lines" role="img" aria-label="Share of traffic and alarms over time, as told above"></canvas>
  <ol class="events" tabindex="0" aria-label="Events of the deployment"></ol>
</div>
"""

_film = st.components.v2.component(
    "traffic_film",
    html=_HTML,
    css=(_HERE / "film.css").read_text(encoding="utf-8"),
    js=(_HERE / "film.js").read_text(encoding="utf-8"),
)

_NAMES = {
    "deployment": {
        "old": "old fleet",
        "new": "new fleet",
        "dots_old": "to the old fleet",
        "dots_new": "to the new fleet",
        "instances": "{old} old + {new} new",
        "share": "New fleet gets",
        "share_line": "Traffic to the new fleet",
        "hurt": "Users hurt so far",
    },
    "shadow": {
        "old": "production",
        "new": "shadow",
        "dots_old": "to production",
        "dots_new": "copied to the shadow",
        "instances": "{old} + {new}",
        "share": "Copied to the shadow",
        "share_line": "Requests copied to the shadow",
        "hurt": "Users hurt so far",
    },
    "ab": {
        "old": "A, old model",
        "new": "B, new model",
        "dots_old": "to A",
        "dots_new": "to B",
        "instances": "{old} + {new}",
        "share": "B gets",
        "share_line": "Traffic to variant B",
        "hurt": "Users hurt so far",
    },
}


def show_film(key: str, result: Result, *, autoplay: bool) -> None:
    """Put up the film of a run; with `autoplay` it starts by itself, unless the viewer wants no motion."""
    _film(key=key, data=_told(repr(result.params), result) | {"autoplay": autoplay})


@st.cache_data(max_entries=50, show_spinner=False)
def _told(key: str, _result: Result) -> dict[str, Any]:
    """Everything the browser draws, as JSON."""
    film, params = frames(_result), _result.params
    is_update = params.mode == "deployment"
    film = _trimmed(film) if is_update else film
    shown = _result.minutes["minute"].between(0, film.minute[-1] - 1)
    requests = _result.minutes.loc[shown, ["requests_old", "requests_new"]].to_numpy().sum()
    each = requests / max(len(film.dot_minute), 1)
    return {
        "run": f"{_result.trail.fingerprint}-{crc32(key.encode())}",
        "until": int(film.minute[-1]),
        "stride": int(film.minute[0]),
        "minute": film.minute.tolist(),
        "steps": [
            [round(minute, 3), params.shadow_percent if params.mode == "shadow" else round(percent, 2), old, new]
            for minute, percent, old, new in film.steps
        ],
        "total": params.instances,
        "all_active": not is_update,
        "hurt": film.users_hurt.tolist(),
        # A test of two variants is watched by nobody's alarm.
        "alarms": [_alarm(film, row, alarm) for row, alarm in enumerate(params.alarms)] if is_update else [],
        "states": list(film.states),
        "dots": {
            "minute": np.round(film.dot_minute.astype(np.float64), 2).tolist(),
            "fleet": "".join("01"[int(new)] for new in film.dot_new),
            "outcome": "".join(map(str, film.dot_outcome)),
        },
        "events": [list(event) for event in film.events] if is_update else [],
        "bakes": [list(bake) for bake in film.bakes],
        "names": _NAMES[params.mode],
        "scale": f"one dot is about {each:,.0f} requests" if each >= 1.5 else "one dot is one request",
        "colours": FILM_COLOURS,
    }


_AFTER_MINUTES = 5


def _trimmed(film: Frames) -> Frames:
    """The film without an end in which nothing happens any more: no event, no alarm that changes, nobody hurt."""
    told = np.vstack([film.users_hurt, film.alarm_states])
    changes = np.flatnonzero((np.diff(told, axis=1) != 0).any(axis=0))
    last = max(
        [float(film.minute[at + 1]) for at in changes[-1:]] + [minute for minute, *_ in film.events[-1:]] + [5.0]
    )
    keep = min(int(np.searchsorted(film.minute, last + _AFTER_MINUTES)) + 1, len(film.minute))
    dots = int(np.searchsorted(film.dot_minute, film.minute[keep - 1]))
    return replace(
        film,
        minute=film.minute[:keep],
        users_hurt=film.users_hurt[:keep],
        alarm_values=film.alarm_values[:, :keep],
        alarm_states=film.alarm_states[:, :keep],
        dot_minute=film.dot_minute[:dots],
        dot_new=film.dot_new[:dots],
        dot_outcome=film.dot_outcome[:dots],
    )


def _alarm(film: Frames, row: int, alarm: Alarm) -> Mapping[str, Any]:
    """One alarm: its points, its states, its words."""
    values = film.alarm_values[row]
    known = values[np.isfinite(values)]
    top = 1.1 * max(float(known.max()) if len(known) else 0.0, alarm.threshold, 1e-9)
    is_count = alarm.statistic == "Sum" and alarm.metric != "ModelLatency"
    unit = "" if is_count or UNITS[alarm.metric] == "share" else f" {UNITS[alarm.metric]}"
    where = "new fleet" if alarm.fleet == "new" else "both fleets"
    return {
        "title": f"Alarm {row + 1}" if row else "Alarm",
        "rule": f"{METRIC_NAMES[alarm.metric].removesuffix(' (µs)')}, {where}: {alarm.statistic} "
        f"{OPERATORS[alarm.operator]} {alarm.threshold:,g}{unit}, {alarm.datapoints} of {alarm.periods}",
        "threshold": alarm.threshold,
        "top": top,
        "label": _short(top),
        "values": [round(float(value), 5) if np.isfinite(value) else None for value in values],
        "states": film.alarm_states[row].tolist(),
    }


def _short(value: float) -> str:
    """A number that fits beside an axis."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.2g}"
