"""A run as a film: what a page needs to play it, step it and stop it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators._traffic import alarms as cloudwatch
from simulators._traffic.engine import ERROR_4XX, ERROR_5XX, LATE, WRONG
from simulators._traffic.result import Result

MOST_FRAMES = 120
OUTCOMES = ("good", "wrong or late", "4XX", "5XX")


@dataclass(frozen=True)
class Frames:
    """One entry per frame, a frame being one or more minutes; times in minutes after the update call."""

    minute: NDArray[np.int64]
    """When each frame ends."""
    users_hurt: NDArray[np.int64]
    """Up to the end of the frame."""
    alarm_names: tuple[str, ...]
    thresholds: tuple[float, ...]
    alarm_values: NDArray[np.float32]
    """Of shape (alarms, frames): the newest point, NaN where it is missing."""
    alarm_states: NDArray[np.int8]
    """Of shape (alarms, frames): an index into `states`."""
    states: tuple[str, ...]
    dot_minute: NDArray[np.float32]
    """The dots are a few requests of every minute, evenly picked, in order of arrival."""
    dot_new: NDArray[np.bool_]
    """Which fleet answered."""
    dot_outcome: NDArray[np.int8]
    """An index into OUTCOMES."""
    steps: tuple[tuple[float, float, int, int], ...]
    """Minute from which on, share of the new fleet in percent, and how many instances run: old, new."""
    events: tuple[tuple[float, str, str, str], ...]
    """Minute, fleet (`blue`, `green` or `endpoint`), AWS's status and AWS's message, in order."""
    bakes: tuple[tuple[float, float], ...]


def frames(result: Result) -> Frames:
    """The film of a run, from the update call on."""
    trail, course = result.trail, result.plan
    number = result.minutes["minute"].to_numpy()
    length = int(number[-1]) + 1
    stride = -(-length // MOST_FRAMES)
    ends = np.arange(stride, length + stride, stride).clip(max=length)
    last = np.searchsorted(number, ends - 1)
    dots = trail.dots
    minute = dots.time / 60
    keep = minute >= 0
    flags = dots.flags[keep]
    outcome = np.zeros(len(flags), dtype=np.int8)
    outcome[(flags & (WRONG | LATE)) > 0] = 1
    outcome[(flags & ERROR_4XX) > 0] = 2
    outcome[(flags & ERROR_5XX) > 0] = 3
    minute = minute[keep]
    hurt = np.zeros(len(number)) if result.params.mode == "shadow" else result.minutes["hurt"].to_numpy()
    return Frames(
        minute=ends,
        users_hurt=np.cumsum(hurt)[last].astype(np.int64),
        alarm_names=tuple(alarm.name for alarm in result.params.alarms),
        thresholds=tuple(alarm.threshold for alarm in result.params.alarms),
        alarm_values=trail.values[:, last].astype(np.float32),
        alarm_states=trail.states[:, last],
        states=cloudwatch.STATES,
        dot_minute=minute.astype(np.float32),
        dot_new=dots.fleet[keep] == 1,
        dot_outcome=outcome,
        steps=tuple(
            (stage.start / 60, 100 * stage.green_share, stage.blue_alive, stage.green_alive) for stage in course.stages
        ),
        events=tuple((event.time / 60, event.fleet, event.status, event.message) for event in course.events),
        bakes=tuple((bake.start / 60, bake.end / 60) for bake in course.bakes),
    )
