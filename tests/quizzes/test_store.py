"""Nothing is lost, nothing is mixed up: the store under threads, processes, damage and a kill."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from quizzes import default_banks
from quizzes.grading import expected
from quizzes.schedule import Review, replay
from quizzes.sitting import Sitting, answer, reviews_of
from quizzes.store import Learner, Overtaken, Store, StoreError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = NOW.date()
BANK = default_banks()["input-modes"]
QUESTIONS = {question.name: question for question in BANK}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "deep" / "study.db")


def review(fact: str = "t/f", rating: int = 3, day: date = DAY) -> Review:
    return Review(fact=fact, rating=rating, kind="card", source=fact, at=NOW, day=day, seconds=2.5)


def sitting(id: str = "s1", learner: str = "ann", count: int = 5) -> Sitting:
    names = tuple(question.name for question in BANK[:count])
    return Sitting(id=id, learner=learner, title="Input modes", exam="mla-c02", questions=names, started=NOW)


def answered(before: Sitting, *, right: bool = True) -> tuple[Sitting, list[Review]]:
    question = QUESTIONS[before.questions[before.position]]
    response = expected(question) if right else ()
    after = answer(before, question, response, confidence=2, at=NOW, seconds=4)
    return after, reviews_of(question, after.answers[-1], "UTC")


def test_a_learner_is_kept(store: Store) -> None:
    assert store.learner("ann") is None
    ann = Learner(id="ann", exam="mla-c02", exam_day=date(2027, 1, 20))
    store.save_learner(ann)
    store.save_learner(replace(ann, new_per_day=5))
    assert store.learner("ann") == replace(ann, new_per_day=5)
    assert Store(store.path).learner("ann") == replace(ann, new_per_day=5)


def test_the_log_comes_back_as_it_was_written(store: Store) -> None:
    log = [review("t/a"), review("t/b", 1), review("t/a", 4)]
    store.record("ann", log)
    assert store.reviews("ann") == log
    assert store.reviews("bob") == []


@settings(max_examples=20, deadline=None)
@given(some.lists(some.tuples(some.sampled_from("abc"), some.integers(1, 4), some.integers(0, 9)), max_size=12))
def test_memories_are_what_a_replay_of_the_log_gives(steps: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        store, day = Store(Path(folder) / "study.db"), DAY
        for name, rating, gap in steps:
            day += timedelta(days=gap)
            store.record("ann", [review(f"t/{name}", rating, day)])
        assert store.memories("ann") == replay(store.reviews("ann"))
        assert store.rebuild("ann") == store.memories("ann")


def test_an_answer_and_its_reviews_are_kept_together_or_not_at_all(store: Store) -> None:
    before = sitting()
    store.start(before)
    after, reviews = answered(before)
    broken = [*reviews, replace(reviews[0], rating=9)]
    with pytest.raises(ValueError, match="Rating"):
        store.answer(before, after, broken)
    assert store.sitting("ann", "s1") == before
    assert store.reviews("ann") == []
    store.answer(before, after, reviews)
    assert store.sitting("ann", "s1") == after
    assert store.reviews("ann") == reviews


def test_a_sitting_resumes_where_it_was_and_ends_with_its_last_answer(store: Store) -> None:
    now = sitting(count=3)
    store.start(now)
    for _ in range(3):
        assert store.open_sitting("ann") == now
        before = now
        now, reviews = answered(before, right=False)
        store.answer(before, now, reviews)
    assert store.open_sitting("ann") is None
    assert store.sittings("ann") == [now]
    assert now.done
    assert now.right == 0


def test_the_second_answer_to_a_question_is_told_that_it_came_late(store: Store) -> None:
    before = sitting()
    store.start(before)
    first, reviews = answered(before)
    second, _ = answered(before, right=False)
    store.answer(before, first, reviews)
    with pytest.raises(Overtaken) as error:
        store.answer(before, second, reviews)
    assert error.value.sitting == first
    assert len(store.reviews("ann")) == len(reviews)


def test_no_learner_sees_anothers_sitting(store: Store) -> None:
    store.start(sitting())
    assert store.sitting("bob", "s1") is None
    assert store.open_sitting("bob") is None
    assert store.export("bob") == {"reviews": [], "sittings": [], "learners": [], "answers": []}


def test_the_export_holds_everything_of_one_learner(store: Store) -> None:
    store.save_learner(Learner(id="ann", exam="mla-c02"))
    for learner in ("ann", "bob"):
        before = sitting(id=f"s-{learner}", learner=learner)
        store.start(before)
        store.answer(before, *answered(before))
    mine = store.export("ann")
    assert {name: len(rows) for name, rows in mine.items()} == {
        "reviews": len(store.reviews("ann")),
        "sittings": 1,
        "learners": 1,
        "answers": 1,
    }


def test_threads_lose_no_review_and_no_answer(store: Store) -> None:
    """Twelve threads for three learners, all on one file: the log has every review, the cache is the replay."""
    for name in "abc":
        store.start(sitting(id=name, learner=name, count=12))

    def work(number: int) -> None:
        learner = "abc"[number % 3]
        for i in range(15):
            store.record(learner, [review(f"t/{i % 4}", 1 + (number + i) % 4)])
        while (before := store.sitting(learner, learner)) and not before.done:
            after, _ = answered(before)
            try:
                store.answer(before, after, [])
            except Overtaken:
                continue

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    for name in "abc":
        assert len(store.reviews(name)) == 4 * 15
        assert store.memories(name) == replay(store.reviews(name))
        done = store.sitting(name, name)
        assert done is not None
        assert [item.position for item in done.answers] == list(range(12))


def test_many_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from quizzes.store import *;"
        "Store(Path(sys.argv[1])).save_learner(Learner(id=sys.argv[2], exam='mla-c02'))"
    )
    path = tmp_path / "study.db"
    started = [subprocess.Popen([sys.executable, "-c", code, str(path), str(i)]) for i in range(4)]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0, 0]
    assert all(Store(path).learner(str(i)) for i in range(4))


@pytest.mark.parametrize(
    "data", [b"this is not a database, it is a letter" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_damaged_file_gives_a_message_and_is_left_as_it_is(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(data)
    with pytest.raises(StoreError, match="Nothing was changed"):
        Store(path)
    assert path.read_bytes() == data


def test_a_file_damaged_while_in_use_gives_a_message(store: Store) -> None:
    store.record("ann", [review()])
    store.path.write_bytes(b"\x00" * 4096)
    for leftover in store.path.parent.glob("study.db-*"):
        leftover.unlink()
    with pytest.raises(StoreError):
        store.reviews("ann")


def test_a_folder_in_the_way_gives_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "file" / "study.db")
    with pytest.raises(StoreError):
        Store(tmp_path)


def test_a_locked_database_gives_a_message_and_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quizzes.store._WAIT_SECONDS", 0.1)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreError, match="try again"):
        store.record("ann", [review()])
    other.execute("rollback")
    store.record("ann", [review()])
    assert len(store.reviews("ann")) == 1


def test_an_older_file_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path) -> None:
    """A copy of a file opens as well: what was prepared is the file, not its name."""
    first = Store(tmp_path / "a.db")
    first.record("ann", [review()])
    with sqlite3.connect(first.path) as db:
        db.execute("pragma wal_checkpoint(truncate)")
    (tmp_path / "b.db").write_bytes(first.path.read_bytes())
    assert Store(tmp_path / "b.db").reviews("ann") == [review()]


def test_a_rating_is_kept_once_however_often_its_key_is_pressed(store: Store) -> None:
    shown, minute = NOW - timedelta(seconds=5), timedelta(minutes=1)
    store.record("ann", [review()], since=shown)
    store.record("ann", [replace(review(), at=NOW + minute)], since=shown)
    assert store.reviews("ann") == [review()]
    store.record("bob", [review()], since=shown)
    store.record("ann", [review("t/g")], since=shown)
    later = replace(review(), at=NOW + 2 * minute)
    store.record("ann", [later], since=NOW + minute)
    assert store.reviews("ann") == [review(), review("t/g"), later]
    assert store.reviews("bob") == [review()]


def test_threads_that_rate_one_card_at_once_keep_one_rating(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(store.record, "ann", [review()], since=NOW) for _ in range(40)]:
            future.result()
    assert store.reviews("ann") == [review()]
