"""Runs on the workers of a Dask cluster, for those who serve a class from more than one machine.

The workers need this folder and its requirements. A run tells its progress by an event of the scheduler and asks it, a
few times a second, whether it was stopped.
Source: https://distributed.dask.org/en/stable/api.html
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from simulators.contract import Cancelled, OnProgress

_TOPIC = "certlab-progress"
_PATIENCE_SECONDS, _BETWEEN_SECONDS = 5, 0.2


class ClusterError(Exception):
    """The cluster that was named cannot be used."""


class Cluster:
    """A crew of Dask workers."""

    def __init__(self, scheduler: str, hear: Callable[[str, float, str], None]) -> None:
        """Join the cluster of a scheduler, such as `tcp://10.0.0.5:8786`.

        Raises:
            ClusterError: it does not answer, or the package `distributed` is missing.
        """
        try:
            from distributed import Client  # noqa: PLC0415
        except ImportError as error:
            raise ClusterError("found no package distributed, wanted it for the cluster in CERTLAB_DASK") from error
        try:
            self._client = Client(scheduler, timeout=_PATIENCE_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(f"found no Dask scheduler at {scheduler!r}, which CERTLAB_DASK names") from error
        self._executor = self._client.get_executor(pure=False)
        self._stops: dict[int, Any] = {}
        self._client.subscribe_topic(_TOPIC, lambda event: hear(*event[1]))

    def submit(self, key: str, slot: int, work: Callable[..., Any], given: tuple[Any, ...]) -> "Future[Any]":
        """Begin `work(*given, on_progress)` on a worker."""
        from distributed import Event  # noqa: PLC0415

        self._stops[slot] = Event(f"certlab-stop-{slot}-{time.time_ns()}", client=self._client)
        future: Future[Any] = self._executor.submit(_work, key, self._stops[slot], work, given)
        return future

    def stop(self, slot: int) -> None:
        """Have the run end at its next sign of progress."""
        self._stops[slot].set()

    def close(self) -> None:
        """Leave the cluster; its workers go on for others."""
        self._client.close()


def _work(key: str, stop: Any, work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    return work(*given, _reporter(key, stop))


def _reporter(key: str, stop: Any) -> OnProgress:
    from distributed import get_worker  # noqa: PLC0415

    worker, told = get_worker(), 0.0

    def on_progress(share: float, words: str) -> None:
        nonlocal told
        if time.monotonic() - told < _BETWEEN_SECONDS:
            return  # each word to the scheduler is a journey
        told = time.monotonic()
        if stop.is_set():
            raise Cancelled
        worker.log_event(_TOPIC, (key, share, words))

    return on_progress
