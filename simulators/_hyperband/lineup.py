"""Who races, under which name, colour, dash and marker."""

from collections.abc import Callable
from dataclasses import dataclass

from simulators._hyperband.engine import Strategy
from simulators._hyperband.params import LineUp, Params
from simulators._hyperband.schedule import brackets
from simulators._hyperband.strategies import (
    Asha,
    Bayesian,
    Draws,
    GridSearch,
    Hyperband,
    MedianStopping,
    RandomSearch,
)


@dataclass(frozen=True)
class Look:
    """How a strategy is named and drawn; colours hold on light and dark, dash and marker tell them apart without."""

    name: str
    short: str
    colour: str
    dash: str
    marker: str


LOOKS = {
    "random": Look("Random search", "Random", "#9a6a00", "dash", "circle"),
    "median": Look("Random with early stopping", "Random + stop", "#c2571a", "dashdot", "triangle-up"),
    "grid": Look("Grid search", "Grid", "#7a7a7a", "2px,7px", "square"),
    "bayesian": Look("Bayesian", "Bayesian", "#b04a8b", "longdash", "diamond"),
    "halving": Look("Successive halving", "Halving", "#1f8a8a", "longdashdot", "triangle-down"),
    "hyperband": Look("Hyperband", "Hyperband", "#2f6fd0", "solid", "star"),
    "asha": Look("ASHA", "ASHA", "#2b8a3e", "3px,3px", "x"),
}
"""In the order they race and are listed."""

_LINE_UPS: dict[LineUp, tuple[str, ...]] = {
    "duel": ("random", "hyperband"),
    "four": ("random", "bayesian", "hyperband", "asha"),
    "stoppers": ("random", "median", "halving", "hyperband", "asha"),
    "all": tuple(LOOKS),
}


def line_up(params: Params) -> tuple[str, ...]:
    """The strategies of a race, by their short keys."""
    return _LINE_UPS[params.line_up]


def strategy(key: str, params: Params, draws: Draws, seed: int) -> Strategy:
    """A strategy of that key at its start.

    Raises:
        KeyError: there is none.
    """
    most = params.max_resource
    schedule = brackets(most, params.eta, rule=params.rule)
    entrants: dict[str, Callable[[], Strategy]] = {
        "random": lambda: RandomSearch(draws, most),
        "median": lambda: MedianStopping(draws, most, params.median_rule),
        "grid": lambda: GridSearch(draws.space, most, seed),
        "bayesian": lambda: Bayesian(draws, most, seed),
        "halving": lambda: Hyperband(draws, schedule[:1], resume=params.resume),
        "hyperband": lambda: Hyperband(draws, schedule, resume=params.resume, overlap=params.overlap),
        "asha": lambda: Asha(draws, most, params.eta, params.min_resource),
    }
    return entrants[key]()
