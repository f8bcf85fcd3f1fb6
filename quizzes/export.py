"""The flashcards as an Anki package: a deck for each topic, to be learnt where somebody learns already.

Notes keep their identity by the name of their fact, so that importing a newer package updates them and leaves what was
learnt alone. A package holds no reviews.
Source: https://github.com/kerrickstaley/genanki
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import genanki

from content import Catalog, Fact
from content.text import html

_STYLE = """
.card { font-family: system-ui, sans-serif; font-size: 20px; text-align: left; max-width: 40em; margin: 0 auto; }
.answer { font-weight: 600; }
.fact, .trap, .source { font-size: 17px; margin-top: 1em; }
.trap { border-left: 4px solid #d1603d; padding-left: .7em; }
.source { font-size: 14px; opacity: .8; }
code { font-size: .9em; }
"""
_BACK = """{{FrontSide}}<hr id=answer><div class=answer>{{Answer}}</div><div class=fact>{{Fact}}</div>
{{#Formula}}<div class=fact>\\[{{Formula}}\\]</div>{{/Formula}}
{{#Trap}}<div class=trap><b>Trap.</b> {{Trap}}</div>{{/Trap}}
<div class=source>{{Source}}</div>"""
_FIELDS = ("Question", "Answer", "Fact", "Formula", "Trap", "Source", "Name")


def write_package(target: Path | IO[bytes], catalog: Catalog, topics: Iterable[str] | None = None) -> int:
    """Write the cards of these topics, of all by default, as an `.apkg`; returns how many there are.

    Raises:
        KeyError: there is no such topic.
        OSError: the file cannot be written.
    """
    model = genanki.Model(
        _number("model"),
        "Cert Lab",
        fields=[{"name": name} for name in _FIELDS],
        templates=[{"name": "Card", "qfmt": "{{Question}}", "afmt": _BACK}],
        css=_STYLE,
    )
    decks = [_deck(catalog, slug, model) for slug in topics or catalog.topics]
    genanki.Package(decks).write_to_file(target)
    return sum(len(deck.notes) for deck in decks)


def _deck(catalog: Catalog, slug: str, model: genanki.Model) -> genanki.Deck:
    topic = catalog.topics[slug]
    deck = genanki.Deck(_number(slug), f"Cert Lab::{topic.title.replace('::', ':')}")
    tags = [slug, *(f"{exam}::{task}" for exam, tasks in topic.exams.items() for task in tasks)]
    for fact in topic.facts:
        if fact.ask is not None and fact.answer is not None:
            name = f"{slug}/{fact.id}"
            guid = genanki.guid_for("cert-lab", name)
            deck.add_note(genanki.Note(model=model, fields=_fields(name, fact), tags=tags, guid=guid))
    return deck


def _fields(name: str, fact: Fact) -> list[str]:
    since = f" since {fact.since}" if fact.since else ""
    status = "" if fact.status == "current" else f"<b>{html(fact.status)}{since}.</b> "
    instead = f" <b>Instead:</b> {html(fact.instead)}" if fact.instead else ""
    source = f'<a href="{html(fact.source)}">{html(fact.source.split("/")[2])}</a>, checked {fact.checked}'
    return [
        html(fact.ask or ""),
        html(fact.answer or ""),
        f"{status}{html(fact.text)}{instead}",
        html(fact.formula or ""),
        html(fact.trap or ""),
        source,
        html(name),
    ]


def _number(name: str) -> int:
    """A number that stays the same for a name; Anki tells decks and models apart by theirs."""
    return int.from_bytes(hashlib.sha256(f"cert-lab {name}".encode()).digest()[:4], "big") % 2**30 + 2**30
