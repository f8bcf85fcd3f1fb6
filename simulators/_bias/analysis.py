"""From a table to a result: read it once, train and score once, then judge under any threshold and definition.

`prepare` does what takes time and does not depend on the threshold; `assess` does the rest and answers a slider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan

import numpy as np
import pandas as pd

from simulators._bias import formulas, models
from simulators._bias.datasets import DataSet, Source, load
from simulators._bias.fliptest import Flips
from simulators._bias.params import Params
from simulators._bias.report import differing, flips_of
from simulators._bias.tally import BoolArray, Coded, Definition, IntArray, LibraryRefusesError, Tally, encode
from simulators.contract import OnProgress

FLIP_ROWS = 20_000
"""Above this many rows a run leaves the flip test to `flip`, which reports its progress and can be cancelled."""
CURVE_POINTS = 49
TRAINING = 0.8
"""The share of a run's progress that training takes; the flip tests take the rest."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table that has been read and, where it has features, scored."""

    source: Source
    coded: Coded
    library: Coded | None
    """The same rows as the library reads them; None where it would stop with an error."""
    features: pd.DataFrame
    facet_features: pd.DataFrame
    model: str
    scores: formulas.Floats | None = None
    fold: IntArray | None = None
    twin_scores: formulas.Floats | None = None
    """Scores of the same model with the facet if the main one lacks it, without it otherwise."""
    mitigated_scores: formulas.Floats | None = None

    @cached_property
    def order(self) -> tuple[IntArray, IntArray]:
        """The rows of facet a and of facet d by ascending score; empty without scores."""
        if self.scores is None:
            return np.arange(0), np.arange(0)
        a, d = (np.flatnonzero(facet) for facet in (~self.coded.is_d, self.coded.is_d))
        return a[np.argsort(self.scores[a], kind="stable")], d[np.argsort(self.scores[d], kind="stable")]

    @cached_property
    def ranked(self) -> tuple[models.Ranked, models.Ranked]:
        """Every confusion matrix of facet a and of facet d, by threshold."""
        scores = np.zeros(0) if self.scores is None else self.scores
        a, d = (models.rank(scores[rows], self.coded.is_positive[rows]) for rows in self.order)
        return a, d


@dataclass(frozen=True, eq=False)
class Verdict:
    """One set of predictions, or the labels alone, judged under both definitions."""

    tally: Tally
    library_tally: Tally
    """The counts as the library reads the columns: several outcomes folded into two, for instance."""
    guide: Mapping[str, float]
    library: Mapping[str, float]
    flips: Flips | None = None

    def counts(self, definition: Definition) -> Tally:
        """The counts under one definition."""
        return self.tally if definition == "guide" else self.library_tally

    def values(self, definition: Definition) -> Mapping[str, float]:
        """The metrics under one definition."""
        return self.guide if definition == "guide" else self.library


@dataclass(frozen=True, eq=False)
class Result:
    """Everything a run found."""

    params: Params
    source: Source
    plain: Verdict
    """Before any mitigation."""
    mitigated: Verdict | None = None
    twin: Verdict | None = None
    """The same model with the facet if `plain` lacks it, without it otherwise."""
    curve: pd.DataFrame | None = None
    """DPPL, RD, SD, DAR and AD at every common threshold."""
    policies: pd.DataFrame | None = None
    """The same metrics when facet d's threshold makes one of them equal."""
    notes: tuple[str, ...] = ()

    @property
    def final(self) -> Verdict:
        """The predictions after mitigation, if there is any."""
        return self.plain if self.mitigated is None else self.mitigated

    @property
    def report(self) -> Mapping[str, float]:
        """The metrics after mitigation, under the chosen definition."""
        return self.final.values(self.params.definition)

    @property
    def before(self) -> Mapping[str, float]:
        """The metrics before mitigation, under the chosen definition."""
        return self.plain.values(self.params.definition)

    @property
    def tally(self) -> Tally:
        """The counts after mitigation, under the chosen definition."""
        return self.final.counts(self.params.definition)

    @property
    def parting(self) -> tuple[str, ...]:
        """The metrics on which guide and library part for this table."""
        return differing(dict(self.final.guide), dict(self.final.library))


