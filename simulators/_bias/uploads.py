"""A learner's own table, read from bytes: safely, in memory only, with a clear message for everything that is no table.

Nothing is written to disk and no cell is ever evaluated. Text that a spreadsheet would run as a formula stays text
here, and gets an apostrophe in front where we write it out again.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd

from simulators._bias.datasets import Columns, DataSet, Source
from simulators._bias.tally import CODE_LIMIT, is_quantity

MAX_MEGABYTES = 100
MAX_COLUMNS = 500
MAX_ROWS = 2_000_000
MAX_CELL = 10_000
"""Characters; a longer cell is nearly always a quote that was never closed."""
MAX_NAME = 200
MAX_CODES = 30
"""A column with at most this many different values can be a facet, a label or a group as it is."""

_LONGEST_WORD = 40
_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x7fELF", "a program"),
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ENCODINGS = {"utf-8-sig": "utf-8", "cp1252": "windows-1252"}
_DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class UploadError(ValueError):
    """The bytes are no table we can use; the message says what was found and what was wanted."""


@dataclass(frozen=True, eq=False)
class Upload:
    """A table that was read, what was done to read it, and a first guess at its columns."""

    frame: pd.DataFrame
    encoding: str
    delimiter: str
    notes: tuple[str, ...]
    """What a learner should know: a guessed encoding, empty columns, columns without a name."""
    guess: Columns

    def choosable(self) -> tuple[str, ...]:
        """Columns with at least two different values: the others can play no part."""
        return tuple(name for name in self.frame.columns if _two_values(self.frame[name]))

    def learnable(self) -> tuple[str, ...]:
        """Columns that a model can learn from: numbers, and text with few different values."""
        return tuple(name for name in self.choosable() if _is_feature(self.frame[name]))


def suggest(frame: pd.DataFrame, facet: str, label: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """A first choice of facet d's values and of the positive labels, for these columns."""
    positive = _favourable(frame[label])
    return _least_favoured(frame, facet, label, positive), positive


