"""What is kept of a learner, in SQLite. The review log is the truth and is only ever added to.

Every write takes the lock first (`writing`), so that what it has read is still true when it writes; the schema is
brought up to date once per file (`prepare`). The memories table is a cache that a replay of the log rebuilds.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from platformdirs import user_data_path
from sqlite_utils import Database
from sqlite_utils.db import Table
from sqlite_utils.migrations import Migrations

from quizzes.schedule import VERSION, Memory, Review, remember, replay
from quizzes.sitting import Answered, Sitting

_WAIT_SECONDS = 15.0
_prepared: set[tuple[Path, int]] = set()
_preparing = Lock()


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


class Overtaken(Exception):
    """The question was answered already, in another tab: `sitting` is how it stands."""

    def __init__(self, sitting: Sitting) -> None:
        self.sitting = sitting
        super().__init__("found an answer to this question already, wanted none")


@dataclass(frozen=True, kw_only=True)
class Learner:
    """Who studies, and for what."""

    id: str
    exam: str
    exam_day: date | None = None
    new_per_day: int = 10


def default_path() -> Path:
    """`CERTLAB_DB`, or a file in the platform's data folder."""
    if given := os.environ.get("CERTLAB_DB"):
        return Path(given)
    return user_data_path("cert-lab", appauthor=False) / "cert-lab.db"


migrations = Migrations("cert-lab")


@migrations()
def create_tables(db: Database) -> None:
    """The tables as first shipped. A migration that has shipped is never edited: add another."""
    _table(db, "learners").create(
        {"id": str, "exam": str, "exam_day": str, "new_per_day": int}, pk="id", not_null={"exam", "new_per_day"}
    )
    _table(db, "reviews").create(
        {
            "id": int,
            "learner": str,
            "fact": str,
            "rating": int,
            "kind": str,
            "source": str,
            "at": str,
            "day": str,
            "confidence": int,
            "seconds": float,
            "scheduler": str,
        },
        pk="id",
        not_null={"learner", "fact", "rating", "kind", "source", "at", "day"},
    ).create_index(["learner", "id"])
    _table(db, "memories").create(
        {
            "learner": str,
            "fact": str,
            "stability": float,
            "difficulty": float,
            "state": int,
            "last_day": str,
            "reviews": int,
            "lapses": int,
            "confident_error": int,
            "capped": int,
        },
        pk=("learner", "fact"),
    )
    _table(db, "sittings").create(
        {
            "id": str,
            "learner": str,
            "title": str,
            "exam": str,
            "questions": str,
            "started": str,
            "ended": str,
        },
        pk="id",
        not_null={"learner", "title", "questions", "started"},
    ).create_index(["learner", "started"])
    _table(db, "answers").create(
        {
            "sitting": str,
            "position": int,
            "question": str,
            "response": str,
            "correct": int,
            "confidence": int,
            "at": str,
            "seconds": float,
        },
        pk=("sitting", "position"),
        foreign_keys=[("sitting", "sittings", "id")],
    )


