"""Search spaces: the ranges of each model's hyperparameters, mild or hard, and how a point becomes a configuration.

Every hyperparameter is a coordinate between 0 and 1, on the scale the range names, so one list of random points
serves every strategy. Ranges and scalings are those of SageMaker's tuner (continuous, integer, categorical).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

Scaling = Literal["Linear", "Logarithmic", "ReverseLogarithmic"]
Model = Literal["mlp", "sgd", "boosting"]
SpaceName = Literal["hard", "mild", "misleading", "crowded", "categorical", "unstable"]
Scale = Literal["log", "linear"]
Point = npt.NDArray[np.float64]
Configuration = tuple[float | int | str, ...]

MOST_COMBINATIONS = 750
"""A grid larger than this does not fit a tuning job: its default quota of training jobs."""


@dataclass(frozen=True)
class Range:
    """What one hyperparameter may be: a number from `low` to `high`, or one of `values`."""

    name: str
    low: float = 0.0
    high: float = 0.0
    scaling: Scaling = "Linear"
    whole: bool = False
    values: tuple[str | float | int, ...] = ()

    def at(self, share: float) -> float | int | str:
        """The value at a share (0 to 1) of the range, on its scale."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.whole and self.scaling == "Linear":
            return int(min(self.low + share * (self.high - self.low + 1), self.high))
        if self.scaling == "Logarithmic":
            value: float = self.low * (self.high / self.low) ** share
        elif self.scaling == "ReverseLogarithmic":
            value = 1 - (1 - self.low) * ((1 - self.high) / (1 - self.low)) ** share
        else:
            value = self.low + share * (self.high - self.low)
        return round(value) if self.whole else value

    def middles(self, count: int) -> tuple[float, ...]:
        """The middles of `count` equal shares, without those that give a value once more."""
        shares = {self.at((step + 0.5) / count): (step + 0.5) / count for step in reversed(range(count))}
        return tuple(reversed(shares.values()))


@dataclass(frozen=True)
class Space:
    """The hyperparameters a strategy searches."""

    ranges: tuple[Range, ...]
    fixed: tuple[tuple[str, str | float | int], ...] = ()
    """What every configuration has in common."""

    def at(self, point: Point) -> Configuration:
        """The configuration at a point of the unit cube, shape (hyperparameters,)."""
        return tuple(each.at(float(share)) for each, share in zip(self.ranges, point, strict=True))

    def named(self, configuration: Configuration) -> dict[str, float | int | str]:
        """A configuration by the names of its hyperparameters, the fixed ones included."""
        return dict(self.fixed) | {each.name: value for each, value in zip(self.ranges, configuration, strict=True)}

    def features(self, points: Point) -> Point:
        """Points, shape (n, hyperparameters), as a model of them sees them: a list of values becomes one column each.

        Returns:
            Shape (n, columns), all from 0 to 1.
        """
        columns: list[Point] = []
        for number, each in enumerate(self.ranges):
            share = points[:, number]
            if each.values:
                chosen = np.minimum((share * len(each.values)).astype(int), len(each.values) - 1)
                columns.extend((chosen == value).astype(np.float64) for value in range(len(each.values)))
            else:
                columns.append(share)
        return np.column_stack(columns)

    @cached_property
    def axes(self) -> tuple[tuple[float, ...], ...]:
        """The shares of each range that a grid tries: all of a list's values, three of a number's, each value once.

        They are the middles of equal shares, so that none sits on the edge of a range. Where that is more combinations
        than a tuning job may have, numbers get fewer, from the last one on.
        """
        axes = [each.middles(len(each.values) or 3) for each in self.ranges]
        for fewest in (2, 1):
            for place in reversed(range(len(axes))):
                if math.prod(map(len, axes)) > MOST_COMBINATIONS and not self.ranges[place].values:
                    axes[place] = self.ranges[place].middles(fewest)
        return tuple(axes)

    @property
    def combinations(self) -> int:
        """The size of the grid."""
        return math.prod(map(len, self.axes))

    def grid(self) -> Iterator[Point]:
        """Every point of the grid."""
        return (np.array(point) for point in product(*self.axes))


def _log(name: str, low: float, high: float, *, whole: bool = False) -> Range:
    return Range(name, low, high, "Logarithmic", whole)


def _reverse(name: str, low: float, high: float) -> Range:
    return Range(name, low, high, "ReverseLogarithmic")


def _one_of(name: str, *values: str | float | int) -> Range:
    return Range(name, values=values)


def _linear(name: str, low: float, high: float) -> Range:
    return Range(name, low, high)


def _count(name: str, low: int, high: int) -> Range:
    return Range(name, low, high, whole=True)


_BATCHES = _log("batch_size", 64, 256, whole=True)
_MLP_HARD = (
    _log("learning_rate_init", 1e-6, 1e2),
    _log("alpha", 1e-6, 1e3),
    _log("width", 2, 64, whole=True),
    _BATCHES,
    _count("layers", 1, 4),
    _one_of("activation", "relu", "tanh", "logistic"),
)
_SGD_HARD = (
    _log("eta0", 1e-6, 1e2),
    _log("alpha", 1e-7, 1e1),
    _linear("l1_ratio", 0.0, 1.0),
    _one_of("loss", "hinge", "log_loss", "modified_huber"),
    _one_of("learning_rate", "constant", "invscaling"),
)
_BOOSTING_HARD = (
    _log("learning_rate", 1e-4, 1e1),
    _count("max_depth", 1, 8),
    _linear("subsample", 0.05, 1.0),
    _log("min_samples_leaf", 1, 64, whole=True),
    _log("max_features", 0.05, 1.0),
)

