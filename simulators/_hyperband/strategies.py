"""The strategies: random, grid, Bayesian, median early stopping, successive halving, Hyperband and ASHA.

Sources: Hyperband and successive halving, L. Li and others, JMLR 18(185), 2018, Algorithm 1; ASHA, L. Li and others,
MLSys 2020, in the stopping form that a tuner which cannot pause a job runs; expected improvement, D. Jones and others,
J. Global Optimization 13, 1998; the median rule, SageMaker AI developer guide,
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import fmin_l_bfgs_b
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from simulators._hyperband.engine import Stint
from simulators._hyperband.schedule import Bracket
from simulators._hyperband.spaces import Configuration, Point, Space

MedianRule = Literal["guide", "running-average", "best-so-far"]

MEDIAN_NEEDS = 5
"""Earlier jobs the median rule waits for. The guide names no number; syne-tune and optuna wait for five."""

BAYESIAN_STARTS = 5
"""Random configurations before the first model of the results."""

_CANDIDATES = 128
"""How many random points the model is asked about. Far more would draw the search to the corners of the space, where
the model knows least."""


class Draws:
    """The random configurations of one seed, in a fixed order: every strategy that draws reads the same list."""

    def __init__(self, space: Space, seed: int) -> None:
        self.space = space
        self._rng = np.random.default_rng([seed, 1])
        self._points: list[Point] = []

    def point(self, number: int) -> Point:
        """The point of that number, from 0, in the unit cube."""
        while len(self._points) <= number:
            self._points.append(self._rng.random(len(self.space.ranges)))
        return self._points[number]

    def configuration(self, number: int) -> Configuration:
        """The configuration of that number, from 0."""
        return self.space.at(self.point(number))


class RandomSearch:
    """Every configuration of the list in turn, trained to the end."""

    def __init__(self, draws: Draws, max_resource: int) -> None:
        self._draws = draws
        self._max = max_resource
        self._started = 0

    def start(self) -> Stint | None:
        """The next configuration of the list."""
        trial, self._started = self._started, self._started + 1
        return Stint(trial, self._draws.configuration(trial), 1, self._max)

    def report(self, stint: Stint, epoch: int, score: float, diverged: bool) -> bool:  # noqa: ARG002
        """Never stops a job."""
        return True

    def words(self) -> str:
        """How many configurations it has started."""
        return f"configuration {self._started}"


class GridSearch(RandomSearch):
    """Every combination of a grid, in an order drawn by the seed, so that a short budget favours no corner."""

    def __init__(self, space: Space, max_resource: int, seed: int) -> None:
        self._space = space
        self._max = max_resource
        self._started = 0
        self._points = list(space.grid())
        np.random.default_rng([seed, 2]).shuffle(self._points)

    def start(self) -> Stint | None:
        """The next combination; None after the last."""
        if self._started == len(self._points):
            return None
        trial, self._started = self._started, self._started + 1
        return Stint(trial, self._space.at(self._points[trial]), 1, self._max)

    def words(self) -> str:
        """How much of the grid it has started."""
        return f"combination {self._started} of {len(self._points)}"


def worse_than_median(
    curve: list[float], others: list[list[float]], rule: MedianRule = "guide", *, needs: int = MEDIAN_NEEDS
) -> bool:
    """Whether early stopping ends a job after its latest epoch; higher scores are better.

    Args:
        curve: the job's scores, one per epoch.
        others: those of the earlier jobs; one that has not come as far is left out.
        rule: what is held against the median of what. `guide`: the latest score, against the others' running averages
            up to this epoch. `running-average` (syne-tune): the job's own running average, against the same.
            `best-so-far` (optuna): its best score so far, against the others' scores at this epoch.
        needs: with fewer others it stops nobody.
    """
    epoch = len(curve)
    reached = [other[:epoch] for other in others if len(other) >= epoch]
    if len(reached) < needs:
        return False
    if rule == "best-so-far":
        return max(curve) < float(np.median([other[-1] for other in reached]))
    own = curve[-1] if rule == "guide" else float(np.mean(curve))
    return own < float(np.median([np.mean(other) for other in reached]))


class MedianStopping(RandomSearch):
    """Random search with the tuner's early stopping."""

    def __init__(self, draws: Draws, max_resource: int, rule: MedianRule) -> None:
        super().__init__(draws, max_resource)
        self._rule = rule
        self._curves: dict[int, list[float]] = {}

    def report(self, stint: Stint, epoch: int, score: float, diverged: bool) -> bool:  # noqa: ARG002
        """Stops a job that is worse than the median of the earlier ones."""
        curve = self._curves.setdefault(stint.trial, [])
        curve.append(score)
        others = [other for trial, other in self._curves.items() if trial < stint.trial]
        return not worse_than_median(curve, others, self._rule)


