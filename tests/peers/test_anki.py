"""Anki itself as a witness of the packages we write for it."""

from datetime import date
from pathlib import Path

import pytest
from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

from content import Catalog, default_catalog
from quizzes.export import write_package

pytestmark = pytest.mark.peer
CATALOG = default_catalog()
CARDS = sum(fact.ask is not None for fact in CATALOG.facts.values())


def imported(into: Path, package: Path) -> Collection:
    collection = Collection(str(into))
    request = ImportAnkiPackageRequest(package_path=str(package), options=ImportAnkiPackageOptions())
    collection.import_anki_package(request)
    return collection


def test_anki_takes_every_card_once_and_an_update_doubles_none(tmp_path: Path) -> None:
    first, second = tmp_path / "first.apkg", tmp_path / "second.apkg"
    assert write_package(first, CATALOG) == CARDS
    collection = imported(tmp_path / "anki.anki2", first)
    assert collection.note_count() == collection.card_count() == CARDS
    decks = {deck.name for deck in collection.decks.all_names_and_ids()}
    assert {f"Cert Lab::{topic.title}" for topic in CATALOG.topics.values()} <= decks
    collection.close()
    write_package(second, changed(CATALOG))
    collection = imported(tmp_path / "anki.anki2", second)
    assert collection.note_count() == CARDS, "a newer package updates the notes"
    assert collection.find_notes("tag:input-modes")
    collection.close()


def changed(catalog: Catalog) -> Catalog:
    """The same facts, one with other words."""
    topic = catalog.topics["input-modes"]
    section = topic.sections[0]
    fact = section.facts[0].model_copy(update={"answer": "S3, EFS and FSx.", "checked": date(2026, 11, 21)})
    section = section.model_copy(update={"facts": (fact, *section.facts[1:])})
    topic = topic.model_copy(update={"sections": (section, *topic.sections[1:])})
    return Catalog(exams=catalog.exams, topics={**catalog.topics, "input-modes": topic})


def test_text_is_shown_to_the_letter(tmp_path: Path) -> None:
    """Anki shows HTML: what looks like it in a fact is text, and code in backticks is code."""
    fact = next(iter(CATALOG.topics["input-modes"].facts))
    nasty = fact.model_copy(
        update={
            "ask": "Is <b>`a < b`</b> & {{c1::x}} \\(y\\) bold?",
            "answer": "<script>alert(1)</script>",
            "formula": "a < b",
        }
    )
    topic = CATALOG.topics["input-modes"]
    section = topic.sections[0].model_copy(update={"facts": (nasty,)})
    catalog = Catalog(exams=CATALOG.exams, topics={"input-modes": topic.model_copy(update={"sections": (section,)})})
    package = tmp_path / "nasty.apkg"
    assert write_package(package, catalog) == 1
    collection = imported(tmp_path / "anki.anki2", package)
    (note,) = collection.find_notes("")
    fields = dict(collection.get_note(note).items())
    assert fields["Question"] == "Is &lt;b&gt;<code>a &lt; b</code>&lt;/b&gt; &amp; {{c1::x}} \\(y\\) bold?"
    assert fields["Answer"] == "&lt;script&gt;alert(1)&lt;/script&gt;"
    card = collection.get_note(note).cards()[0]
    assert "<script>" not in card.answer()
    assert "a &lt; b" in card.answer()
    collection.close()
