"""The race of one seed again, frame by frame, from the epochs it really trained."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from simulators._hyperband.engine import Run
from simulators._hyperband.figures import layout, slider
from simulators._hyperband.lineup import LOOKS
from simulators._hyperband.race import Race
from simulators._hyperband.words import accuracy, count_of, listed
from simulators.contract import Figure

_FRAMES = 36


def replay(result: Race, number: int = 0) -> Figure:
    """Every strategy's best accuracy so far in the race of seed `number` (from 0), after each share of the budget."""
    runs = result.seeds[number].runs
    steps = np.unique(np.linspace(max(result.budget / _FRAMES, 1), result.budget, _FRAMES).astype(int))
    chart = go.Figure(_lines(runs, result.budget))
    chart.frames = [
        go.Frame(name=str(step), data=_lines(runs, int(step)), layout={"title": {"text": _where(result, number, step)}})
        for step in steps
    ]
    layout(chart, _where(result, number, result.budget), "Epochs trained", "Best validation accuracy")
    low = min(float(run.best_validation[min(int(steps[0]), run.charged) - 1]) for run in runs.values())
    chart.update_xaxes(range=[0, result.budget * 1.04])
    chart.update_yaxes(range=[max(0.0, np.floor(low * 10) / 10 - 0.05), 1.02])
    slider(chart, [str(step) for step in steps], "Epochs: ")
    changes = len(_changes(runs))
    caption = (
        f"Seed {result.seeds[number].seed}: {count_of(changes, 'change') if changes else 'no change'} of the lead. "
        f"{_in_front(runs, result.budget)} in front at the end. Each strategy trains the same {result.budget} epochs."
    )
    return Figure("The race again", caption, chart, _table(runs, steps))


def _held(run: Run, step: int) -> float:
    """The best score after that many epochs; a strategy that has ended keeps its own."""
    return float(run.best_validation[min(step, run.charged) - 1])


def _lines(runs: Any, step: int) -> list[go.Scatter]:
    """A line for each strategy up to an epoch, and a mark where it stands."""
    drawn = []
    for key, run in runs.items():
        look, best = LOOKS[key], run.best_validation[: min(step, run.charged)]
        better = np.flatnonzero(np.r_[True, np.diff(best) > 0])
        x, y = np.r_[better + 1, step], np.r_[best[better], best[-1]]
        drawn.append(
            go.Scatter(
                x=x,
                y=y,
                mode="lines+markers",
                name=look.name,
                line={"color": look.colour, "dash": look.dash, "width": 3 if key == "hyperband" else 2, "shape": "hv"},
                marker={"color": look.colour, "symbol": look.marker, "size": np.r_[np.zeros(len(x) - 1), 12]},
                hovertemplate="%{y:.3f} after %{x} epochs",
            )
        )
    return drawn


def _where(result: Race, number: int, step: int) -> str:
    """Where Hyperband stands after that many of its epochs."""
    run = result.seeds[number].runs["hyperband"]
    at = min(int(step), run.charged) - 1
    trial, epoch = int(run.trial[at]), int(run.epoch[at])
    s = run.brackets[trial]
    started = len(np.unique(run.trial[: at + 1]))
    # In a later pass the brackets come again; their rungs are the same.
    resources = [resource for _, resource in next(each for each in result.schedule if len(each) == s + 1)]
    rung = int(np.searchsorted(np.array(resources), epoch)) + 1
    return f"Hyperband: s = {s}, rung {rung} of {len(resources)}, {started} started"


def _leaders(runs: Any, budget: int) -> npt.NDArray[np.int64]:
    """Who is in front after each epoch, by position; of several the one that led before."""
    best = np.array(
        [np.r_[run.best_validation, np.full(budget - run.charged, _held(run, budget))] for run in runs.values()]
    )
    lead, leaders = 0, np.zeros(budget, dtype=np.int64)
    for at in range(budget):
        if best[lead, at] < best[:, at].max():
            lead = int(best[:, at].argmax())
        leaders[at] = lead
    return leaders


def _changes(runs: Any) -> npt.NDArray[np.int64]:
    budget = max(run.charged for run in runs.values())
    return np.flatnonzero(np.diff(_leaders(runs, budget)))


def _in_front(runs: Any, step: int) -> str:
    top = max(_held(run, step) for run in runs.values())
    names = [LOOKS[key].name for key, run in runs.items() if _held(run, step) == top]
    return f"{listed(names)} ({accuracy(top)}) {'is' if len(names) == 1 else 'are'}"


def _table(runs: Any, steps: npt.NDArray[np.int64]) -> pd.DataFrame:
    scores = {LOOKS[key].short: [round(_held(run, int(step)), 3) for step in steps] for key, run in runs.items()}
    return pd.DataFrame({"epochs": steps, **scores})