@dataclass
class _Halving:
    """A bracket under way: the rung it is in, what may start, and what has come back."""

    s: int
    rungs: Bracket
    rung: int = 0
    waiting: list[Stint] = field(default_factory=list)
    busy: int = 0
    scores: dict[int, float] = field(default_factory=dict)
    done: bool = False


class Hyperband:
    """Brackets of successive halving, one after another, again and again until the budget is spent.

    A rung is ranked when all of it has come back: the best go on, ties to the one drawn first. With one bracket this
    is successive halving.

    Args:
        resume: a configuration that goes on keeps its model; otherwise it trains again from scratch.
        overlap: idle workers start the pass's next bracket while a rung waits for its last configuration.
    """

    def __init__(self, draws: Draws, schedule: list[Bracket], *, resume: bool = True, overlap: bool = False) -> None:
        self._draws = draws
        self._schedule = schedule
        self._resume = resume
        self._overlap = overlap
        self._drawn = 0
        self._opened = 0
        self._open: list[_Halving] = []
        self._of: dict[int, _Halving] = {}
        self._configurations: dict[int, Configuration] = {}
        self._words = ""

    def start(self) -> Stint | None:
        """The next configuration of the rung; None while the rung waits for others."""
        self._open = [each for each in self._open if not each.done]
        for bracket in self._open:
            if bracket.waiting:
                return self._take(bracket)
        passed = self._opened % len(self._schedule) == 0
        if self._open and (passed or not self._overlap):
            return None
        return self._take(self._next_bracket())

    def report(self, stint: Stint, epoch: int, score: float, diverged: bool) -> bool:
        """Ends a stint where its rung ends, and ranks the rung with its last stint."""
        if epoch < stint.last and not diverged:
            return True
        bracket = self._of[stint.trial]
        bracket.busy -= 1
        if not diverged:
            bracket.scores[stint.trial] = score
        if not bracket.busy and not bracket.waiting:
            self._promote(bracket)
        return epoch < stint.last

    def words(self) -> str:
        """Which rung of which bracket it has last started something in."""
        return self._words

    def _take(self, bracket: _Halving) -> Stint:
        stint = bracket.waiting.pop(0)
        bracket.busy += 1
        configurations, resource = bracket.rungs[bracket.rung]
        rung = f"bracket s = {bracket.s}, rung {bracket.rung + 1} of {len(bracket.rungs)}"
        plurals = ["s" if number > 1 else "" for number in (configurations, resource)]
        self._words = f"{rung}: {configurations} configuration{plurals[0]} to {resource} epoch{plurals[1]}"
        return stint

    def _next_bracket(self) -> _Halving:
        rungs = self._schedule[self._opened % len(self._schedule)]
        self._opened += 1
        bracket = _Halving(len(rungs) - 1, rungs)
        for _ in range(rungs[0][0]):
            trial, self._drawn = self._drawn, self._drawn + 1
            self._of[trial] = bracket
            self._configurations[trial] = self._draws.configuration(trial)
            bracket.waiting.append(Stint(trial, self._configurations[trial], 1, rungs[0][1], bracket=bracket.s))
        self._open.append(bracket)
        return bracket

    def _promote(self, bracket: _Halving) -> None:
        had = bracket.rungs[bracket.rung][1]
        bracket.rung += 1
        ranked = sorted(bracket.scores, key=lambda trial: (-bracket.scores[trial], trial))
        bracket.scores = {}
        if bracket.rung == len(bracket.rungs) or not ranked:
            bracket.done = True
            return
        keep, resource = bracket.rungs[bracket.rung]
        first, attempt = (had + 1, 0) if self._resume else (1, bracket.rung)
        bracket.waiting = [
            Stint(trial, self._configurations[trial], first, resource, attempt, bracket.s)
            for trial in sorted(ranked[:keep])
        ]