_SPACES: dict[tuple[Model, SpaceName], Space] = {
    ("mlp", "hard"): Space(_MLP_HARD),
    ("mlp", "mild"): Space(
        (
            _log("learning_rate_init", 1e-3, 3e-2),
            _log("alpha", 1e-6, 1e-2),
            _log("width", 16, 64, whole=True),
            _BATCHES,
            _reverse("beta_1", 0.8, 0.95),
        )
    ),
    # A network without a nonlinearity is quick and soon at its best; a logistic one of three layers starts late.
    ("mlp", "misleading"): Space(
        (
            _log("learning_rate_init", 3e-3, 3e-2),
            _log("alpha", 1e-4, 1e-1),
            _log("width", 16, 64, whole=True),
            _one_of("activation", "identity", "logistic"),
        ),
        (("layers", 3), ("batch_size", 64)),
    ),
    ("mlp", "crowded"): Space(
        (
            *_MLP_HARD,
            _reverse("beta_1", 0.5, 0.99),
            _reverse("beta_2", 0.9, 0.9999),
            _log("epsilon", 1e-10, 1e-2),
        )
    ),
    ("mlp", "categorical"): Space(
        (
            _one_of("learning_rate_init", 0.0003, 0.003, 0.03),
            _one_of("width", 16, 64),
            _one_of("activation", "relu", "tanh"),
        ),
        (("batch_size", 64),),
    ),
    ("mlp", "unstable"): Space(
        (
            _log("learning_rate_init", 1e-4, 1e3),
            _log("alpha", 1e-6, 1e0),
            _log("width", 8, 64, whole=True),
            _BATCHES,
            _reverse("momentum", 0.5, 0.99),
        ),
        (("solver", "sgd"), ("activation", "identity")),
    ),
    ("sgd", "hard"): Space(_SGD_HARD),
    ("sgd", "mild"): Space(
        (
            _log("eta0", 1e-3, 1e-1),
            _log("alpha", 1e-6, 1e-3),
            _linear("l1_ratio", 0.0, 0.5),
            _one_of("loss", "log_loss", "modified_huber"),
        ),
        (("learning_rate", "constant"),),
    ),
    # A rate that falls fast is ahead after an epoch, and then stands still.
    ("sgd", "misleading"): Space(
        (
            _log("eta0", 1e-4, 1e0),
            _linear("power_t", 0.0, 1.0),
            _log("alpha", 1e-6, 1e-2),
        ),
        (("learning_rate", "invscaling"), ("loss", "log_loss")),
    ),
    ("sgd", "crowded"): Space(
        (
            *_SGD_HARD,
            _linear("power_t", 0.0, 1.0),
            _log("epsilon", 1e-4, 1e1),
            _log("tol", 1e-6, 1e-1),
        )
    ),
    ("sgd", "categorical"): Space(
        (
            _one_of("eta0", 0.001, 0.01, 0.1),
            _one_of("loss", "hinge", "log_loss"),
            _one_of("alpha", 0.00001, 0.001),
        ),
        (("learning_rate", "constant"),),
    ),
    ("sgd", "unstable"): Space(
        (
            _log("eta0", 1e-6, 1e1),
            _log("alpha", 1e-7, 1e-1),
            _linear("l1_ratio", 0.0, 1.0),
        ),
        (("learning_rate", "constant"), ("loss", "squared_error")),
    ),
    ("boosting", "hard"): Space(_BOOSTING_HARD),
    ("boosting", "mild"): Space(
        (
            _log("learning_rate", 0.05, 1.0),
            _count("max_depth", 2, 5),
            _linear("subsample", 0.5, 1.0),
            _log("min_samples_leaf", 1, 16, whole=True),
        )
    ),
    # A small rate predicts the commoner class for many rounds, and nothing else shows.
    ("boosting", "misleading"): Space(
        (
            _log("learning_rate", 0.01, 1.0),
            _count("max_depth", 1, 6),
            _linear("subsample", 0.1, 1.0),
            _log("max_features", 0.05, 1.0),
        )
    ),
    ("boosting", "crowded"): Space(
        (
            *_BOOSTING_HARD,
            _log("min_impurity_decrease", 1e-8, 1e-1),
            _count("max_leaf_nodes", 2, 64),
            _linear("min_weight_fraction_leaf", 0.0, 0.3),
        )
    ),
    ("boosting", "categorical"): Space(
        (
            _one_of("learning_rate", 0.03, 0.1, 0.3),
            _one_of("max_depth", 1, 3),
            _one_of("subsample", 0.5, 1.0),
        )
    ),
    ("boosting", "unstable"): Space(
        (
            _log("learning_rate", 1e-2, 1e5),
            _count("max_depth", 1, 6),
            _linear("subsample", 0.1, 1.0),
        )
    ),
}


def space_of(model: Model, name: SpaceName, scale: Scale) -> Space:
    """A model's search space; on the linear scale, ranges that are logarithmic otherwise become linear."""
    space = _SPACES[model, name]
    if scale == "log":
        return space
    return replace(space, ranges=tuple(replace(each, scaling="Linear") for each in space.ranges))
