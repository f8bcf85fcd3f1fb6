"""A learner's own CSV: what is read, what is refused and in which words, and what a spreadsheet may not run."""

import csv
import io
import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from simulators.bias import (
    Columns,
    Params,
    UploadError,
    as_data,
    assess,
    figures,
    findings,
    prepare,
    read_csv,
    report,
    report_csv,
    report_page,
    safe_cell,
    write_csv,
)

GOOD = b"sex,age,dept,approved\nF,30,A,1\nM,40,B,0\nF,22,A,0\nM,51,B,1\n"
WIDE = ",".join(f"c{place}" for place in range(10_000))

HOSTILE = {
    "empty": (b"", "found an empty file"),
    "blank": (b" \n\r\n", "found an empty file"),
    "header only": (b"sex,approved\n", "found a header and no row"),
    "one column": (b"approved\n1\n0\n", "found one column, 'approved', wanted two or more"),
    "no header": (b",,\nF,1,2\n", "found no column name in the first line"),
    "200 MB": (b"a,b\n" + b"1,2\n" * (50 * 2**20), "found a file of 200 MB, wanted at most 100 MB"),
    "random bytes": (random.Random(0).randbytes(4_000), "zero bytes, so binary data"),
    "control characters": (b"a,b\n" + bytes(range(1, 9)) * 50, "control characters, so binary data"),
    "zip": (b"PK\x03\x04rest", "a zip archive or an Excel workbook"),
    "excel 97": (b"\xd0\xcf\x11\xe0rest", "an old Excel workbook"),
    "pdf": (b"%PDF-1.7", "found a PDF"),
    "gzip": (b"\x1f\x8b\x08", "a gzip archive"),
    "parquet": (b"PAR1rest", "a Parquet file"),
    "10,000 columns": (f"{WIDE}\n{WIDE}\n".encode(), "found 10,000 columns, wanted at most 500"),
    "duplicate headers": (b"sex,ok,sex\nF,1,M\nM,0,F\n", "found 'sex' more than once in the header"),
    "unclosed quote": (b'sex,ok\nF,1\n"M,0\nF,0\n', "found a quote that opens in record 3 that is never closed"),
    "unclosed quote in header": (b'sex,"ok\nF,1\nM,0\n', "found a quote in the header that is never closed"),
    "quote closed far away": (b'sex,ok\n"M,0\n' + b"F,1\n" * 4_000 + b'F",1\n', "found a cell of 16,005 characters"),
    "more cells than names": (b"sex,ok\nF,1\nM,0,7\n", "found 3 cells in line 3, wanted 2"),
    "only gaps": (b"sex,ok\n,\n,\n", "found no columns with at least two different values"),
    "one value": (b"sex,ok\nF,1\nF,0\n", "found 1 column with at least two different values"),
    "UTF-16 without a mark": ("sex,ok\nF,1\nM,0\n".encode("utf-16-le"), "UTF-16 without its mark"),
    "broken UTF-16": (b"\xff\xfes\x00e", "broken utf-16"),
    "Shift JIS": ("性別,結果\n女,可\n男,否\n".encode("shift-jis"), "neither UTF-8 nor Windows-1252"),
    "long name": (b"sex," + b"x" * 300 + b"\nF,1\nM,0\n", "found a name of 300 characters for column 2"),
    "two million rows": (b"sex,ok\n" + b"F,1\nM,0\n" * 1_000_001, "found more than 2,000,000 rows"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_clear_message(name):
    data, words = HOSTILE[name]
    with pytest.raises(UploadError, match=r"found .*wanted") as told:
        read_csv(data)
    assert words in str(told.value)
    assert len(str(told.value)) < 300


@given(data=some.binary(max_size=400) | some.text(max_size=200).map(str.encode))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_read_or_refused_in_words(data):
    try:
        upload = read_csv(data)
    except UploadError as refused:
        assert "found" in str(refused)
    else:
        assert upload.guess.facet != upload.guess.label


@given(
    table=some.lists(
        some.tuples(some.text("ab,\"\n'; |=é", max_size=6), some.sampled_from("FM"), some.integers(-5, 5)),
        min_size=2,
        max_size=30,
    )
)
@settings(deadline=None)
def test_what_a_proper_writer_wrote_comes_back(table):
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([["note", "sex", "number"], *table])
    try:
        upload = read_csv(out.getvalue().encode())
    except UploadError as refused:
        assert "at least two different values" in str(refused)
        return
    assert len(upload.frame) == len(table)
    assert upload.frame["sex"].tolist() == [row[1] for row in table]
    assert upload.frame["number"].tolist() == [row[2] for row in table]


@pytest.mark.parametrize(
    ("data", "encoding", "delimiter"),
    [
        (GOOD, "utf-8", "comma"),
        (GOOD.replace(b",", b";"), "utf-8", "semicolon"),
        (GOOD.replace(b",", b"\t"), "utf-8", "tab"),
        (GOOD.replace(b",", b"|"), "utf-8", "bar"),
        (GOOD.replace(b"\n", b"\r\n"), "utf-8", "comma"),
        (b"\xef\xbb\xbf" + GOOD, "utf-8", "comma"),
        (GOOD.decode().encode("utf-16"), "utf-16", "comma"),
    ],
)
def test_encodings_and_delimiters(data, encoding, delimiter):
    upload = read_csv(data)
    assert (upload.encoding, upload.delimiter) == (encoding, delimiter)
    pd.testing.assert_frame_equal(upload.frame, read_csv(GOOD).frame)
    assert upload.notes == ()


def test_a_guessed_encoding_is_said():
    upload = read_csv("sexe,accepté\nF,oui\nM,non\n".encode("cp1252"))
    assert upload.frame.columns.tolist() == ["sexe", "accepté"]
    assert "read as Windows-1252" in upload.notes[0]


def test_a_decimal_comma_in_a_semicolon_table_is_a_number():
    assert read_csv(b"sex;score\nF;1,5\nM;2,25\n").frame["score"].tolist() == [1.5, 2.25]


def test_gaps_empty_columns_and_missing_names_are_noted():
    upload = read_csv(b"sex,,ok,void\nF,1,1,\nM,2,0,\nM,,1,\n")
    assert upload.frame.columns.tolist() == ["sex", "column 2", "ok", "void"]
    notes = " ".join(upload.notes)
    assert "column 2" in notes
    assert "cannot be chosen: void" in notes
    assert "Empty cells: 1." in notes
    assert upload.choosable() == ("sex", "column 2", "ok")


def test_the_first_choice_is_a_good_start():
    guess = read_csv(GOOD).guess
    assert (guess.facet, guess.disadvantaged, guess.label, guess.positive) == ("sex", ("F",), "approved", (1,))
    assert guess.group == "dept"
    assert guess.features == ("age", "dept")
    with_predictions = read_csv(b"gender,y,y_pred,region\nF,1,1,N\nM,0,1,S\nF,0,0,N\n").guess
    assert with_predictions.predicted == "y_pred"
    numbers = read_csv(("age,score\n" + "\n".join(f"{20 + n},{n * 1.5}" for n in range(40))).encode()).guess
    assert (numbers.facet, numbers.label) == ("age", "score")
    assert 20 < numbers.disadvantaged[0] < 59


@pytest.mark.parametrize("cell", ["=1+1", "+2", "-x", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_a_formula_stays_text_and_is_written_so_that_no_spreadsheet_runs_it(cell):
    assert safe_cell(cell) == f"'{cell}"
    out = io.StringIO()
    csv.writer(out).writerows([["note", "sex", "ok"], [cell, "F", 1], ["plain", "M", 0]])
    upload = read_csv(out.getvalue().encode())
    assert upload.frame["note"].iloc[0].strip() == cell.strip()
    written = write_csv(["note"], [[cell]])
    assert list(csv.reader(io.StringIO(written)))[1] == [f"'{cell}"]
    assert safe_cell(-5) == "-5"
    assert safe_cell("plain") == "plain"


def test_names_from_a_table_are_markup_nowhere():
    bad = "<img src=x onerror=alert(1)>"
    frame = pd.DataFrame({bad: ["=1+1", "M"] * 20, "ok": [1, 0, 0, 1, 1] * 8, "g": [bad, "b"] * 20, "x": range(40)})
    upload = read_csv(frame.to_csv(index=False).encode())
    data = as_data(upload, Columns(bad, ("=1+1",), "ok", (1,), None, "g", ("x",)))
    result = assess(prepare(data, Params()), Params())
    assert bad not in report_page(result)
    assert not any(line.startswith("=") for line in report_csv(result).splitlines())
    for figure in figures(result):
        assert bad[:10] not in figure.chart.to_json().replace("\\u003c", "<")
    assert findings(result)


def choose(**change):
    return Columns(**{"facet": "sex", "disadvantaged": ("F",), "label": "approved", "positive": (1,)} | change)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (choose(facet="gender"), "facet: found 'gender', wanted a column"),
        (choose(label="sex"), "found one column in two parts"),
        (choose(predicted="approved"), "found one column in two parts"),
        (choose(disadvantaged=()), "found no value for facet d"),
        (choose(facet="one"), "facet: found only the value 'x' in column 'one'"),
        (choose(label="none"), "label: found no value at all in column 'none'"),
    ],
)
def test_an_impossible_choice_is_told(choice, words):
    upload = read_csv(b"sex,approved,one,none\nF,1,x,\nM,0,x,\nF,0,x,\nM,1,x,\n")
    with pytest.raises(UploadError) as told:
        as_data(upload, choice)
    assert words in str(told.value)


def test_an_upload_is_measured_like_its_frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["F", "M"], 400),
            "income": rng.normal(50, 10, 400).round(2),
            "branch": rng.choice(["north", "south"], 400),
            "approved": rng.integers(0, 2, 400),
        }
    )
    upload = read_csv(frame.to_csv(index=False).encode())
    result = assess(prepare(as_data(upload, upload.guess), Params()), Params())
    assert upload.guess.facet == "sex"
    wanted = report(
        frame, facet="sex", disadvantaged=upload.guess.disadvantaged, label="approved", positive=[1], group="branch"
    )
    for name, value in wanted.items():
        assert result.report[name] == pytest.approx(value)


def test_nothing_is_written_and_no_file_is_opened(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a file was opened")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr(os, "open", refuse)
    upload = read_csv(GOOD)
    assert len(upload.frame) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_anybody_in_one_facet_is_told():
    upload = read_csv(GOOD)
    with pytest.raises(ValueError, match="found 4 rows in facet a and 0 in facet d"):
        prepare(as_data(upload, choose(disadvantaged=("X",))), Params())
