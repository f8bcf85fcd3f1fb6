"""What the order of the objects does to a real model: digits in objects, one pass after the other, on every instance.

Each instance trains a scikit-learn classifier on its objects in their order; after an epoch the instances' weights are
averaged, as in data-parallel training with local steps. Which objects an instance gets under ShardedByS3Key is not
documented: here it is a run of consecutive keys.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from simulators._input_modes.params import Params

OBJECTS = 20
EPOCHS = 8
"""At most; the classifier learns little after that."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """Accuracy on rows that no instance has seen, after each epoch."""

    as_set: tuple[float, ...]
    mixed: tuple[float, ...]
    """With mixed rows, all of the data on one instance, shuffled in every epoch."""
    classes_per_instance: float
    """Labels that an instance meets, on average."""


@cache
def _rows() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    data = load_digits()
    return data.data / 16, data.target


def learn(params: Params) -> Learning:
    """Train twice: with the params' order, shuffling and shards, and as well as it can be done."""
    shards = min(params.instances - params.idle_instances, OBJECTS) if params.distribution == "ShardedByS3Key" else 1
    epochs, seed = min(params.epochs, EPOCHS), params.seed
    ordered = params.key_order == "sorted"
    as_set, classes = _train(epochs, seed, shards=shards, ordered=ordered, shuffle=params.shuffle)
    mixed, _ = _train(epochs, seed, shards=1, ordered=False, shuffle=True)
    return Learning(as_set=as_set, mixed=mixed, classes_per_instance=classes)


@lru_cache(maxsize=256)
def _train(epochs: int, seed: int, *, shards: int, ordered: bool, shuffle: bool) -> tuple[tuple[float, ...], float]:
    """Accuracy after each epoch, and the labels an instance meets."""
    rng = np.random.default_rng(seed)
    rows, labels = _rows()
    train, test, label, wanted = train_test_split(rows, labels, test_size=0.25, random_state=seed, stratify=labels)
    places = np.argsort(label, kind="stable") if ordered else rng.permutation(len(label))
    objects = np.array_split(places, OBJECTS)
    every = np.array_split(np.arange(OBJECTS), shards)
    weights, bias = np.zeros((10, train.shape[1])), np.zeros(10)
    told = []
    for _ in range(epochs):
        ends = []
        for keys in every:
            order = rng.permutation(keys) if shuffle else keys
            ends.append(_one_epoch(weights, bias, [(train[objects[key]], label[objects[key]]) for key in order]))
        weights, bias = (np.mean(part, axis=0) for part in zip(*ends, strict=True))
        told.append(float((np.argmax(test @ weights.T + bias, axis=1) == wanted).mean()))
    classes = [len(np.unique(label[np.concatenate([objects[key] for key in keys])])) for keys in every]
    return tuple(told), float(np.mean(classes))


def _one_epoch(
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    objects: list[tuple[NDArray[np.float64], NDArray[np.int64]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights after the objects in their order."""
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.05, shuffle=False, random_state=0)
    for number, (rows, labels) in enumerate(objects):
        model.partial_fit(rows, labels, classes=np.arange(10) if not number else None)
        if not number:
            # scikit-learn makes its arrays in the first call: begin again, from the weights of the epoch before.
            model.coef_, model.intercept_ = weights.copy(), bias.copy()
            model.partial_fit(rows, labels)
    return model.coef_, model.intercept_
