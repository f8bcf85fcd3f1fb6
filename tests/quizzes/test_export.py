"""The Anki package, from the command and from the page."""

import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from content import default_catalog
from quizzes.export import write_package

ROOT = Path(__file__).parent.parent.parent
CATALOG = default_catalog()


def notes(package: Path) -> list[tuple[str, str, str]]:
    """The guid, the tags and the fields of every note."""
    with zipfile.ZipFile(package) as archive:
        archive.extract("collection.anki2", package.parent)
    with sqlite3.connect(package.parent / "collection.anki2") as database:
        return database.execute("select guid, tags, flds from notes order by id").fetchall()


def test_every_card_is_a_note_that_keeps_its_identity(tmp_path: Path) -> None:
    package = tmp_path / "deck.apkg"
    count = write_package(package, CATALOG)
    found = notes(package)
    assert len(found) == count == sum(fact.ask is not None for fact in CATALOG.facts.values())
    assert len({guid for guid, _, _ in found}) == count
    write_package(package, CATALOG)
    assert notes(package) == found
    assert all(fields.split("\x1f")[-1] in CATALOG.facts for _, _, fields in found)


def test_the_command_writes_the_topics_that_are_named(tmp_path: Path) -> None:
    package = tmp_path / "deck.apkg"
    ran = command("export", str(package), "input-modes", "bias-metrics")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith(f"cards written to {package}\n")
    slugs = {fields.split("\x1f")[-1].partition("/")[0] for _, _, fields in notes(package)}
    assert slugs == {"input-modes", "bias-metrics"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "wanted: python -m quizzes export"),
        (["export", "deck.txt"], "wanted: python -m quizzes export"),
        (["export", "deck.apkg", "nobody"], "found topic nobody, wanted of: agents-and-guardrails"),
        (["export", "/no/such/folder/deck.apkg"], "No such file or directory"),
    ],
)
def test_a_wrong_command_says_what_was_wanted(arguments: list[str], told: str) -> None:
    ran = command(*arguments)
    assert ran.returncode == 1
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "quizzes", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
