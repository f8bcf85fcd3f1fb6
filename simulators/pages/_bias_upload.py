"""Your own CSV on the bias page: read in memory, columns guessed and chosen, every problem a message.

Column names and cells are somebody's text: they are shown HTML-escaped or as options of a box, never as Markdown.
"""

import secrets
from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import pandas as pd
import streamlit as st
from starlette.formparsers import MultiPartParser

from simulators.bias import (
    Columns,
    DataSet,
    Params,
    Prepared,
    Upload,
    UploadError,
    as_data,
    is_measure,
    prepare,
    read_csv,
    suggest,
    values_of,
)
from simulators.contract import Simulator
from simulators.pages._bias_result import (
    OF_THE_MODEL,
    Fields,
    Found,
    in_background,
    judged,
    look_closer,
    remember,
    remembered,
    settings,
    show_view,
    takes_long,
    training,
    trains,
)
from simulators.pages.simulator import checked, literal

PREFIX = "bias-csv"
_MEGABYTES = 100
_MOST_VALUES = 200
_LONGEST_OPTION = 80
_LARGEST = 1e15
"""A number box takes no whole number that a browser could not tell from its neighbour."""
_EXAMPLE = "sex,department,approved\nF,sales,1\nM,sales,0\nF,research,1\n…"

# Larger files would go through a temporary file on disk.
MultiPartParser.spool_max_size = (_MEGABYTES + 1) * 2**20


@dataclass
class Table:
    """An uploaded file: what was read, or why it could not be, and what has been made of it lately."""

    number: int
    file_id: str
    name: str
    upload: Upload | None
    problem: str = ""
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    told: dict[Hashable, Any] = field(default_factory=dict)
    """Small things about its columns."""
    made: dict[Hashable, Any] = field(default_factory=dict)
    """The table as it was read and scored, by choice and params: as large as itself."""

    def once(self, what: Hashable, tell: Callable[[], Any]) -> Any:
        """Something small, found out once."""
        return _once(self.told, what, tell, most=500)

    def prepared(self, what: Hashable, make: Callable[[], Any]) -> Any:
        """Something large, made once while it is among the latest few; None is not kept."""
        return _once(self.made, what, make, most=4)


def _once(kept: dict[Hashable, Any], what: Hashable, make: Callable[[], Any], *, most: int) -> Any:
    if what not in kept:
        if (made := make()) is None:
            return None
        kept[what] = made
        for old in list(kept)[:-most]:
            del kept[old]
    return kept[what]


def show_upload(simulator: Simulator, fields: Fields) -> None:
    """Upload, choose the columns, measure."""
    file = st.file_uploader(
        "A table with one row per person, as CSV",
        key=f"{PREFIX}-file",
        max_upload_size=_MEGABYTES,
        help="Comma, semicolon, tab or bar between the columns; UTF-8. The first line names the columns.",
    )
    literal(
        ["It stays in the memory of this session: nothing is written to disk, and closing the page forgets it."],
        "muted",
    )
    if file is None:
        st.session_state.pop(f"{PREFIX}-table", None)
        literal(["It needs a column that tells two groups apart, and one with what was decided. For example:"])
        st.code(_EXAMPLE, language=None)
        return
    table = _table(file)
    if table.upload is None:
        literal([f"{table.name} cannot be used: {table.problem}.", "Mend it and upload it again."], "bad")
        return
    rows, columns = table.upload.frame.shape
    read = f"{table.name}: {rows:,} rows, {columns} columns, separated by {table.upload.delimiter}"
    literal([f"{read}, {table.upload.encoding}.", *table.upload.notes], "muted")
    with st.expander("The first rows", icon=":material/table_rows:", key=f"{PREFIX}-rows", on_change="rerun") as first:
        if first.open:
            st.dataframe(table.upload.frame.head(20), hide_index=True, alt="The first rows of the table")
    choice = _choose(table, table.upload)
    if choice is not None:
        _measure(simulator, fields, table, table.upload, choice)


def _table(file: Any) -> Table:
    """The file as it was read; it is read once."""
    old: Table | None = st.session_state.get(f"{PREFIX}-table")
    if old is not None and old.file_id == file.file_id:
        return old
    number = 1 + (old.number if old is not None else st.session_state.get(f"{PREFIX}-count", 0))
    upload, problem = None, ""
    with st.spinner("Reading the table …"):
        try:
            upload = read_csv(file.getvalue())
        except UploadError as wrong:
            problem = str(wrong)
    table = Table(number, file.file_id, file.name[:_LONGEST_OPTION], upload, problem)
    st.session_state[f"{PREFIX}-table"], st.session_state[f"{PREFIX}-count"] = table, number
    return table


# --- which column is what ---------------------------------------------------------------------------------------------


