"""Runs that take longer than a blink, outside the server's threads: one learner's race never freezes another's page.

A crew computes, processes of this machine or the workers of a Dask cluster; each run tells its progress and looks
whether it was stopped. Equal runs are computed once, for everybody.
"""

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from types import ModuleType
from typing import Any, Protocol

from simulators import find
from simulators._cluster import Cluster
from simulators.contract import Cancelled, OnProgress

_KEPT = 64  # results of slow runs
_SLOTS = 256  # flags: far more than runs that can wait at once
_CONTEXT = get_context("spawn")  # a fork would copy the locks that the server's threads hold

_worker: dict[str, Any] = {}
"""In a worker process: the queue and the flags it was born with."""

Hear = Callable[[str, float, str], None]
"""Told of a run's key, the share done and a few words."""


class Busy(Exception):
    """Too many runs are waiting."""


class Crew(Protocol):
    """Who computes. `slot` is a number of the run's own while it lasts."""

    def submit(self, key: str, slot: int, work: Callable[..., Any], given: tuple[Any, ...]) -> "Future[Any]":
        """Begin `work(*given, on_progress)`."""

    def stop(self, slot: int) -> None:
        """Have the run end at its next sign of progress."""

    def close(self) -> None:
        """Let everybody go; runs under way are lost."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: the share done, from 0 to 1, and a few words."""

    share: float = 0.0
    words: str = "Waiting for a free processor"


@dataclass
class Job:
    """A run under way or over."""

    key: str
    slot: int
    future: "Future[Any]"
    progress: Progress = Progress()

    @property
    def done(self) -> bool:
        """Over: finished, failed or cancelled."""
        return self.future.done()

    @property
    def cancelled(self) -> bool:
        """Over because somebody stopped it."""
        return self.done and (self.future.cancelled() or isinstance(self.future.exception(), Cancelled))

    @property
    def failed(self) -> bool:
        """Over, and neither with a result nor stopped by anybody."""
        return self.done and not self.cancelled and self.future.exception() is not None

    def result(self) -> Any:
        """What the run returned.

        Raises:
            Cancelled: it was stopped.
            Exception: what the run raised.
        """
        if self.future.cancelled():
            raise Cancelled
        return self.future.result()


class Jobs:
    """The crew, and the runs it has done lately."""

    def __init__(self, workers: int | None = None, scheduler: str | None = None) -> None:
        """Hire processes of this machine, by default all processors but one, or the Dask cluster of a scheduler.

        Raises:
            ClusterError: the cluster cannot be used.
        """
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._free = list(range(_SLOTS))
        self._crew = _crew(workers, scheduler, self._hear)

    def _hear(self, key: str, share: float, words: str) -> None:
        if job := self._jobs.get(key):
            job.progress = Progress(min(max(share, 0.0), 1.0), words)

    def get(self, slug: str, params: Any) -> Job | None:
        """The run of these params, if it is under way or kept."""
        return self._jobs.get(_key(slug, params))

    def start(self, slug: str, params: Any) -> Job:
        """The run of these params: the one there is, or a new one.

        Raises:
            Busy: too many runs are waiting.
        """
        return self.call(_key(slug, params), _run, slug, params)

    def call(self, key: str, work: Callable[..., Any], *given: Any) -> Job:
        """`work(*given, on_progress)` by the crew; equal keys are computed once, unless that was stopped.

        Raises:
            Busy: too many runs are waiting.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job and not job.cancelled:
                self._jobs.move_to_end(key)
                return job
            self._forget_old()
            if not self._free:
                raise Busy
            slot = self._free.pop()
            job = Job(key, slot, self._crew.submit(key, slot, work, given))
            self._jobs[key] = job
            self._jobs.move_to_end(key)
        job.future.add_done_callback(lambda _: self._free.append(slot))
        return job

    def _forget_old(self) -> None:
        over = [key for key, job in self._jobs.items() if job.done]
        for key in over[: max(len(self._jobs) - _KEPT + 1, 0)]:
            del self._jobs[key]

    def forget(self, job: Job) -> None:
        """Keep nothing of a run that is over: it failed, or what came of somebody's own data is hers alone."""
        with self._lock:
            if self._jobs.get(job.key) is job and job.done:
                del self._jobs[job.key]

    def cancel(self, job: Job) -> None:
        """Stop a run: at once when it waits, at its next sign of progress when it computes."""
        if job.done:
            return  # its slot may be another's by now
        self._crew.stop(job.slot)
        job.future.cancel()

    def close(self) -> None:
        """Let the crew go; runs under way are lost."""
        self._crew.close()


def _crew(workers: int | None, scheduler: str | None, hear: Hear) -> Crew:
    if scheduler is None:
        return Processes(workers or max((os.cpu_count() or 2) - 1, 1), hear)
    return Cluster(scheduler, hear)


class Processes:
    """A pool of processes of this machine; they tell their progress through a queue and look at a flag."""

    def __init__(self, workers: int, hear: Hear) -> None:
        self._workers, self._hear = workers, hear
        self._open()

    def _open(self) -> None:
        self._told = _CONTEXT.Queue()
        self._flags = _CONTEXT.Array("b", _SLOTS, lock=False)
        self.pool = ProcessPoolExecutor(
            self._workers, mp_context=_CONTEXT, initializer=_begin, initargs=(self._told, self._flags)
        )
        threading.Thread(target=self._listen, args=(self._told,), name="simulator-progress", daemon=True).start()

    def _listen(self, told: Any) -> None:
        while (message := told.get()) is not None:
            self._hear(*message)

    def submit(self, key: str, slot: int, work: Callable[..., Any], given: tuple[Any, ...]) -> "Future[Any]":
        """Begin `work(*given, on_progress)` in a process."""
        self._flags[slot] = 0
        with _no_main_module():
            try:
                return self.pool.submit(_work, key, slot, work, given)
            except BrokenProcessPool:  # a worker was killed: the runs it had are lost, the next ones need not be
                self._open()
                return self.pool.submit(_work, key, slot, work, given)

    def stop(self, slot: int) -> None:
        """Have the run end at its next sign of progress."""
        self._flags[slot] = 1

    def close(self) -> None:
        """Stop the pool; runs under way are lost."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self._told.put(None)


@contextmanager
def _no_main_module() -> Iterator[None]:
    """While a worker is started: it would run the main module first, and Streamlit calls the app's script that."""
    main, none = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = none
    try:
        yield
    finally:
        if sys.modules["__main__"] is none:  # another page's script may have taken the place meanwhile
            sys.modules["__main__"] = main


def _key(slug: str, params: Any) -> str:
    return f"{slug} {params!r}"


def _begin(told: Any, flags: Any) -> None:
    _worker.update(told=told, flags=flags)
    # The pages come first; and one thread each, or the libraries' own threads would take every core.
    os.nice(10) if hasattr(os, "nice") else None
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _run(slug: str, params: Any, on_progress: OnProgress) -> Any:
    return find(slug).run(params, on_progress)


def _work(key: str, slot: int, work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    return work(*given, _reporter(key, slot))


def _reporter(key: str, slot: int) -> OnProgress:
    def on_progress(share: float, words: str) -> None:
        if _worker["flags"][slot]:
            raise Cancelled
        _worker["told"].put((key, share, words))

    return on_progress