class Store:
    """The database in one file. Safe from any thread and from several processes: each call has its own connection."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, and bring its schema up to date.

        Raises:
            StoreError: it cannot be opened, or is not a database of this app.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
        self._prepare()

    def _prepare(self) -> None:
        with self._open() as db, _preparing:
            key = self.path.resolve(), self.path.stat().st_ino
            if key in _prepared:
                return
            db.execute("pragma journal_mode = wal")
            db.execute("begin immediate")
            try:
                migrations.apply(db)
                db.execute("commit")
            except BaseException:
                db.execute("rollback")
                raise
            _prepared.add(key)

    @contextmanager
    def _open(self) -> Iterator[Database]:
        try:
            connection = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise StoreError(f"The study database {self.path} cannot be opened: {error}.") from error
        try:
            connection.execute("pragma foreign_keys = on")
            # FULL, the default, would do; said here because an answer on screen must be an answer on disk.
            connection.execute("pragma synchronous = full")
            yield Database(connection)
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"The study database {self.path} cannot be used now: {error}. Nothing was changed; try again."
            ) from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The study database {self.path} is damaged ({error}). Nothing was changed. Move the file away and "
                "start again, or put a backup in its place."
            ) from error
        finally:
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """A transaction that takes the write lock first; an exception undoes all of it."""
        with self._open() as db:
            db.execute("begin immediate")
            try:
                yield db
            except BaseException:
                db.execute("rollback")
                raise
            db.execute("commit")

    def learner(self, id: str) -> Learner | None:
        """Who has this id, or None before the first visit is over."""
        with self._open() as db:
            rows = list(_table(db, "learners").rows_where("id = ?", [id]))
        return _learner(rows[0]) if rows else None

    def save_learner(self, learner: Learner) -> None:
        """Write the learner's exam and settings."""
        with self.writing() as db:
            _table(db, "learners").upsert({**asdict(learner), "exam_day": _iso(learner.exam_day)}, pk="id")

    def record(self, learner: str, reviews: Sequence[Review], *, since: datetime | None = None) -> None:
        """Add reviews to the log, in order; with `since`, none whose source has one since then: a key pressed twice."""
        with self.writing() as db:
            where = "learner = ? and kind = ? and source = ? and at >= ?"
            fresh = [
                review
                for review in reviews
                if since is None
                or not _table(db, "reviews").count_where(where, [learner, review.kind, review.source, _iso(since)])
            ]
            _record(db, learner, fresh)

    def reviews(self, learner: str) -> list[Review]:
        """The learner's log, in the order it was written."""
        with self._open() as db:
            return _reviews(db, learner)

    def memories(self, learner: str) -> dict[str, Memory]:
        """Fact → what is remembered of it."""
        with self._open() as db:
            rows = _table(db, "memories").rows_where("learner = ?", [learner])
            return {row["fact"]: _memory(row) for row in rows}

    def rebuild(self, learner: str) -> dict[str, Memory]:
        """Make the learner's memories anew from the log: the cure for a cache that is wrong."""
        with self.writing() as db:
            memories = replay(_reviews(db, learner))
            _table(db, "memories").delete_where("learner = ?", [learner])
            _table(db, "memories").insert_all(_memory_row(learner, memory) for memory in memories.values())
        return memories

    def start(self, sitting: Sitting) -> None:
        """Keep a new sitting."""
        row = {
            "id": sitting.id,
            "learner": sitting.learner,
            "title": sitting.title,
            "exam": sitting.exam,
            "questions": json.dumps(sitting.questions),
            "started": _iso(sitting.started),
            "ended": _iso(sitting.ended),
        }
        with self.writing() as db:
            _table(db, "sittings").insert(row)

    def answer(self, before: Sitting, after: Sitting, reviews: Sequence[Review]) -> None:
        """Keep the answer that made `after` of `before`, and its reviews, together or not at all.

        Raises:
            Overtaken: the question has an answer already.
        """
        answered = after.answers[-1]
        row = {**asdict(answered), "sitting": after.id, "at": _iso(answered.at)}
        row["response"] = json.dumps(answered.response)
        with self.writing() as db:
            where = "sitting = ? and question = ?"
            if list(_table(db, "answers").rows_where(where, [before.id, answered.question])):
                raise Overtaken(_sitting(db, before.learner, before.id) or before)
            _table(db, "answers").insert(row)
            _table(db, "sittings").update(after.id, {"ended": _iso(after.ended)})
            _record(db, after.learner, reviews)

    def end(self, sitting: Sitting, at: datetime) -> Sitting:
        """End a sitting before its last question; its answers stay."""
        with self.writing() as db:
            _table(db, "sittings").update(sitting.id, {"ended": _iso(at)})
        return replace(sitting, ended=at)

    def sitting(self, learner: str, id: str) -> Sitting | None:
        """A sitting of this learner, or None."""
        with self._open() as db:
            return _sitting(db, learner, id)

    def open_sitting(self, learner: str) -> Sitting | None:
        """The learner's newest sitting that is not ended, or None."""
        with self._open() as db:
            where = "learner = ? and ended is null"
            rows = list(_table(db, "sittings").rows_where(where, [learner], order_by="started desc", limit=1))
            return _sitting(db, learner, rows[0]["id"]) if rows else None

    def sittings(self, learner: str) -> list[Sitting]:
        """The learner's sittings that are ended, newest first."""
        with self._open() as db:
            where = "learner = ? and ended is not null"
            ids = [row["id"] for row in _table(db, "sittings").rows_where(where, [learner], order_by="started desc")]
            return [sitting for id in ids if (sitting := _sitting(db, learner, id))]

    def export(self, learner: str) -> dict[str, Any]:
        """Everything kept of the learner, as plain values: tables by name, rows as stored."""
        with self._open() as db:
            mine = [learner]
            tables = {name: list(_table(db, name).rows_where("learner = ?", mine)) for name in ("reviews", "sittings")}
            tables["learners"] = list(_table(db, "learners").rows_where("id = ?", mine))
            where = "sitting in (select id from sittings where learner = ?)"
            tables["answers"] = list(_table(db, "answers").rows_where(where, mine))
        return tables


