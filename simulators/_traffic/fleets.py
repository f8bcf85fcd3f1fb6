"""Two real classifiers, fitted once: which rows each of them answers wrongly.

Rows are handwritten digits (8 x 8 pixels) that neither model was fitted on.
Source: https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from simulators._traffic.params import GreenModel

_BRIGHTEST = 16.0
"""Pixels run from 0 to this; a caller who scales them to 0..1 feeds the model what it never saw."""


@dataclass(frozen=True)
class Fleets:
    """The answers of both models to every row of the pool."""

    wrong: NDArray[np.bool_]
    """Of shape (2, rows): row 0 the old (blue) model, row 1 the new (green) one."""

    codes: NDArray[np.uint8]
    """Per row: bit 0 is set where the old model is wrong, bit 1 where the new one is."""

    @property
    def rows(self) -> int:
        """How many rows requests are drawn from."""
        return int(self.wrong.shape[1])

    @property
    def accuracy(self) -> tuple[float, float]:
        """Share of right answers, old and new."""
        blue, green = 1.0 - self.wrong.mean(axis=1)
        return float(blue), float(green)


@cache
def fleets(green_model: GreenModel) -> Fleets:
    """Fit the old model and the new one, and let both answer the held-out rows."""
    pixels, digits = load_digits(return_X_y=True)
    seen, rows, seen_digits, truth = train_test_split(pixels, digits, test_size=0.5, random_state=0, stratify=digits)
    blue = LinearDiscriminantAnalysis().fit(seen, seen_digits).predict(rows)
    if green_model == "same":
        green = blue
    elif green_model == "worse":
        green = DecisionTreeClassifier(max_depth=8, random_state=0).fit(seen, seen_digits).predict(rows)
    else:
        scale = 1 / _BRIGHTEST if green_model == "skewed" else 1.0
        green = SVC(gamma=0.001).fit(seen, seen_digits).predict(rows * scale)
    wrong = np.stack([blue != truth, green != truth])
    return Fleets(wrong=wrong, codes=(wrong[0] + 2 * wrong[1]).astype(np.uint8))
