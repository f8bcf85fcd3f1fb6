"""The report: every metric of a table under one definition, and where two definitions part."""

from collections.abc import Sequence
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from simulators._bias import formulas
from simulators._bias.fliptest import Flips, flip_test
from simulators._bias.tally import Coded, Definition, LibraryRefusesError, Tally, encode
from simulators.contract import OnProgress


def report(
    frame: pd.DataFrame,
    *,
    facet: str,
    disadvantaged: Sequence[Any],
    label: str,
    positive: Sequence[Any],
    predicted: str | None = None,
    group: str | None = None,
    features: Sequence[str] | None = None,
    definition: Definition = "guide",
) -> dict[str, float]:
    """Every Clarify bias metric of a table.

    Args:
        frame: one row per person.
        facet: the column of the sensitive attribute.
        disadvantaged: the values of facet d; every other row, a missing value included, is facet a.
        label: the column of observed labels.
        positive: the favourable labels. A missing label is not favourable.
        predicted: the column of predicted labels, for the post-training metrics.
        group: the column that CDDL and CDDPL condition on.
        features: the numeric columns in which FT looks for neighbours; where one has gaps FT is undefined. By default
            every numeric column but facet, label and predicted; the library takes every column and gives up FT if one
            of them is text.
        definition: "guide" as AWS documents the metrics, "smclarify" as its library 0.5 computes them.

    Returns:
        Metric by Clarify's name: CI DPL KL JS LP TVD KS CDDL, and with `predicted` DPPL DI DCA DCR RD SD AD DAR DRR
        TE CDDPL FT GE. One that is undefined is NaN, one without bound inf.

    Raises:
        ValueError: a column or a list is unusable; under "guide" also an empty facet, or predictions that are scores.
    """
    if definition not in ("guide", "smclarify"):
        raise ValueError(f"definition: found {definition!r}, wanted 'guide' or 'smclarify'")
    names = formulas.PRE_TRAINING + (formulas.POST_TRAINING if predicted is not None else ())
    try:
        coded = encode(
            frame,
            facet=facet,
            disadvantaged=disadvantaged,
            label=label,
            positive=positive,
            predicted=predicted,
            group=group,
            definition=definition,
        )
    except LibraryRefusesError:
        return dict.fromkeys(names, nan)
    values, _ = report_of(coded, definition, facet=facet)
    if predicted is not None:
        used = _features(frame, features, {facet, label, predicted}, definition)
        flips = None if used is None or "predicted" in coded.problems else flips_of(used, coded)
        values["FT"] = nan if flips is None else flips.value(definition)
    return {name: values[name] for name in names}


def report_of(
    coded: Coded, definition: Definition, *, facet: str = "facet", tally: Tally | None = None
) -> tuple[dict[str, float], Tally]:
    """Every metric but FT of coded rows, and the counts behind them.

    Raises:
        ValueError: under "guide", a facet is empty.
    """
    tally = coded.tally() if tally is None else tally
    n_a, n_d = tally.sizes
    if definition == "guide" and (n_a == 0 or n_d == 0):
        raise ValueError(
            f"facet {facet!r}: found {n_a:,} rows in facet a and {n_d:,} in facet d, wanted some in each; "
            "no metric compares a facet with nobody"
        )
    values = formulas.measure(tally, definition)
    if "group" in coded.problems:
        values |= {name: nan for name in ("CDDL", "CDDPL") if name in values}
    if "predicted" in coded.problems:
        values |= dict.fromkeys((name for name in formulas.POST_TRAINING if name != "FT"), nan)
    return values, tally


def reports_by_value(
    frame: pd.DataFrame,
    *,
    facet: str,
    label: str,
    positive: Sequence[Any],
    definition: Definition = "guide",
    **more: Any,
) -> dict[Any, dict[str, float]]:
    """One report for each value of a facet against all the others, as Clarify gives when it is told no value.

    Raises:
        ValueError: as `report`; or the facet has a single value.
    """
    values = frame[facet].dropna().unique().tolist() if facet in frame.columns else [None]
    return {
        value: report(
            frame, facet=facet, disadvantaged=[value], label=label, positive=positive, definition=definition, **more
        )
        for value in values
    }


def differing(guide: dict[str, float], library: dict[str, float], tolerance: float = 1e-9) -> tuple[str, ...]:
    """The metrics on which two reports of the same table part."""
    return tuple(
        name
        for name in guide
        if name in library
        and not (isnan(guide[name]) and isnan(library[name]))
        and not (guide[name] == library[name] or abs(guide[name] - library[name]) <= tolerance)
    )


def flips_of(features: pd.DataFrame, coded: Coded, *, on_progress: OnProgress | None = None) -> Flips | None:
    """The flip test of coded rows; None where it cannot be done: a facet or the features are empty or have gaps."""
    if coded.predicted is None or not len(features.columns) or not coded.is_d.any() or coded.is_d.all():
        return None
    numbers = np.array(features)
    if numbers.dtype == object:
        numbers = numbers.astype(float)
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        return None
    return flip_test(numbers, coded.is_d, coded.predicted, on_progress=on_progress)


def _features(
    frame: pd.DataFrame, features: Sequence[str] | None, taken: set[str], definition: Definition
) -> pd.DataFrame | None:
    """The columns for the flip test; None where the library gives up."""
    if features is not None:
        if unknown := [name for name in features if name not in frame.columns]:
            raise ValueError(f"features: found {unknown}, wanted columns of the table")
        chosen = frame[list(features)]
    else:
        chosen = frame.drop(columns=[name for name in taken if name in frame.columns])
    numeric = chosen.select_dtypes([np.number, bool])
    text = [str(name) for name in chosen.columns if name not in numeric.columns]
    if not text:
        return chosen
    if definition == "smclarify":
        return None
    if features is not None:
        raise ValueError(f"features: found text in {', '.join(text)}, wanted numeric columns")
    return numeric
