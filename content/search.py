"""Full-text search over facts, and whatever else is given as documents: prefixes, typos, joined and split words."""

import re
import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from threading import Lock
from typing import Any

from sqlite_utils import Database

from content.loader import default_catalog
from content.models import Catalog
from content.text import plain

_WORD = re.compile(r"\w+")
_MARK = "\x02", "\x03"  # what FTS5 puts around a match; no text of ours holds them
_LIMIT = 8  # words of a query that count
_COLUMNS = ("kind", "name", "title", "body", "terms")


@dataclass(frozen=True)
class Document:
    """Something to be found: a fact or a question, by its full name."""

    kind: str
    name: str
    title: str
    body: str
    terms: str = ""
    """What it explains: who looks for one of these wants this document first."""

    @property
    def topic(self) -> str:
        """The slug before the name's slash."""
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Hit:
    """A document that was found; `excerpt` is its text in pieces, each with whether it matched."""

    kind: str
    name: str
    title: str
    excerpt: tuple[tuple[str, bool], ...]

    @property
    def topic(self) -> str:
        """The slug before the name's slash."""
        return self.name.partition("/")[0]


def fact_documents(catalog: Catalog) -> Iterator[Document]:
    """Every fact: its card, trap and topic are searched too, its text is shown."""
    for slug, topic in catalog.topics.items():
        for section in topic.sections:
            for fact in section.facts:
                also = (fact.text, fact.trap, fact.ask, fact.answer, fact.instead)
                body = " · ".join(plain(text) for text in also if text)
                name, title = f"{slug}/{fact.id}", f"{topic.title}: {section.title}"
                yield Document("fact", name, title, body, " · ".join(fact.terms))


class Index:
    """An FTS5 index in memory, safe to share between threads."""

    def __init__(self, documents: Iterable[Document]) -> None:
        # One connection for all threads: a lock, because SQLite's own would let two statements interleave.
        self._lock = Lock()
        self._db = Database(sqlite3.connect(":memory:", check_same_thread=False))
        table = self._db.table("documents")
        table.insert_all(
            ({**vars(document), "title": plain(document.title)} for document in documents),
            columns=dict.fromkeys(_COLUMNS, str),
        )
        if not table.exists():
            table.create(dict.fromkeys(_COLUMNS, str))
        table.enable_fts(["title", "terms", "body"], tokenize="porter unicode61")
        self._words = self._vocabulary()

    def _vocabulary(self) -> list[str]:
        texts = self._db.query("select title || ' ' || terms || ' ' || body as text from documents")
        return sorted({word.lower() for row in texts for word in _WORD.findall(row["text"])})

    def _is_known(self, start: str) -> bool:
        """Whether a word begins like this."""
        place = bisect_left(self._words, start)
        return place < len(self._words) and self._words[place].startswith(start)

    def _near(self, word: str) -> list[str]:
        """Words that are spelt nearly so; those that begin with another letter are not looked at."""
        first = bisect_left(self._words, word[0])
        last = bisect_left(self._words, chr(ord(word[0]) + 1))
        return get_close_matches(word, self._words[first:last], n=3, cutoff=0.75)

    def search(self, text: str, limit: int = 30) -> list[Hit]:
        """What the words of `text` find, best first; [] when there is no word or no match.

        A word may be the start of one, written apart (`hyper band`) or together (`fastfile`), or misspelt.
        """
        words = [word.lower() for word in _WORD.findall(text)][:_LIMIT]
        if not words:
            return []
        every = [self._term(word, words, place) for place, word in enumerate(words)]
        hits = self._match(" AND ".join(every), limit)
        if len(hits) < limit and len(words) > 1:
            found = {hit.name for hit in hits}
            hits += [hit for hit in self._match(" OR ".join(every), limit) if hit.name not in found]
        return hits[:limit]

    def _term(self, word: str, words: list[str], place: int) -> str:
        """The word, or what the learner may have meant by it, as an FTS5 expression."""
        options = [f'"{word}"*'] if self._is_known(word) else []
        before = words[place - 1] if place else ""
        after = words[place + 1] if place + 1 < len(words) else ""
        options += [
            f'"{joined}"*' for joined in (before + word, word + after) if joined != word and self._is_known(joined)
        ]
        if not options:
            options = [f'"{word[:i]}" + "{word[i:]}"' for i in range(2, len(word) - 1) if self._splits(word, i)]
        if not options and len(word) > 3:
            options = [f'"{near}"' for near in self._near(word)]
        return "(" + (" OR ".join(options) or f'"{word}"') + ")"

    def _splits(self, word: str, i: int) -> bool:
        return self._is_whole(word[:i]) and self._is_whole(word[i:])

    def _is_whole(self, word: str) -> bool:
        place = bisect_left(self._words, word)
        return place < len(self._words) and self._words[place] == word

    def _match(self, expression: str, limit: int) -> list[Hit]:
        sql = """
            select d.kind, d.name, d.title, snippet(documents_fts, 2, ?, ?, '…', 32) as excerpt
            from documents_fts join documents d on d.rowid = documents_fts.rowid
            where documents_fts match ? order by bm25(documents_fts, 1.5, 6.0, 1.0), d.rowid limit ?
        """
        with self._lock:
            rows: list[dict[str, Any]] = list(self._db.query(sql, [*_MARK, expression, limit]))
        return [Hit(row["kind"], row["name"], row["title"], tuple(_pieces(row["excerpt"]))) for row in rows]


def _pieces(excerpt: str) -> Iterator[tuple[str, bool]]:
    start, end = _MARK
    for index, part in enumerate(excerpt.split(start)):
        marked, _, rest = part.partition(end) if index else ("", "", part)
        if marked:
            yield marked, True
        if rest:
            yield rest, False


@cache
def _facts() -> Index:
    return Index(fact_documents(default_catalog()))


def search(text: str) -> list[Hit]:
    """Facts of the catalog that ships, best first."""
    return _facts().search(text)