class Asha(RandomSearch):
    """Asynchronous successive halving: a job is judged at each rung against whoever has been there, and waits for none.

    It goes on when it is among the best 1 / eta of those seen at the rung, itself included, or the best of them while
    they are fewer than `eta`; so the first one goes on. Ties go to the earlier one.
    """

    def __init__(self, draws: Draws, max_resource: int, eta: int, min_resource: int = 1) -> None:
        super().__init__(draws, max_resource)
        self._eta = eta
        self._seen: dict[int, list[float]] = {}
        rung = min_resource
        while rung < max_resource:
            self._seen[rung] = []
            rung *= eta

    def report(self, stint: Stint, epoch: int, score: float, diverged: bool) -> bool:  # noqa: ARG002
        """Judges a job that has reached a rung."""
        if epoch not in self._seen:
            return True
        seen = self._seen[epoch]
        no_worse = sum(other >= score for other in seen)
        seen.append(score)
        return no_worse < max(1, len(seen) // self._eta)


def expected_improvement(
    mean: npt.NDArray[np.float64], deviation: npt.NDArray[np.float64], best: float
) -> npt.NDArray[np.float64]:
    """E[max(Y - best, 0)] for Y normal with that mean and standard deviation (above 0), element by element."""
    gain = mean - best
    z = gain / deviation
    improvement: npt.NDArray[np.float64] = gain * norm.cdf(z) + deviation * norm.pdf(z)
    return improvement


def _climb(
    objective: Callable[[Point], tuple[float, Point]], start: Point, bounds: npt.NDArray[np.float64]
) -> tuple[Point, float]:
    """Fit the kernel in a few steps: with a dozen results there is nothing to be exact about."""
    found, value, _ = fmin_l_bfgs_b(objective, start, bounds=list(map(tuple, bounds)), maxiter=12)
    return found, float(value)


class Bayesian:
    """A Gaussian process over the results so far; the next configuration has the largest expected improvement.

    Every configuration is trained to the end and counts with the best score it had. One still in training counts with
    the mean of the results (a "constant liar"), so that parallel workers do not all get the same proposal.
    """

    def __init__(self, draws: Draws, max_resource: int, seed: int) -> None:
        self._draws = draws
        self._max = max_resource
        self._rng = np.random.default_rng([seed, 3])
        self._points: list[Point] = []
        self._best: dict[int, float] = {}
        self._ended: set[int] = set()

    def start(self) -> Stint | None:
        """A random configuration at first, then the most promising of those the model is asked about."""
        trial = len(self._points)
        known = [number for number in range(trial) if number in self._ended]
        if trial < BAYESIAN_STARTS or len(known) < 2:
            self._points.append(self._draws.point(trial))
        else:
            self._points.append(self._propose(known))
        return Stint(trial, self._draws.space.at(self._points[trial]), 1, self._max)

    def report(self, stint: Stint, epoch: int, score: float, diverged: bool) -> bool:
        """Takes note; never stops a job."""
        self._best[stint.trial] = max(score, self._best.get(stint.trial, 0.0))
        if epoch == stint.last or diverged:
            self._ended.add(stint.trial)
        return True

    def words(self) -> str:
        """How many configurations it has started."""
        return f"configuration {len(self._points)}"

    def _propose(self, known: list[int]) -> Point:
        space = self._draws.space
        results = np.array([self._best[number] for number in known])
        pending = [number for number in range(len(self._points)) if number not in self._ended]
        points = np.array([self._points[number] for number in [*known, *pending]])
        targets = np.r_[results, np.full(len(pending), results.mean())]
        spread = targets.std() or 1.0
        features = space.features(points)
        # A length scale for each column, so that hyperparameters without effect drop out.
        scales = Matern(np.full(features.shape[1], 0.5), (0.1, 5.0), nu=2.5)
        kernel = ConstantKernel(1.0, (0.1, 10.0)) * scales + WhiteKernel(1e-2, (1e-4, 0.3))
        model = GaussianProcessRegressor(kernel, optimizer=_climb, random_state=0)
        with warnings.catch_warnings():
            # A length scale at its bound is an answer here, not a fault.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, (targets - targets.mean()) / spread)
        best = self._points[known[int(np.argmax(results))]]
        width = len(space.ranges)
        anywhere = self._rng.random((_CANDIDATES, width))
        nearby = np.clip(best + self._rng.normal(0.0, 0.1, (_CANDIDATES // 4, width)), 0.0, 1.0)
        candidates = np.vstack([anywhere, nearby])
        mean, deviation = model.predict(space.features(candidates), return_std=True)
        gain = expected_improvement(mean, np.maximum(deviation, 1e-9), float((results.max() - targets.mean()) / spread))
        chosen: Point = candidates[int(np.argmax(gain))]
        return chosen