def _choose(table: Table, upload: Upload) -> Columns | None:
    """Boxes for the columns and their values, with a guess in each; None, and a message, while something is missing."""
    columns, guess, key = list(table.once("choosable", upload.choosable)), upload.guess, f"{PREFIX}-{table.number}"
    left, right = st.columns(2)
    facet = left.selectbox("Who is compared (facet)", columns, columns.index(guess.facet), key=f"{key}-facet")
    label = right.selectbox("What was decided (label)", columns, columns.index(guess.label), key=f"{key}-label")
    if facet == label:
        literal([f"Facet and label are both {facet}. Choose two different columns."], "bad")
        return None
    first = table.once(("suggest", facet, label), lambda: suggest(upload.frame, facet, label))
    with left:
        disadvantaged = _values(table, facet, "Facet d: the disadvantaged", first[0], f"{key}-d-{columns.index(facet)}")
    with right:
        positive = _values(table, label, "Positive: the favourable", first[1], f"{key}-p-{columns.index(label)}")
    with st.expander("Predictions, groups and features", icon=":material/tune:"):
        left, right = st.columns(2)
        predicted = left.selectbox(
            "Predicted label",
            columns,
            _place(columns, guess.predicted),
            key=f"{key}-predicted",
            placeholder="Not in the table",
            help="A column with what a model decided. Without one, a classifier can be trained here.",
        )
        group = right.selectbox(
            "Group to condition on",
            columns,
            _place(columns, guess.group),
            key=f"{key}-group",
            placeholder="None",
            help="CDDL and CDDPL compare within these groups, such as departments.",
        )
        learnable = list(table.once("learnable", upload.learnable))
        features = st.multiselect(
            "Features a classifier learns from",
            learnable,
            [name for name in guess.features if name in learnable],
            key=f"{key}-features",
        )
    if not disadvantaged or not positive:
        missing = "facet d" if not disadvantaged else "the positive label"
        literal([f"Choose at least one value for {missing}."], "plain")
        return None
    return Columns(facet, disadvantaged, label, positive, predicted, group, tuple(features))


def _place(columns: list[str], name: str | None) -> int | None:
    return columns.index(name) if name in columns else None


def _values(table: Table, column: str, label: str, first: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    """The chosen values of a column: a threshold where it is a quantity, else a list."""
    series = table.upload.frame[column] if table.upload else pd.Series()
    if table.once(("measure", column), lambda: is_measure(series)):
        start = float(first[0]) if first and isinstance(first[0], int | float) else 0.0
        start = min(max(start, -_LARGEST), _LARGEST) if isfinite(start) else 0.0
        return (st.number_input(f"{label}: above", value=start, format="%.6g", key=f"{key}-above"),)
    options, different = table.once(("values", column), lambda: values_of(series, _MOST_VALUES))
    options = [*options, *(value for value in first if value not in options)]
    chosen = st.multiselect(f"{label} values", options, list(first), format_func=_option, key=f"{key}-values")
    if different > len(options):
        literal([f"The {len(options)} commonest of {different:,} values are offered."], "muted")
    return tuple(chosen)


def _option(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return (text if text.strip() else repr(text))[:_LONGEST_OPTION]


# --- measuring --------------------------------------------------------------------------------------------------------


def _measure(simulator: Simulator, fields: Fields, table: Table, upload: Upload, choice: Columns) -> None:
    try:
        data: DataSet = table.once(choice, lambda: as_data(upload, choice))
        labels: Prepared = table.prepared(choice, lambda: prepare(data, Params(model="none")))
    except ValueError as wrong:
        told = str(wrong)
        literal([f"These columns cannot be measured. {told[0].upper()}{told[1:]}."], "bad")
        return
    source = data.source
    names = ("definition", "swap", *(OF_THE_MODEL if trains(source) else ()), "seed")
    remembered(PREFIX, names)
    more = st.expander("More settings", icon=":material/tune:")
    story = st.container()
    view = look_closer(PREFIX, source)
    here = st.container()
    unmodelled = copy(fields["model"])
    unmodelled.default = "none"
    values = settings(PREFIX, {**fields, "model": unmodelled}, names, view=view, here=here, else_=more)
    remember(PREFIX, values)
    params: Params | None = checked(simulator, {"data": "own", "model": "none", **values})
    if params is None:
        return
    wanted = training(params)
    key = f"{PREFIX} {table.token} {choice!r} {wanted!r}"
    with story:
        if params.model == "none" and not params.swap:
            prepared: Prepared | None = labels
        else:
            prepared = table.prepared(key, lambda: _scored(key, data, wanted))
    if prepared is None:
        return
    result = judged(PREFIX, prepared, params, key)
    with here:
        show_view(view, Found(prefix=PREFIX, key=key, data=data, prepared=prepared, params=params, result=result))


def _scored(key: str, data: DataSet, params: Params) -> Prepared | None:
    """The table with the scores of a model; None while it is trained."""
    if not takes_long(data, params):
        with st.spinner("Training …"):
            return prepare(data, params)
    slim = DataSet(data.source, data.frame[[name for name in data.frame.columns if name in _used(data)]])
    found: Prepared | None = in_background(PREFIX, key, "The training", prepare, slim, params, keep=False)
    return found


def _used(data: DataSet) -> set[str | None]:
    source = data.source
    return {source.facet, source.label, source.predicted, source.group, *source.features}
