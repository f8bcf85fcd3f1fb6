"""Every row counted once by group, facet, outcome and prediction; all metrics but the flip test follow from the counts.

Two readings of a column exist. "guide" is AWS's documentation: listed values are categories, and one number on a
quantity is a threshold t that selects (t, max]. "smclarify" is what AWS's open-source library 0.5 does with the same
column, its own rule for telling categories from quantities included.
Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-data-bias.html
and https://github.com/aws/amazon-sagemaker-clarify
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Definition = Literal["guide", "smclarify"]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

CODE_LIMIT = 10
"""Under the guide's reading, whole numbers with at most this many different values are a code, not a quantity."""
UNIQUE_SHARE = 0.05
"""Under the library's reading, whole numbers are a quantity from this share of different values on."""
MOST_CELLS = 10_000_000
_WIDEST_RANGE = 100_000
_LONGEST_NAME = 80


class LibraryRefusesError(Exception):
    """The library stops at this table with an error of its own, so it reports no metric at all."""


@dataclass(frozen=True, eq=False)
class Tally:
    """The counts of one table.

    `counts[group, facet, outcome, prediction]`: facet 0 is the advantaged a, 1 the disadvantaged d; prediction 0 is
    negative, 1 positive. Axes that the table does not have are of length one. `positive[outcome]` says which outcomes
    are the favourable ones.
    """

    counts: IntArray
    outcomes: tuple[str, ...]
    positive: BoolArray
    groups: tuple[str, ...] = ()
    has_predictions: bool = False
    has_missing_group: bool = False
    """The last group holds the rows without a group."""

    @property
    def has_groups(self) -> bool:
        """Whether the rows were grouped by a further column."""
        return bool(self.groups)

    @cached_property
    def distributions(self) -> IntArray:
        """Rows by facet and outcome, shape (2, outcomes)."""
        summed: IntArray = self.counts.sum(axis=(0, 3))
        return summed

    @cached_property
    def confusion(self) -> IntArray:
        """Rows by facet, observed label and predicted label, shape (2, 2, 2); 1 is positive."""
        by_outcome = self.counts.sum(axis=0)
        return np.stack([by_outcome[:, ~self.positive].sum(axis=1), by_outcome[:, self.positive].sum(axis=1)], axis=1)

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Members of facet a and of facet d."""
        n_a, n_d = self.distributions.sum(axis=1).tolist()
        return n_a, n_d

    def positives(self) -> tuple[int, int]:
        """Members of facet a and of facet d whose observed label is positive."""
        with_a, with_d = self.distributions[:, self.positive].sum(axis=1).tolist()
        return with_a, with_d

    def predicted_positives(self) -> tuple[int, int]:
        """Members of facet a and of facet d whose predicted label is positive."""
        with_a, with_d = self.confusion[:, :, 1].sum(axis=1).tolist()
        return with_a, with_d

    def by_group(self, *, predicted: bool = False) -> IntArray:
        """Rows by group, facet and (observed or predicted) label, shape (groups, 2, 2); 1 is positive."""
        if predicted:
            by_prediction: IntArray = self.counts.sum(axis=2)
            return by_prediction
        by_outcome = self.counts.sum(axis=3)
        rejected, accepted = by_outcome[:, :, ~self.positive].sum(axis=2), by_outcome[:, :, self.positive].sum(axis=2)
        return np.stack([rejected, accepted], axis=2)

    def swapped(self) -> "Tally":
        """The same table with the other facet called d."""
        return replace(self, counts=self.counts[:, ::-1])


def of_confusion(a: Sequence[int], d: Sequence[int]) -> Tally:
    """A table known only by its confusion matrices: (TP, FN, FP, TN) of facet a and of facet d."""
    cells = [[[facet[3], facet[2]], [facet[1], facet[0]]] for facet in (a, d)]
    return Tally(
        counts=np.array([cells], dtype=np.int64),
        outcomes=("negative", "positive"),
        positive=np.array([False, True]),
        has_predictions=True,
    )


def of_labels(a: Sequence[int], d: Sequence[int], outcomes: tuple[str, ...] = ("negative", "positive")) -> Tally:
    """A table known only by how many members of facet a and of facet d had each outcome; the last one is positive."""
    return Tally(
        counts=np.array([a, d], dtype=np.int64)[None, :, :, None],
        outcomes=outcomes,
        positive=np.arange(len(outcomes)) == len(outcomes) - 1,
    )


@dataclass(frozen=True, eq=False)
class Coded:
    """A table as arrays of one entry per row, ready to be counted, or counted again with other predictions."""

    is_d: BoolArray
    outcome: NDArray[np.integer[Any]]
    """Position in `outcomes`."""
    outcomes: tuple[str, ...]
    positive: BoolArray
    """By outcome."""
    predicted: BoolArray | None = None
    group: NDArray[np.integer[Any]] | None = None
    groups: tuple[str, ...] = ()
    has_missing_group: bool = False
    problems: frozenset[Literal["predicted", "group"]] = field(default_factory=frozenset)
    """What the library cannot work with, so that the metrics which need it are undefined."""

    @cached_property
    def is_positive(self) -> BoolArray:
        """Whether the observed label is positive, by row."""
        if len(self.outcomes) == 2 and self.positive.tolist() == [False, True]:
            return self.outcome.astype(np.bool_)
        positive: BoolArray = self.positive[self.outcome]
        return positive

    def tally(self, predicted: BoolArray | None = None) -> Tally:
        """Count the rows, with these predictions if given.

        Raises:
            ValueError: outcomes and groups make more than `MOST_CELLS` cells.
        """
        predicted = self.predicted if predicted is None else predicted
        cells, kinds = 2 * len(self.outcomes) * (2 if predicted is not None else 1), max(1, len(self.groups))
        if cells * kinds > MOST_CELLS:
            raise ValueError(
                f"found {len(self.outcomes):,} outcomes in {kinds:,} groups, which is too many to count; "
                "wanted a label or a group with fewer different values"
            )
        small: Any = np.uint8 if cells * kinds <= 256 else np.int64
        code = self.outcome.astype(small, copy=False)
        if predicted is not None:
            code = (code + code) + predicted.view(np.uint8).astype(small, copy=False)
        shift = small(cells // 2)
        code = code + self.is_d.view(np.uint8).astype(small, copy=False) * shift
        if self.group is not None:
            code = code + self.group.astype(small, copy=False) * small(cells)
        return Tally(
            counts=_count(code, cells * kinds).reshape(kinds, 2, len(self.outcomes), -1),
            outcomes=self.outcomes,
            positive=self.positive,
            groups=self.groups,
            has_predictions=predicted is not None,
            has_missing_group=self.has_missing_group,
        )

    def swapped(self) -> "Coded":
        """The same rows with the other facet called d."""
        return replace(self, is_d=~self.is_d)


def _count(code: NDArray[Any], cells: int) -> IntArray:
    """How often each code below `cells` occurs; small codes are counted two rows at a time, in half the time."""
    if code.dtype != np.uint8 or len(code) < 100_000:
        return np.bincount(code, minlength=cells).astype(np.int64, copy=False)
    even = len(code) // 2 * 2
    pairs = np.bincount(code[:even].view(np.uint16), minlength=256 * 256).reshape(256, 256)
    counts: IntArray = (pairs.sum(axis=0) + pairs.sum(axis=1)).astype(np.int64, copy=False)
    counts[code[even:]] += 1
    return counts[:cells]


def encode(
    frame: pd.DataFrame,
    *,
    facet: str,
    disadvantaged: Sequence[Any],
    label: str,
    positive: Sequence[Any],
    predicted: str | None = None,
    group: str | None = None,
    definition: Definition = "guide",
) -> Coded:
    """Read the columns of `frame` under one definition.

    Args:
        frame: one row per person.
        facet: the column that tells the facets apart.
        disadvantaged: the values that make facet d; all others, missing ones included, make facet a.
        label: the column of observed labels.
        positive: the favourable labels; a missing label is not favourable.
        predicted: the column of predicted labels.
        group: the column to condition on.
        definition: how a column is read.

    Raises:
        ValueError: a column is not there or there twice, or a list of values is empty.
        LibraryRefusesError: under "smclarify", the library would stop at this table.
    """
    named = {"facet": facet, "label": label, "predicted": predicted, "group": group}
    columns = {role: _column(frame, name, role) for role, name in named.items() if name is not None}
    for role, values in (("disadvantaged", disadvantaged), ("positive", positive)):
        if isinstance(values, str) or not isinstance(values, Iterable) or not list(values):
            raise ValueError(f"{role}: found {values!r}, wanted a list of at least one value")
    read = _encode_as_library if definition == "smclarify" else _encode_as_guide
    return read(columns, list(disadvantaged), list(positive))


def _encode_as_guide(columns: dict[str, "_Column"], disadvantaged: list[Any], positive: list[Any]) -> Coded:
    facet, label, predicted = columns["facet"], columns["label"], columns.get("predicted")
    sensitive, favourable = _as_stored(facet, disadvantaged), _as_stored(label, positive)
    is_d = facet.above(sensitive[0]) if _is_quantity(facet, sensitive) else facet.equals(sensitive)
    threshold = _is_quantity(label, favourable, predicted)
    is_positive = label.above(favourable[0]) if threshold else label.equals(favourable)
    prediction: BoolArray | None = None
    if predicted is not None:
        if not threshold and predicted.has_fractions() and not label.has_fractions():
            raise ValueError(
                f"predicted: found scores in column {predicted.name!r} where {label.name!r} holds labels; "
                "wanted predicted labels: compare the scores with a decision threshold first"
            )
        wanted = _as_stored(predicted, positive)
        prediction = predicted.above(wanted[0]) if threshold else predicted.equals(wanted)
    outcome: NDArray[np.integer[Any]] = is_positive.view(np.uint8)
    outcomes: tuple[str, ...] = ("negative", "positive")
    favoured = np.array([False, True])
    several = None if threshold else label.several_values()
    if several is not None:
        outcome, outcomes = several
        favoured = np.zeros(len(outcomes), dtype=bool)
        favoured[np.unique(outcome[is_positive])] = True
    group, groups, has_missing = columns["group"].as_groups() if "group" in columns else (None, (), False)
    return Coded(is_d, outcome, outcomes, favoured, prediction, group, groups, has_missing)


def _encode_as_library(columns: dict[str, "_Column"], disadvantaged: list[Any], positive: list[Any]) -> Coded:
    facet, label, predicted = columns["facet"], columns["label"], columns.get("predicted")
    problems: set[Literal["predicted", "group"]] = set()
    facet_is_quantity, label_is_quantity = facet.is_library_quantity(disadvantaged), label.is_library_quantity(positive)
    if facet_is_quantity:
        is_d = facet.above(_library_threshold(facet, disadvantaged))
    else:
        is_d = _library_categories(facet, disadvantaged)
    if label_is_quantity:
        is_positive = label.above(_library_threshold(label, positive))
    else:
        is_positive = _library_categories(label, positive)
    prediction: BoolArray | None = None
    if predicted is not None:
        try:
            prediction = _library_predictions(predicted, label, label_is_quantity, positive)
        except LibraryRefusesError:
            problems.add("predicted")
        if prediction is None or not prediction.any():
            problems.add("predicted")
            prediction = np.zeros(len(is_d), dtype=bool)
    group, groups, has_missing = columns["group"].as_groups() if "group" in columns else (None, (), False)
    if has_missing and not columns["group"].is_plain_number:
        problems.add("group")  # the library sorts the groups, and a missing cell cannot be compared with text
    outcome, outcomes, favoured = is_positive.view(np.uint8), ("negative", "positive"), np.array([False, True])
    return Coded(is_d, outcome, outcomes, favoured, prediction, group, groups, has_missing, frozenset(problems))


def _library_predictions(
    predicted: "_Column", label: "_Column", label_is_quantity: bool, positive: list[Any]
) -> BoolArray:
    if predicted.is_library_quantity(positive) != label_is_quantity:
        raise LibraryRefusesError("labels and predictions are read as different kinds of column")
    if not label_is_quantity:
        return _library_categories(predicted, positive)
    numbers, whole = predicted.numbers(), label.numbers().dtype.kind in "iu"
    if whole and numbers.dtype.kind == "f":
        if not np.isfinite(numbers).all():
            raise LibraryRefusesError("a missing prediction cannot become a whole number")
        numbers = np.trunc(numbers)  # predictions are cast to the labels' type
    above: BoolArray = numbers > _library_threshold(label, positive)
    return above


def _library_threshold(column: "_Column", values: list[Any]) -> float:
    """The one number of a continuous column; a column without any number stops the library."""
    numbers = column.numbers()
    if len(numbers) == 0 or (numbers.dtype.kind == "f" and np.isnan(numbers).all()):
        raise LibraryRefusesError(f"column {column.name!r} is empty")
    try:
        return float(values[0])
    except (TypeError, ValueError) as wrong:
        raise LibraryRefusesError(f"{values[0]!r} is no threshold") from wrong


def _library_categories(column: "_Column", values: list[Any]) -> BoolArray:
    """Rows with one of the values; if there is none, the values are first turned into the type of the first row."""
    selected = column.equals(values)
    if selected.any():
        return selected
    if len(column) == 0:
        raise LibraryRefusesError(f"column {column.name!r} is empty")
    first = column.first()
    if isinstance(values[0], type(first)):
        return selected
    try:
        return column.equals([type(first)(value) for value in values])
    except ValueError as wrong:
        if "invalid literal for int() with base 10" not in str(wrong):
            raise LibraryRefusesError(str(wrong)) from wrong
    except TypeError as wrong:
        raise LibraryRefusesError(str(wrong)) from wrong
    try:
        return column.equals([float(value) for value in values])
    except ValueError as wrong:
        raise LibraryRefusesError(str(wrong)) from wrong


def _as_stored(column: "_Column", values: list[Any]) -> list[Any]:
    """The values in the column's own type, so that "1" finds 1 and 1 finds "1"; unknown ones stay as they are."""
    if column.is_number:
        return [_number_or(value) for value in values]
    known = set(column.texts())
    return [value if value in known or str(value) not in known else str(value) for value in values]


