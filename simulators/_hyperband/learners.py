"""Real models on real data, one epoch at a time; each configuration is trained once and its curve is shared.

Validation picks, test reports: both are measured after every epoch. A training whose numbers overflow has diverged:
it scores 0 from that epoch on, and that epoch was trained all the same.
Data: scikit-learn's own copies (digits, the same digits as odd or even, breast cancer, wine), split per seed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from simulators._hyperband.spaces import Configuration, Model, Space

DataName = Literal["digits", "parity", "breast_cancer", "wine"]
Values = dict[str, Any]

_LOADERS: dict[DataName, Callable[..., Any]] = {
    "digits": load_digits,
    "parity": load_digits,
    "breast_cancer": load_breast_cancer,
    "wine": load_wine,
}
_SIGNS_OF_DIVERGENCE = ("non-finite", "underflow / overflow", "under-/overflow", "infinity", "NaN")


@dataclass(frozen=True)
class Data:
    """Half the rows to train on, a quarter to pick by, a quarter to report on; scaled by the training rows."""

    train: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    held_out: npt.NDArray[np.float64]
    """The validation rows, then the test rows: one prediction serves both."""
    validation_labels: npt.NDArray[np.int64]
    test_labels: npt.NDArray[np.int64]

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(max(self.labels.max(), self.validation_labels.max(), self.test_labels.max())) + 1


@lru_cache(maxsize=8)
def _read(name: DataName) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    rows, labels = _LOADERS[name](return_X_y=True)
    labels = labels.astype(np.int64)
    return rows.astype(np.float64), labels % 2 if name == "parity" else labels


def load(name: DataName, rows: int, seed: int) -> Data:
    """At most `rows` rows of a data set, split 2 : 1 : 1 in train, validation and test, the classes in proportion."""
    features, labels = _read(name)
    if rows < len(labels):
        features, _, labels, _ = train_test_split(features, labels, train_size=rows, random_state=seed, stratify=labels)
    train, rest, train_labels, rest_labels = train_test_split(
        features, labels, test_size=0.5, random_state=seed, stratify=labels
    )
    validation, test, validation_labels, test_labels = train_test_split(
        rest, rest_labels, test_size=0.5, random_state=seed, stratify=rest_labels
    )
    scaler = StandardScaler().fit(train)
    held_out = scaler.transform(np.vstack([validation, test]))
    return Data(scaler.transform(train), train_labels, held_out, validation_labels, test_labels)


class _Learner(Protocol):
    def epoch(self) -> None: ...
    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]: ...


class _Partial:
    """A model that goes through the training rows once more at every epoch; its optimizer's state survives."""

    def __init__(self, model: MLPClassifier | SGDClassifier, data: Data) -> None:
        self.model = model
        self._data = data
        self._classes: npt.NDArray[np.int64] | None = np.arange(data.classes)

    def epoch(self) -> None:
        self.model.partial_fit(self._data.train, self._data.labels, classes=self._classes)
        self._classes = None

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        predicted: npt.NDArray[np.int64] = self.model.predict(rows)
        return predicted


class _Boosting:
    """One boosting round (a tree per class; one tree for two classes) an epoch."""

    def __init__(self, model: GradientBoostingClassifier, data: Data) -> None:
        self.model = model
        self._data = data
        self._rounds = 0

    def epoch(self) -> None:
        self._rounds += 1
        self.model.set_params(n_estimators=self._rounds)
        self.model.fit(self._data.train, self._data.labels)

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        predicted: npt.NDArray[np.int64] = self.model.predict(rows)
        return predicted


def _mlp(values: Values, data: Data, seed: int) -> _Learner:
    values = dict(values)
    width, layers = values.pop("width"), values.pop("layers", 1)
    values["batch_size"] = min(values.get("batch_size", 64), len(data.labels))
    return _Partial(MLPClassifier((width,) * layers, random_state=seed, **values), data)


def _sgd(values: Values, data: Data, seed: int) -> _Learner:
    return _Partial(SGDClassifier(penalty="elasticnet", random_state=seed, **values), data)


def _boosting(values: Values, data: Data, seed: int) -> _Learner:
    return _Boosting(GradientBoostingClassifier(n_estimators=1, warm_start=True, random_state=seed, **values), data)


_MODELS: dict[Model, Callable[[Values, Data, int], _Learner]] = {"mlp": _mlp, "sgd": _sgd, "boosting": _boosting}


def work(model: Model, values: Values, data: Data) -> float:
    """What an epoch of a configuration costs, in milliseconds of the machine it was measured on.

    A network pays for each batch and for each weight a row passes; a round of trees for the cells it reads at each
    level. Only ratios matter: virtual time counts in epochs of an average configuration.
    """
    rows, columns = data.train.shape
    if model == "mlp":
        width, layers = values["width"], values.get("layers", 1)
        weights = columns * width + (layers - 1) * width**2 + width * data.classes
        batches = -(-rows // min(values.get("batch_size", 64), rows))
        return float(1.0 + (0.12 + 0.04 * layers) * batches + 2.5e-7 * rows * weights)
    if model == "boosting":
        trees = 1 if data.classes == 2 else data.classes
        cells = rows * values.get("subsample", 1.0) * columns * values.get("max_features", 1.0)
        return float(1.0 + trees * (0.2 + 2.5e-5 * cells * values["max_depth"]))
    return 1.0


@dataclass
class _Curve:
    learner: _Learner
    scores: list[tuple[float, float]]
    diverged: bool = False


class Curves:
    """The learning curves of one seed: trained as far as somebody asked, then remembered.

    Strategies of one race that ask for the same configuration share its training, since the same data, configuration
    and random state give the same curve; each is charged for it in full. `trained` counts what was really trained.
    """

    def __init__(
        self, data: Data, model: Model, space: Space, seed: int, on_epoch: Callable[[], None] = lambda: None
    ) -> None:
        self._data = data
        self._model = model
        self._space = space
        self._seed = seed
        self._on_epoch = on_epoch
        self._curves: dict[tuple[Configuration, int], _Curve] = {}
        self.trained = 0

    def after(self, configuration: Configuration, epoch: int, attempt: int = 0) -> tuple[float, float, bool]:
        """Accuracy on validation and test after `epoch` epochs (from 1), and whether the training has diverged.

        A new `attempt` trains from scratch once more.
        """
        curve = self._curves.get((configuration, attempt))
        if curve is None:
            learner = _MODELS[self._model](self._space.named(configuration), self._data, self._seed)
            curve = self._curves[configuration, attempt] = _Curve(learner, [])
        while len(curve.scores) < epoch and not curve.diverged:
            self._on_epoch()
            self.trained += 1
            curve.scores.append(self._one_epoch(curve))
        if len(curve.scores) < epoch:
            return 0.0, 0.0, True
        return *curve.scores[epoch - 1], curve.diverged and epoch == len(curve.scores)

    def _one_epoch(self, curve: _Curve) -> tuple[float, float]:
        try:
            curve.learner.epoch()
            predicted = curve.learner.predict(self._data.held_out)
        except ValueError as error:
            if not any(sign in str(error) for sign in _SIGNS_OF_DIVERGENCE):
                raise
            curve.diverged = True
            return 0.0, 0.0
        size = len(self._data.validation_labels)
        validation = np.count_nonzero(predicted[:size] == self._data.validation_labels) / size
        test = np.count_nonzero(predicted[size:] == self._data.test_labels) / len(self._data.test_labels)
        return validation, test