def _table(db: Database, name: str) -> Table:
    return db.table(name)


def _iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None


def _record(db: Database, learner: str, reviews: Sequence[Review]) -> None:
    for review in reviews:
        row = {**asdict(review), "learner": learner, "at": _iso(review.at), "day": _iso(review.day)}
        _table(db, "reviews").insert({**row, "scheduler": VERSION})
        known = list(_table(db, "memories").rows_where("learner = ? and fact = ?", [learner, review.fact]))
        memory = remember(_memory(known[0]) if known else None, review)
        _table(db, "memories").upsert(_memory_row(learner, memory), pk=("learner", "fact"))


def _reviews(db: Database, learner: str) -> list[Review]:
    rows = _table(db, "reviews").rows_where("learner = ?", [learner], order_by="id")
    return [_review(row) for row in rows]


def _review(row: Mapping[str, Any]) -> Review:
    names = ("fact", "rating", "kind", "source", "confidence", "seconds")
    at, day = datetime.fromisoformat(row["at"]), date.fromisoformat(row["day"])
    return Review(**{name: row[name] for name in names}, at=at, day=day)


def _memory(row: Mapping[str, Any]) -> Memory:
    values = {name: value for name, value in row.items() if name != "learner"}
    values["last_day"] = date.fromisoformat(row["last_day"])
    values["confident_error"], values["capped"] = bool(row["confident_error"]), bool(row["capped"])
    return Memory(**values)


def _memory_row(learner: str, memory: Memory) -> dict[str, Any]:
    return {**asdict(memory), "learner": learner, "last_day": _iso(memory.last_day)}


def _learner(row: Mapping[str, Any]) -> Learner:
    day = date.fromisoformat(row["exam_day"]) if row["exam_day"] else None
    return Learner(id=row["id"], exam=row["exam"], exam_day=day, new_per_day=row["new_per_day"])


def _sitting(db: Database, learner: str, id: str) -> Sitting | None:
    rows = list(_table(db, "sittings").rows_where("learner = ? and id = ?", [learner, id]))
    if not rows:
        return None
    row = rows[0]
    answers = _table(db, "answers").rows_where("sitting = ?", [id], order_by="position")
    return Sitting(
        id=row["id"],
        learner=row["learner"],
        title=row["title"],
        exam=row["exam"],
        questions=tuple(json.loads(row["questions"])),
        started=datetime.fromisoformat(row["started"]),
        ended=datetime.fromisoformat(row["ended"]) if row["ended"] else None,
        answers=tuple(_answered(each) for each in answers),
    )


def _answered(row: Mapping[str, Any]) -> Answered:
    names = ("position", "question", "confidence", "seconds")
    return Answered(
        **{name: row[name] for name in names},
        response=tuple(json.loads(row["response"])),
        correct=bool(row["correct"]),
        at=datetime.fromisoformat(row["at"]),
    )