def run(params: Params, on_progress: OnProgress | None = None) -> Result:
    """Measure the table that the params name."""
    return assess(prepare(load(params), params, on_progress), params, on_progress)


def prepare(data: DataSet, params: Params, on_progress: OnProgress | None = None) -> Prepared:
    """Read the columns and score every row.

    Depends on `params.swap`, `model`, `use_facet`, `mitigation` and `seed`, and on no other param.

    Raises:
        ValueError: a facet is empty, or a column cannot be used.
    """
    source, frame = data.source, data.frame
    columns = {
        "facet": source.facet,
        "disadvantaged": list(source.disadvantaged),
        "label": source.label,
        "positive": list(source.positive),
        "predicted": source.predicted,
        "group": source.group,
    }
    coded = encode(frame, definition="guide", **columns)  # type: ignore[arg-type]
    n_d = int(coded.is_d.sum())
    if n_d in (0, len(coded.is_d)):
        raise ValueError(
            f"facet {source.facet!r}: found {len(coded.is_d) - n_d:,} rows in facet a and {n_d:,} in facet d, "
            "wanted some in each"
        )
    try:
        library = encode(frame, definition="smclarify", **columns)  # type: ignore[arg-type]
    except LibraryRefusesError:
        library = None
    features = models.design_matrix(frame, source.features)
    facet_features = models.design_matrix(frame, (source.facet,))
    if params.swap:
        source, coded, library = source.swapped(), coded.swapped(), library.swapped() if library is not None else None
    prepared = Prepared(source, coded, library, features, facet_features, params.model)
    if source.predicted is not None or params.model == "none" or not len(features.columns):
        return replace(prepared, model="none")
    fold = models.make_folds(coded.is_d, coded.is_positive, params.seed)
    both = pd.concat([features, facet_features], axis=1)
    matrices = (both, features) if params.use_facet else (features, both)
    before_training = params.mitigation in ("reweighing", "resampling")
    share = TRAINING / (3 if before_training else 2)

    def scored(place: int, matrix: pd.DataFrame, words: str, mitigated: bool = False) -> formulas.Floats:
        told = models.part_of(on_progress, place * share, share)
        return models.cross_scores(
            matrix,
            coded.is_d,
            coded.is_positive,
            fold,
            model=params.model,
            mitigation=params.mitigation if mitigated else "none",
            seed=params.seed,
            on_share=lambda done: told(done, f"{words}: {100 * done:.0f}%"),
        )

    return replace(
        prepared,
        fold=fold,
        scores=scored(0, matrices[0], "training"),
        twin_scores=scored(1, matrices[1], "training its twin"),
        mitigated_scores=scored(2, matrices[0], params.mitigation, mitigated=True) if before_training else None,
    )


def assess(
    prepared: Prepared, params: Params, on_progress: OnProgress | None = None, *, flips: bool | None = None
) -> Result:
    """Judge a prepared table under these params; `flips` asks for the flip test or forbids it, whatever its cost."""
    coded = prepared.coded
    flips = params.flip_test and len(coded.is_d) <= FLIP_ROWS if flips is None else flips
    if prepared.scores is None or prepared.fold is None:
        predicted = coded.predicted
        plain = judge(prepared, predicted, flips, models.part_of(on_progress, TRAINING, 1 - TRAINING))
        return Result(params, prepared.source, plain, notes=_notes(prepared, params, flips))
    predicted = prepared.scores > params.threshold
    mitigated, twin = None, None
    first, second = (models.part_of(on_progress, start, 0.1) for start in (TRAINING, TRAINING + 0.1))
    plain = judge(prepared, predicted, flips, first)
    if prepared.mitigated_scores is not None:
        mitigated = judge(prepared, prepared.mitigated_scores > params.threshold, flips, second)
    elif params.mitigation == "thresholds":
        own = models.group_thresholds(
            prepared.scores,
            coded.is_positive,
            prepared.fold,
            prepared.order,
            threshold=params.threshold,
            policy=params.policy,
        )
        mitigated = judge(prepared, own, flips, second)
    if prepared.twin_scores is not None:
        twin = judge(prepared, prepared.twin_scores > params.threshold, False, None)
    a, d = prepared.ranked
    return Result(
        params,
        prepared.source,
        plain=plain,
        mitigated=mitigated,
        twin=twin,
        curve=models.sweep(a, d, np.linspace(0.02, 0.98, CURVE_POINTS)),
        policies=models.policies(a, d, params.threshold),
        notes=_notes(prepared, params, flips),
    )


