"""Slow runs in a pool of processes: progress, cancel, equal runs once, a killed worker."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from simulators import find
from simulators._cluster import ClusterError
from simulators.contract import Cancelled
from simulators.jobs import Job, Jobs


@pytest.fixture(scope="module")
def jobs() -> Iterator[Jobs]:
    pool = Jobs(workers=1)
    yield pool
    pool.close()


def until(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def quick(seed: int) -> object:
    return find("traffic").params(seed=seed)


def slow(seed: int) -> object:
    return find("hyperband").params(seed=seed)


def test_a_run_gives_what_the_simulator_gives(jobs: Jobs) -> None:
    job = jobs.start("traffic", quick(1))
    until(lambda: job.done)
    simulator = find("traffic")
    assert simulator.findings(job.result()) == simulator.findings(simulator.run(quick(1)))


def test_equal_runs_are_computed_once(jobs: Jobs) -> None:
    assert jobs.start("traffic", quick(2)) is jobs.start("traffic", quick(2))
    assert jobs.start("traffic", quick(3)) is not jobs.start("traffic", quick(2))


def test_progress_is_told_and_a_run_can_be_stopped_and_started_again(jobs: Jobs) -> None:
    job = jobs.start("hyperband", slow(1))
    until(lambda: job.progress.share > 0)
    assert job.progress.words
    jobs.cancel(job)
    until(lambda: job.done)
    assert job.cancelled
    with pytest.raises(Cancelled):
        job.result()
    again = jobs.start("hyperband", slow(1))
    assert again is not job
    jobs.cancel(again)
    until(lambda: again.done)


def test_a_waiting_run_is_stopped_at_once(jobs: Jobs) -> None:
    first = jobs.start("hyperband", slow(2))
    waiting = [jobs.start("traffic", quick(seed)) for seed in range(10, 14)]
    jobs.cancel(waiting[-1])
    assert waiting[-1].cancelled
    jobs.cancel(first)
    until(lambda: all(job.done for job in [first, *waiting]))


def test_a_killed_worker_does_not_end_the_pool() -> None:
    pool = Jobs(workers=1)
    try:
        job: Job = pool.start("hyperband", slow(3))
        until(lambda: job.progress.share > 0)
        for process in list(pool._crew.pool._processes.values()):
            os.kill(process.pid, signal.SIGKILL)
        until(lambda: job.done)
        assert job.failed
        assert pool.start("hyperband", slow(3)) is job, "a run that failed is not begun again by itself"
        pool.forget(job)
        again = pool.start("hyperband", slow(3))
        assert again is not job
        pool.cancel(again)
        after = pool.start("traffic", quick(5))
        until(lambda: after.done)
        assert after.result() is not None
    finally:
        pool.close()


def give_back(given: str, on_progress: Callable[[float, str], None]) -> str:
    on_progress(1.0, "done")
    return given


def test_any_work_can_be_called_and_forgotten(jobs: Jobs) -> None:
    job = jobs.call("a key", give_back, "given")
    until(lambda: job.done)
    assert job.result() == "given"
    assert jobs.call("a key", give_back, "given") is job
    jobs.forget(job)
    assert jobs.call("a key", give_back, "given") is not job


def test_a_worker_does_not_run_the_script_that_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit calls the page's script the main module; a new process would run it once more."""
    script, ran = tmp_path / "script.py", tmp_path / "ran"
    script.write_text(f"open({str(ran)!r}, 'w').close()\n", encoding="utf-8")
    main = ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    pool = Jobs(workers=1)
    try:
        job = pool.call("main", give_back, "given")
        until(lambda: job.done)
        assert job.result() == "given"
        assert sys.modules["__main__"] is main
        assert not ran.exists()
    finally:
        pool.close()


# --- on a Dask cluster ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as made:
        yield made.scheduler_address


def test_a_cluster_computes_tells_its_progress_and_stops(cluster: str) -> None:
    pool = Jobs(scheduler=cluster)
    try:
        job = pool.start("traffic", quick(21))
        until(lambda: job.done)
        assert find("traffic").findings(job.result()) == find("traffic").findings(find("traffic").run(quick(21)))
        long = pool.start("hyperband", slow(21))
        until(lambda: long.progress.share > 0)
        waiting = pool.start("traffic", quick(22))
        pool.cancel(long)
        until(lambda: long.done)
        assert long.cancelled
        until(lambda: waiting.done)
        assert waiting.result() is not None, "the worker has stopped the other run"
    finally:
        pool.close()


def test_a_cluster_that_does_not_answer_is_told() -> None:
    with pytest.raises(ClusterError, match="found no Dask scheduler"):
        Jobs(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ClusterError, match="found no Dask scheduler"):
        Jobs(scheduler="nonsense://x")