def _number_or(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _is_quantity(column: "_Column", values: list[Any], companion: "_Column | None" = None) -> bool:
    """Whether the values are one threshold on the column, by the guide's reading.

    One number is a threshold where the column (or its companion, the predictions) never holds it, where the column has
    fractions, or where it has more than `CODE_LIMIT` different values. Zeros and ones are a code, however few rows.
    """
    if len(values) != 1 or not _is_real(values[0]) or not column.is_number or column.is_boolean:
        return False
    if values[0] in (0, 1) and column.is_zero_one():
        return False
    held = column.equals(values).any() or (companion is not None and companion.equals(values).any())
    return not held or column.has_fractions() or column.has_many_values()


def is_quantity(series: pd.Series, values: Sequence[Any]) -> bool:
    """Whether these values are one threshold on the column, by the guide's reading."""
    column = _Column(series)
    return _is_quantity(column, _as_stored(column, list(values)))


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _column(frame: pd.DataFrame, name: str, role: str) -> "_Column":
    if name not in frame.columns:
        raise ValueError(f"{role}: found column {name!r}, wanted one of {', '.join(map(str, frame.columns[:20]))}")
    series = frame[name]
    if isinstance(series, pd.DataFrame):
        raise ValueError(f"{role}: found {series.shape[1]} columns named {name!r}, wanted one")
    return _Column(series)


class _Column:
    """One column as plain numpy: an array of numbers, or codes of its different values."""

    def __init__(self, series: pd.Series) -> None:
        self.name = series.name
        self._series = series
        kind = series.dtype.kind
        plain = isinstance(series.dtype, np.dtype)
        self.is_plain_number = plain and kind in "iufb"
        self.is_declared_category = isinstance(series.dtype, pd.CategoricalDtype)
        self._numbers: NDArray[Any] | None = None
        if self.is_plain_number:
            self._numbers = series.to_numpy()
        elif not plain and not self.is_declared_category and kind in "iufb":
            self._numbers = _without_masks(series)
        self.is_number = self._numbers is not None
        self.is_boolean = self._numbers is not None and self._numbers.dtype.kind == "b"

    def __len__(self) -> int:
        return len(self._series)

    @cached_property
    def _factors(self) -> tuple[IntArray, NDArray[Any]]:
        """Codes by row (-1 where missing) and the different values in the order of their codes."""
        if self.is_declared_category:
            codes = self._series.cat.codes.to_numpy().astype(np.int64)
            return codes, np.asarray(self._series.cat.categories, dtype=object)
        codes, values = pd.factorize(self._series if self._numbers is None else self._numbers)
        return codes.astype(np.int64, copy=False), np.asarray(values, dtype=object)

    def texts(self) -> list[Any]:
        """The different values of a column that is not numeric."""
        return list(self._factors[1])

    def first(self) -> Any:
        """The value of the first row, as pandas holds it in a category."""
        value = self._series.iloc[0]
        return value if self._numbers is None or self.is_plain_number else self._numbers[0]

    def numbers(self) -> NDArray[Any]:
        """The values as numbers.

        Raises:
            LibraryRefusesError: they are none.
        """
        if self._numbers is not None:
            return self._numbers
        codes, values = self._factors
        try:
            as_numbers = pd.to_numeric(pd.Series(values, dtype=object)).to_numpy()
        except (TypeError, ValueError) as wrong:
            raise LibraryRefusesError(f"column {self.name!r} holds no numbers") from wrong
        if (codes < 0).any():
            return np.append(as_numbers.astype(float), np.nan)[codes]
        taken: NDArray[Any] = as_numbers[codes]
        return taken

    def equals(self, values: list[Any]) -> BoolArray:
        """Rows that hold one of the values; a missing cell holds none."""
        if self._numbers is None:
            codes, known = self._factors
            wanted = np.zeros(len(known) + 1, dtype=bool)
            for value in values:
                wanted[:-1] |= np.fromiter((bool(item == value) for item in known), dtype=bool, count=len(known))
            return wanted[codes]
        selected = np.zeros(len(self), dtype=bool)
        for value in values:
            if _is_real(value) or isinstance(value, bool | np.bool_):
                np.logical_or(selected, self._numbers == value, out=selected)
        return selected

    def above(self, threshold: Any) -> BoolArray:
        """Rows in (threshold, max].

        Raises:
            ValueError: the column is not numeric.
        """
        try:
            numbers = self.numbers()
        except LibraryRefusesError as wrong:
            raise ValueError(f"{wrong}; wanted numbers to compare with {threshold}") from wrong
        above: BoolArray = numbers > threshold
        return above

    @cached_property
    def _span(self) -> tuple[float, float] | None:
        """Lowest and highest number; None if there is none."""
        if self._numbers is None or not len(self._numbers):
            return None
        if self._numbers.dtype.kind == "f":
            low, high = float(np.fmin.reduce(self._numbers)), float(np.fmax.reduce(self._numbers))
            return None if np.isnan(low) else (low, high)
        return float(self._numbers.min()), float(self._numbers.max())

    def is_zero_one(self) -> bool:
        """Whether every number is 0 or 1."""
        if self._span is None or self._span[0] < 0 or self._span[1] > 1:
            return False
        return not self.has_fractions()

    def has_fractions(self) -> bool:
        """Whether some number is not whole."""
        if self._numbers is None or self._numbers.dtype.kind != "f":
            return False
        for part in (self._numbers[:1_000], self._numbers):
            if bool(np.any(part != np.floor(part), where=np.isfinite(part))):
                return True
        return False

    def has_many_values(self) -> bool:
        """Whether there are more than `CODE_LIMIT` different numbers."""
        if self._span is None or self._numbers is None:
            return False
        if self._numbers.dtype.kind != "f" and self._span[1] - self._span[0] < CODE_LIMIT:
            return False
        for part in (self._numbers[:1_000], self._numbers):
            if len(pd.unique(part[~np.isnan(part)] if part.dtype.kind == "f" else part)) > CODE_LIMIT:
                return True
        return False

    def several_values(self) -> tuple[IntArray, tuple[str, ...]] | None:
        """Codes and names of the outcomes if there are more than two; a missing one is then an outcome of its own."""
        if self._numbers is not None:
            if self._span is None or self._only_ends():
                return None
            if self._is_narrow:
                return _present(self._numbers.astype(np.int64, copy=False) - int(self._span[0]), int(self._span[0]))
        codes, values = self._factors
        if len(values) <= 2 or len(np.unique(codes[codes >= 0])) <= 2:
            return None
        order = _sorted_positions(values)
        rank = np.empty(len(values) + 1, dtype=np.int64)
        rank[order] = np.arange(len(values))
        rank[-1] = len(values)
        names = tuple(_name(values[place]) for place in order)
        missing = bool((codes < 0).any())
        return rank[codes], (*names, "missing") if missing else names

    def as_groups(self) -> tuple[NDArray[np.integer[Any]], tuple[str, ...], bool]:
        """Codes and names of the groups, sorted, and whether the last one holds the rows without a group."""
        if self._numbers is not None and self._span is not None and self._is_narrow:
            low, high = int(self._span[0]), int(self._span[1])
            shifted = self._numbers.astype(np.int64, copy=False) - low if low else self._numbers
            return shifted, tuple(str(value) for value in range(low, high + 1)), False
        codes, values = self._factors
        order = _sorted_positions(values)
        rank = np.empty(len(values) + 1, dtype=np.int64)
        rank[order] = np.arange(len(values))
        rank[-1] = len(values)
        missing = bool((codes < 0).any())
        names = tuple(_name(values[place]) for place in order)
        return rank[codes], (*names, "missing") if missing else names, missing

    @property
    def _is_narrow(self) -> bool:
        """Whether whole numbers lie close enough together to be their own codes."""
        if self._numbers is None or self._span is None or self._numbers.dtype.kind not in "iu":
            return False
        return self._span[1] - self._span[0] < min(_WIDEST_RANGE, max(64, len(self) // 4))

    def _only_ends(self) -> bool:
        """Whether there are at most two different numbers."""
        if self._numbers is None or self._span is None or self._numbers.dtype.kind == "b":
            return True
        low, high = self._span
        if self._numbers.dtype.kind != "f" and high - low <= 1:
            return True
        for part in (self._numbers[:1_000], self._numbers):
            between = (part != low) & (part != high)
            if part.dtype.kind == "f":
                between &= ~np.isnan(part)
            if between.any():
                return False
        return True

    def is_library_quantity(self, values: list[Any]) -> bool:
        """Whether the library calls the column continuous."""
        if self.is_declared_category or len(values) > 1:
            return False
        if self._numbers is not None:
            if self._numbers.dtype.kind == "f":
                return True
            return self._numbers.dtype.kind in "iu" and self._unique_share() >= UNIQUE_SHARE
        codes, known = self._factors
        if not len(codes) or (codes < 0).any():
            return False
        try:
            pd.Series(known, dtype=object).astype("int64")
        except (TypeError, ValueError, OverflowError):
            return False
        return len(known) / len(codes) >= UNIQUE_SHARE

    def _unique_share(self) -> float:
        if self._numbers is None or self._span is None:
            return 0.0
        most = self._span[1] - self._span[0] + 1
        if most < UNIQUE_SHARE * len(self):
            return 0.0
        return len(pd.unique(self._numbers)) / len(self)


def _without_masks(series: pd.Series) -> NDArray[Any]:
    """A nullable column as plain numpy: whole where nothing is missing, else floating with NaN."""
    if series.dtype.kind == "b" and not series.isna().any():
        return series.to_numpy(dtype=bool)
    if series.dtype.kind in "iu" and not series.isna().any():
        return series.to_numpy(dtype=np.int64)
    return series.to_numpy(dtype=float, na_value=np.nan)


def _present(codes: IntArray, low: int) -> tuple[IntArray, tuple[str, ...]] | None:
    """Whole numbers that are their own codes, renumbered without gaps; None if there are at most two."""
    counts = np.bincount(codes)
    kept = np.flatnonzero(counts)
    if len(kept) <= 2:
        return None
    names = tuple(str(low + int(code)) for code in kept)
    if len(kept) == len(counts):
        return codes, names
    rank = np.zeros(len(counts), dtype=np.int64)
    rank[kept] = np.arange(len(kept))
    return rank[codes], names


def _sorted_positions(values: NDArray[Any]) -> IntArray:
    """Positions that put the values in order; values that cannot be compared are ordered by their text."""
    try:
        return np.argsort(values, kind="stable")
    except TypeError:
        return np.argsort(np.array([str(value) for value in values]), kind="stable")


def _name(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)[:_LONGEST_NAME]