def is_measure(column: pd.Series) -> bool:
    """Whether the numbers of a column are split by a threshold rather than listed."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return False
    values = column.dropna().unique()
    return len(values) > CODE_LIMIT or any(value != int(value) for value in values if isfinite(value))


def values_of(column: pd.Series, most: int) -> tuple[list[Any], int]:
    """The commonest values of a column, at most so many, and how many different ones there are."""
    counts = column.value_counts()
    return [_plain_value(value) for value in counts.index[:most]], len(counts)


def read_csv(data: bytes) -> Upload:
    """Read the bytes of a CSV file.

    Comma, semicolon, tab or bar as delimiter; UTF-8, UTF-16 with a mark, or (noted) Windows-1252. The first record
    is the header.

    Raises:
        UploadError: too large, empty, binary, in no readable encoding, a quote that never closes, records of unequal
            length, columns twice or too many, no rows, or no column with two different values.
    """
    text, encoding, notes = _decode(data)
    delimiter, header, first = _first_records(text)
    del text
    names, unnamed = _column_names(header)
    if len(first) > len(names):
        raise UploadError(_too_wide(len(first), "the first row", len(names)))
    frame = _body(data, encoding, delimiter, names)
    if unnamed:
        notes.append(f"Columns without a name are called by their place: {', '.join(unnamed[:5])}.")
    if empty := [name for name in names if frame[name].isna().all()]:
        notes.append(f"Columns without any value cannot be chosen: {', '.join(empty[:5])}.")
    if missing := int(frame.drop(columns=empty).isna().to_numpy().sum()):
        notes.append(
            f"Empty cells: {missing:,}. Nothing is dropped: a missing facet counts as facet a, a missing label or "
            "prediction as negative."
        )
    usable = [name for name in names if _two_values(frame[name])]
    if len(usable) < 2:
        raise UploadError(
            f"found {len(usable) or 'no'} column{'' if len(usable) == 1 else 's'} with at least two different values, "
            "wanted two or more: a facet and a label"
        )
    return Upload(frame, _ENCODINGS.get(encoding, encoding), _NAMES[delimiter], tuple(notes), _guess(frame, usable))


def as_data(upload: Upload, choice: Columns, title: str = "Your table") -> DataSet:
    """The uploaded table as a data set of the calculator.

    Raises:
        UploadError: a chosen column is not there, has one value only, or plays two parts.
    """
    parts = {
        "facet": choice.facet,
        "label": choice.label,
        "predicted label": choice.predicted,
        "group": choice.group,
    }
    for part, name in parts.items():
        if name is None:
            continue
        if name not in upload.frame.columns:
            raise UploadError(f"{part}: found {name!r}, wanted a column of the table")
        if part in ("facet", "label") and not _two_values(upload.frame[name]):
            values = upload.frame[name].dropna().unique()
            shown = f"only the value {values[0]!r}" if len(values) else "no value at all"
            raise UploadError(f"{part}: found {shown} in column {name!r}, wanted at least two different values")
    used = [name for part, name in parts.items() if name is not None and part != "group"]
    if len(set(used)) < len(used):
        raise UploadError(f"found one column in two parts ({', '.join(used)}), wanted a different one for each")
    if not choice.disadvantaged or not choice.positive:
        raise UploadError("found no value for facet d or for the positive label, wanted at least one of each")
    features = tuple(name for name in choice.features if name not in used)
    said: dict[str, Any] = {**vars(choice), "features": features, **_words(upload.frame, choice)}
    return DataSet(
        Source(
            key="upload",
            title=title,
            **said,
            people="rows",
            provenance="Your own table; it stays in this session's memory and is written nowhere.",
        ),
        upload.frame,
    )


def _words(frame: pd.DataFrame, choice: Columns) -> dict[str, str]:
    """What the facets and outcomes are called."""
    d, yes = (", ".join(map(str, values))[:_LONGEST_WORD] for values in (choice.disadvantaged, choice.positive))
    facet, label = choice.facet[:_LONGEST_WORD], choice.label[:_LONGEST_WORD]
    words = {"a": f"{facet} not {d}", "d": f"{facet} {d}", "yes": f"{label} {yes}", "no": f"{label} other"}
    for key, column, name, chosen in (
        ("a", choice.facet, facet, choice.disadvantaged),
        ("no", choice.label, label, choice.positive),
    ):
        if len(others := [value for value in frame[column].dropna().unique()[:MAX_CODES] if value not in chosen]) == 1:
            words[key] = f"{name} {str(others[0])[:_LONGEST_WORD]}"
    if is_quantity(frame[choice.facet], choice.disadvantaged):
        words |= {"a": f"{facet} up to {d}", "d": f"{facet} above {d}"}
    if is_quantity(frame[choice.label], choice.positive):
        words |= {"yes": f"{label} above {yes}", "no": f"{label} up to {yes}"}
    return words


def safe_cell(value: Any) -> str:
    """A cell for a CSV file that a spreadsheet will not run: text like "=1+1" gets an apostrophe in front."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else str(value)


