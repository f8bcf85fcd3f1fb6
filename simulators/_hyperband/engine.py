"""One engine for every strategy: workers in virtual time, one budget in epochs really trained.

A strategy says what an idle worker trains next and hears the score after every epoch. An epoch is charged when it is
trained; when the budget is spent nothing more is trained. Nothing here looks at a clock: an epoch lasts as long as its
configuration's work says, in minutes of an average configuration.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from simulators._hyperband.learners import Curves
from simulators._hyperband.spaces import Configuration

Ending = Literal["finished", "stopped", "diverged", "cut"]
"""How a configuration's training ended: at R, by its strategy, by overflow, or with the budget."""


@dataclass(frozen=True)
class Stint:
    """A stretch of training for one configuration on one worker: epochs `first` to `last`, counted from 1."""

    trial: int
    configuration: Configuration
    first: int
    last: int
    attempt: int = 0
    bracket: int = 0
    """The bracket's s; 0 where a strategy has none."""


class Strategy(Protocol):
    """What decides: the engine trains."""

    def start(self) -> Stint | None:
        """What an idle worker does next; None: nothing for now, or ever when no worker is busy."""

    def report(self, stint: Stint, epoch: int, score: float, diverged: bool) -> bool:
        """Hear the validation score after an epoch; False stops the stint. Called for its last epoch as well."""

    def words(self) -> str:
        """Where the strategy stands, for the progress line."""


@dataclass(frozen=True)
class Run:
    """What one strategy did with its budget: one entry per epoch it was charged, in the order they ended.

    Scores are accuracies (0 to 1); `began` and `ended` are virtual minutes, and the first epoch of a job began with the
    job's start-up. `known` has one entry per configuration: how many others had ended
    when it was started.
    """

    trial: npt.NDArray[np.int32]
    epoch: npt.NDArray[np.int32]
    validation: npt.NDArray[np.float64]
    test: npt.NDArray[np.float64]
    began: npt.NDArray[np.float64]
    ended: npt.NDArray[np.float64]
    worker: npt.NDArray[np.int32]
    configurations: tuple[Configuration, ...]
    brackets: tuple[int, ...]
    endings: tuple[Ending, ...]
    known: tuple[int, ...]
    stints: int
    """Jobs started: a configuration that is paused and resumed, or trained again, counts once each time."""

    @property
    def charged(self) -> int:
        """Epochs trained on this strategy's account."""
        return len(self.trial)

    @property
    def wall_minutes(self) -> float:
        """When the last epoch ended."""
        return float(self.ended.max(initial=0.0))

    def busy_share(self, workers: int) -> float:
        """The share of the workers' time, until the last epoch ended, in which they trained or started up."""
        return float((self.ended - self.began).sum() / (workers * self.wall_minutes))

    @property
    def best_validation(self) -> npt.NDArray[np.float64]:
        """The best validation score so far, after each charged epoch."""
        return np.maximum.accumulate(self.validation)

    @property
    def winner(self) -> int:
        """The position of the epoch whose model is the answer: the first with the best validation score."""
        return int(np.argmax(self.validation))

    @property
    def test_of_best(self) -> npt.NDArray[np.float64]:
        """The test score of the model that validation would have picked, after each charged epoch."""
        improved = np.r_[True, self.validation[1:] > self.best_validation[:-1]]
        held = np.maximum.accumulate(np.where(improved, np.arange(self.charged), 0))
        return self.test[held]


class _Event(NamedTuple):
    """The end of an epoch on a worker; the earliest comes first, and of two at once the one begun first."""

    end: float
    order: int
    begin: float
    worker: int
    stint: Stint
    epoch: int
    grant: int
    """Epochs of the budget still set aside for the stint, after this one."""
    pace: float


def _next_epoch(event: _Event, grant: int, order: int) -> _Event:
    end = event.end + event.pace
    return event._replace(end=end, order=order, begin=event.end, epoch=event.epoch + 1, grant=grant - 1)


def _ending(*, diverged: bool, whole: bool, wanted: bool) -> Ending:
    if diverged:
        return "diverged"
    if whole:
        return "finished"
    return "cut" if wanted else "stopped"


def race(
    strategy: Strategy,
    curves: Curves,
    *,
    budget: int,
    max_resource: int,
    workers: int = 1,
    startup_minutes: float = 0.0,
    epoch_minutes: Callable[[Configuration], float] = lambda _: 1.0,
    on_epoch: Callable[[], None] = lambda: None,
) -> Run:
    """Let a strategy spend `budget` epochs on `workers` workers; `on_epoch` hears of each epoch charged.

    Returns:
        Every epoch it was charged for: `budget` of them, or fewer when the strategy had nothing more to try.
    """
    order = count()
    events: list[_Event] = []
    idle = list(range(workers - 1, -1, -1))
    rows: list[tuple[int, int, float, float, float, float, int]] = []
    seen: dict[int, tuple[Configuration, int, int]] = {}
    ended: dict[int, Ending] = {}
    now, granted, stints = 0.0, 0, 0
    while True:
        while idle and granted < budget and (stint := strategy.start()) is not None:
            if stint.trial not in seen:
                seen[stint.trial] = (stint.configuration, stint.bracket, len(ended))
            ended.pop(stint.trial, None)
            stints += 1
            # The whole stint is set aside, so that workers do not start what the budget cannot finish.
            grant = min(stint.last - stint.first + 1, budget - granted)
            granted += grant
            pace = epoch_minutes(stint.configuration)
            end = now + startup_minutes + pace
            heapq.heappush(events, _Event(end, next(order), now, idle.pop(), stint, stint.first, grant - 1, pace))
        if not events:
            break
        event = heapq.heappop(events)
        now, stint, epoch, grant = event.end, event.stint, event.epoch, event.grant
        validation, test, diverged = curves.after(stint.configuration, epoch, stint.attempt)
        on_epoch()
        rows.append((stint.trial, epoch, validation, test, event.begin, now, event.worker))
        wanted = strategy.report(stint, epoch, validation, diverged) and not diverged and epoch < stint.last
        if wanted and not grant and granted < budget:
            grant, granted = 1, granted + 1
        if wanted and grant:
            heapq.heappush(events, _next_epoch(event, grant, next(order)))
            continue
        granted -= grant
        idle.append(event.worker)
        ended[stint.trial] = _ending(diverged=diverged, whole=epoch >= max_resource, wanted=wanted)
    columns = list(zip(*rows, strict=True)) or [()] * 7
    trials = [seen[trial] for trial in range(len(seen))]
    return Run(
        trial=np.array(columns[0], dtype=np.int32),
        epoch=np.array(columns[1], dtype=np.int32),
        validation=np.array(columns[2], dtype=np.float64),
        test=np.array(columns[3], dtype=np.float64),
        began=np.array(columns[4], dtype=np.float64),
        ended=np.array(columns[5], dtype=np.float64),
        worker=np.array(columns[6], dtype=np.int32),
        configurations=tuple(configuration for configuration, _, _ in trials),
        brackets=tuple(bracket for _, bracket, _ in trials),
        endings=tuple(ended[trial] for trial in range(len(seen))),
        known=tuple(known for _, _, known in trials),
        stints=stints,
    )