def judge(
    prepared: Prepared, predicted: BoolArray | None, flips: bool, on_progress: OnProgress | None = None
) -> Verdict:
    """Every metric of these predictions under both definitions, with the flip test if asked."""
    tally = prepared.coded.tally(predicted)
    recorded = prepared.library is not None and prepared.source.predicted is not None
    as_library = prepared.library.predicted if prepared.library is not None and recorded else predicted
    found, library_found = None, None
    if flips and predicted is not None:
        found = library_found = flip(prepared, predicted, on_progress)
        if prepared.library is not None and as_library is not None and not _same(prepared, predicted, as_library):
            library_found = flips_of(prepared.features, replace(prepared.library, predicted=as_library))
    library_tally = tally if prepared.library is None else prepared.library.tally(as_library)
    guide = formulas.measure(tally, "guide")
    if prepared.library is None:
        library = dict.fromkeys(guide, nan)
    else:
        library = formulas.measure(library_tally, "smclarify")
        for problem, names in (("group", ("CDDL", "CDDPL")), ("predicted", formulas.POST_TRAINING)):
            if problem in prepared.library.problems:
                library |= {name: nan for name in names if name in library}
    if tally.has_predictions:
        guide["FT"] = nan if found is None else found.value("guide")
        refused = prepared.library is None or not library_tally.confusion[:, :, 1].any()
        library["FT"] = nan if library_found is None or refused else library_found.value("smclarify")
    order = [name for name in (*formulas.PRE_TRAINING, *formulas.POST_TRAINING) if name in guide]
    guide, library = ({name: values[name] for name in order} for values in (guide, library))
    return Verdict(tally, library_tally, guide, library, found)


def _same(prepared: Prepared, predicted: BoolArray, as_library: BoolArray) -> bool:
    """Whether guide and library see the same facets and predictions."""
    return (
        prepared.library is not None
        and np.array_equal(prepared.coded.is_d, prepared.library.is_d)
        and np.array_equal(predicted, as_library)
    )


def flip(prepared: Prepared, predicted: BoolArray, on_progress: OnProgress | None = None) -> Flips | None:
    """The flip test alone, on the table's features; None where they do not allow one."""
    return flips_of(prepared.features, replace(prepared.coded, predicted=predicted), on_progress=on_progress)


def flip_cost(prepared: Prepared) -> str:
    """What the flip test would take, in words."""
    n_d = int(prepared.coded.is_d.sum())
    n_a, columns = len(prepared.coded.is_d) - n_d, len(prepared.features.columns)
    return f"{n_d:,} searches for the nearest of {n_a:,} members of facet a in {columns} columns"


def _notes(prepared: Prepared, params: Params, flips: bool) -> tuple[str, ...]:
    notes, source = [], prepared.source
    if source.predicted is not None and source.key != "own":
        notes.append("The table holds recorded predictions, so no model is trained and no threshold moves them.")
    elif not source.features and source.predicted is None:
        notes.append("The table has no features to learn from: only the labels are measured.")
    if prepared.library is None:
        notes.append("The library stops at this table with an error, so it has no value for any metric.")
    if prepared.scores is not None and len(prepared.coded.is_d) * (1 - 1 / models.FOLDS) > models.TRAIN_ROWS:
        notes.append(
            f"Each model learnt from {models.TRAIN_ROWS:,} rows, drawn by the seed, and scored all the others."
        )
    if params.flip_test and not flips:
        notes.append(
            f"With more than {FLIP_ROWS:,} rows the flip test is left out until you ask for it: {flip_cost(prepared)}."
        )
    if not len(prepared.features.columns) and prepared.coded.predicted is not None:
        notes.append("Without features there are no neighbours: the flip test is undefined.")
    return tuple(notes)