def write_csv(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """CSV text with every cell made safe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in columns])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _decode(data: bytes) -> tuple[str, str, list[str]]:
    size = len(data) / 2**20
    if size > MAX_MEGABYTES:
        raise UploadError(f"found a file of {size:,.0f} MB, wanted at most {MAX_MEGABYTES} MB")
    if not data.strip():
        raise UploadError("found an empty file, wanted a header and at least one row")
    for start, kind in _KINDS:
        if data.startswith(start):
            raise UploadError(f"found {kind}, wanted plain text: save the table as CSV")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return _plain(data.decode(encoding)), encoding, []
            except UnicodeDecodeError as wrong:
                raise UploadError(
                    f"found a {encoding} mark but broken {encoding} at byte {wrong.start:,}, wanted UTF-8"
                ) from wrong
    if b"\x00" in data[:100_000]:
        raise UploadError("found zero bytes, so binary data or UTF-16 without its mark; wanted CSV text in UTF-8")
    try:
        return _plain(data.decode("utf-8")), "utf-8", []
    except UnicodeDecodeError as wrong:
        place = wrong.start
    try:
        text = _plain(data.decode("cp1252"))
    except UnicodeDecodeError as wrong:
        raise UploadError(
            f"found byte 0x{data[wrong.start]:02x} at position {wrong.start:,}, which is neither UTF-8 nor "
            "Windows-1252; wanted CSV text in UTF-8"
        ) from wrong
    note = f"The file is not UTF-8 (byte {place:,}); it was read as Windows-1252, so check its accented letters."
    return text, "cp1252", [note]


def _plain(text: str) -> str:
    """The text, unless it has more control characters than text ever has."""
    sample = text[:100_000]
    found = len(_CONTROL.findall(sample))
    if "\x00" in text or found > len(sample) / 1_000:
        raise UploadError(f"found {max(found, 1):,} control characters, so binary data; wanted CSV text")
    return text


def _first_records(text: str) -> tuple[str, list[str], list[str]]:
    """The delimiter, the one that splits the first record most; the names in that record; and the record after it."""
    start = len(text) - len(text.lstrip("\r\n"))
    head = text[start : start + MAX_COLUMNS * MAX_NAME * 2]
    best: tuple[str, list[str], list[str]] = (",", [], [])
    for delimiter in _DELIMITERS:
        records = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            header = next(records, [])
        except csv.Error as wrong:
            if "unexpected end of data" in str(wrong) or "field larger" in str(wrong):
                raise UploadError("found a quote in the header that is never closed, wanted a closing quote") from wrong
            continue
        if len(header) > len(best[1]):
            try:
                first = next((record for record in records if record), [])
            except csv.Error:
                first = []
            best = (delimiter, header, first)
    if not any(name.strip() for name in best[1]):
        raise UploadError("found no column name in the first line, wanted a header")
    return best


def _column_names(header: list[str]) -> tuple[list[str], list[str]]:
    if len(header) > MAX_COLUMNS:
        raise UploadError(f"found {len(header):,} columns, wanted at most {MAX_COLUMNS}")
    names, unnamed = [], []
    for place, name in enumerate(header, 1):
        clean = _CONTROL.sub("", name).strip()
        if len(clean) > MAX_NAME:
            raise UploadError(
                f"found a name of {len(clean):,} characters for column {place}, wanted at most {MAX_NAME}: "
                "is the first line a header, and every quote closed?"
            )
        if not clean:
            clean = f"column {place}"
            unnamed.append(clean)
        names.append(clean)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UploadError(
            f"found {', '.join(map(repr, twice[:5]))} more than once in the header, wanted distinct names"
        )
    if len(names) < 2:
        raise UploadError(
            f"found one column, {names[0]!r}, wanted two or more separated by comma, semicolon, tab or bar"
        )
    return names, unnamed


def _body(data: bytes, encoding: str, delimiter: str, names: list[str]) -> pd.DataFrame:
    """The rows under the header; a column of numbers is numeric, everything else stays text."""
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            encoding=encoding,
            sep=delimiter,
            header=0,
            names=names,
            index_col=False,
            nrows=MAX_ROWS + 1,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(_MISSING),
            on_bad_lines="error",
            low_memory=False,
        )
    except pd.errors.EmptyDataError as wrong:
        raise UploadError("found no record at all, wanted a header and at least one row") from wrong
    except pd.errors.ParserError as wrong:
        raise UploadError(_parser_words(str(wrong), len(names))) from wrong
    if len(frame) > MAX_ROWS:
        raise UploadError(f"found more than {MAX_ROWS:,} rows, wanted at most that many")
    if frame.empty:
        raise UploadError("found a header and no row, wanted at least one row")
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        lengths = column.astype("str").str.len()
        if lengths.max() > MAX_CELL:
            raise UploadError(
                f"found a cell of {int(lengths.max()):,} characters in row {int(lengths.argmax()) + 1:,}, wanted at "
                f"most {MAX_CELL:,}: is a quote never closed?"
            )
        if delimiter == ";":  # such a table may write 1,5 for 1.5
            with suppress(TypeError, ValueError):
                frame[name] = pd.to_numeric(column.str.replace(",", ".", regex=False))
    return frame


def _too_wide(cells: int, place: str, width: int) -> str:
    return f"found {cells:,} cells in {place}, wanted {width} as in the header: quote a cell with the delimiter in it"


def _parser_words(wrong: str, width: int) -> str:
    if "EOF inside string" in wrong:
        row = re.search(r"row (\d+)", wrong)
        place = f" that opens in record {int(row.group(1)) + 1:,}" if row else ""
        return f"found a quote{place} that is never closed, wanted a closing quote"
    if fields := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", wrong):
        return _too_wide(int(fields.group(3)), f"line {int(fields.group(2)):,}", width)
    return f"found text that is no CSV table ({wrong.splitlines()[0][:120]}), wanted one record per line"


def _two_values(column: pd.Series) -> bool:
    values = column.dropna()
    return len(values) > 1 and bool((values.iloc[1:] != values.iloc[0]).any())


_FACET_WORDS = (
    *("sex", "gender", "race", "ethnic", "nationality", "citizen", "origin", "age", "religion", "disab"),
    *("marital", "married", "veteran", "language", "colour", "color"),
)
_LABEL_WORDS = (
    *("label", "target", "outcome", "approved", "approval", "admitted", "admission", "accepted", "granted", "hired"),
    *("decision", "survived", "default", "income", "class", "result", "status", "y"),
)
_PREDICTED_WORDS = ("predict", "pred", "yhat", "forecast")
_GROUP_WORDS = (
    *("department", "dept", "group", "branch", "region", "state", "purpose", "product", "school", "job"),
    *("occupation", "class", "grade"),
)
_FAVOURABLE = (
    *("1", "yes", "y", "true", "t", "approved", "accepted", "admitted", "granted", "hired", "positive", "survived"),
    *("good", "paid", "pass", "passed", "success", "won", ">50k", "high"),
)


def _matches(name: str, words: Iterable[str]) -> bool:
    parts = re.split(r"[^a-z]+", name.lower())
    return any(part == word or (len(word) > 3 and part.startswith(word)) for part in parts for word in words)


def _guess(frame: pd.DataFrame, usable: list[str]) -> Columns:
    """A first choice from names and values; it only has to be a good start."""
    few = {name: int(frame[name].nunique()) for name in usable}
    few = {name: count for name, count in few.items() if count <= MAX_CODES}
    predicted = next((name for name in few if len(usable) > 2 and _matches(name, _PREDICTED_WORDS)), None)
    free = [name for name in usable if name != predicted]
    sounding = [name for name in free if _matches(name, _LABEL_WORDS) and not _matches(name, _FACET_WORDS)]
    label = _first(
        sorted(sounding, key=lambda name: few.get(name, MAX_CODES + 1)),
        sorted((name for name in free if name in few), key=lambda name: (few[name] != 2, -usable.index(name))),
        free[::-1],
    )
    free.remove(label)
    facet = _first(
        [name for name in free if _matches(name, _FACET_WORDS)],
        sorted((name for name in free if name in few), key=lambda name: few[name]),
        free,
    )
    group = next((name for name in free if name != facet and name in few and _matches(name, _GROUP_WORDS)), None)
    if predicted is not None and not set(frame[predicted].dropna().unique()) <= set(frame[label].dropna().unique()):
        predicted = None
    positive = _favourable(frame[label])
    features = tuple(name for name in usable if name not in (label, facet, predicted) and _is_feature(frame[name]))
    return Columns(facet, _least_favoured(frame, facet, label, positive), label, positive, predicted, group, features)


def _first(*lists: list[str]) -> str:
    return next(found[0] for found in lists if found)


def _is_feature(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) or column.nunique() <= MAX_CODES


def _middle(column: pd.Series) -> float:
    """A threshold near the median with somebody above it."""
    middle, top = float(column.median()), float(column.max())
    return middle if middle < top else float(column[column < top].max())


def _favourable(label: pd.Series) -> tuple[Any, ...]:
    """The value that sounds favourable; a quantity is split at its median; else the rarest value."""
    counts = label.value_counts()
    for value in counts.index:
        if str(value).strip().lower().removesuffix(".0") in _FAVOURABLE:
            return (_plain_value(value),)
    return (_middle(label),) if is_measure(label) else (_plain_value(counts.index[-1]),)


def _least_favoured(frame: pd.DataFrame, facet: str, label: str, positive: tuple[Any, ...]) -> tuple[Any, ...]:
    """The value of the facet with the lowest share of positive labels; a quantity is split at its median."""
    column = frame[facet]
    if is_measure(column):
        return (_middle(column),)
    measured = is_quantity(frame[label], positive)
    favoured = frame[label] > positive[0] if measured else frame[label].isin(positive)
    return (_plain_value(favoured.groupby(column, observed=True).mean().idxmin()),)


def _plain_value(value: Any) -> Any:
    """A numpy scalar as Python's own number."""
    return value.item() if hasattr(value, "item") else value
