"""The race: every strategy, the same budget, several paired seeds; and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.stats import wilcoxon
from sklearn import config_context
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from simulators._hyperband.engine import Run, Strategy, race
from simulators._hyperband.learners import Curves, Data, load, work
from simulators._hyperband.lineup import LOOKS, line_up, strategy
from simulators._hyperband.params import Params
from simulators._hyperband.schedule import Bracket, brackets, total_epochs
from simulators._hyperband.spaces import Configuration, Space, space_of
from simulators._hyperband.strategies import Draws
from simulators.contract import OnProgress

WORKERS = (1, 4, 10)
"""The worker counts whose wall-clock times are compared; 10 is SageMaker's first quota."""

_EPOCHS_BETWEEN_REPORTS = 8


@dataclass(frozen=True)
class SeedRace:
    """The race of one seed: the same data split, random configurations and model seeds for every strategy."""

    seed: int
    runs: Mapping[str, Run]
    parallel: Mapping[tuple[str, int], Run]
    """(strategy, workers) → what it did with that many workers; of the first seed only."""
    longer_random: Run | None
    """Random search with `random_budgets` times the budget."""
    trained: int
    """Epochs really trained, each shared curve once: at most what the strategies were charged together."""


@dataclass(frozen=True)
class Race:
    """What `run` returns: one `SeedRace` per seed, and the numbers the page speaks of."""

    params: Params
    seeds: tuple[SeedRace, ...]

    @property
    def strategies(self) -> tuple[str, ...]:
        """Who raced, by short key."""
        return tuple(self.seeds[0].runs)

    @property
    def schedule(self) -> list[Bracket]:
        """The brackets of one pass of Hyperband."""
        return brackets(self.params.max_resource, self.params.eta, rule=self.params.rule)

    @property
    def budget(self) -> int:
        """Epochs each strategy may train, per seed."""
        return budget(self.params)

    @property
    def trained(self) -> int:
        """Epochs really trained, over all seeds."""
        return sum(each.trained for each in self.seeds)

    @property
    def worker_counts(self) -> tuple[int, ...]:
        """The worker counts of `SeedRace.parallel`."""
        return tuple(sorted({workers for _, workers in self.seeds[0].parallel}))

    @cached_property
    def validation(self) -> dict[str, npt.NDArray[np.float64]]:
        """Each strategy's best validation accuracy, per seed."""
        return {key: np.array([each.runs[key].validation.max() for each in self.seeds]) for key in self.strategies}

    @cached_property
    def test(self) -> dict[str, npt.NDArray[np.float64]]:
        """The test accuracy of the model that validation picked, per seed."""
        return {
            key: np.array([each.runs[key].test[each.runs[key].winner] for each in self.seeds])
            for key in self.strategies
        }

    def best_so_far(self, key: str) -> npt.NDArray[np.float64]:
        """Best validation accuracy after each epoch of the budget, shape (seeds, budget); held where a run ended."""
        rows = [each.runs[key].best_validation for each in self.seeds]
        return np.array([np.r_[row, np.full(self.budget - len(row), row[-1])] for row in rows])

    def random_needs(self) -> npt.NDArray[np.float64] | None:
        """Per seed, the multiple of the budget at which random search had Hyperband's accuracy; inf: not in its time.

        None when random search did not run on, or Hyperband did not race.
        """
        if "hyperband" not in self.strategies:
            return None
        needs = []
        for each, wanted in zip(self.seeds, self.validation["hyperband"], strict=True):
            if each.longer_random is None:
                return None
            level = np.flatnonzero(each.longer_random.best_validation >= wanted)
            needs.append((level[0] + 1) / self.budget if len(level) else np.inf)
        return np.array(needs)

    def paired_p(self, one: str, other: str) -> float | None:
        """Two-sided p of Wilcoxon's signed-rank test on the paired validation accuracies; None below six pairs."""
        differences = self.validation[one] - self.validation[other]
        if len(differences) < 6:
            return None
        return float(wilcoxon(differences).pvalue) if differences.any() else 1.0


def budget(params: Params) -> int:
    """Epochs each strategy may train: what `passes` passes of Hyperband cost."""
    schedule = brackets(params.max_resource, params.eta, rule=params.rule)
    return params.passes * total_epochs(schedule, resume=params.resume)


def _pace(params: Params, space: Space, data: Data) -> Callable[[Configuration], float]:
    """Configuration → minutes an epoch takes, an average one in the middle of the space taking one."""

    def cost(configuration: Configuration) -> float:
        return work(params.model, space.named(configuration), data)

    middle = cost(space.at(np.full(len(space.ranges), 0.5)))
    return lambda configuration: cost(configuration) / middle


class _Progress:
    """Turns charged epochs into a share and words; speaks when the words change, and after every few trained epochs."""

    def __init__(self, on_progress: OnProgress | None, total: int) -> None:
        self._tell = on_progress
        self._total = total
        self._charged = 0
        self._silent = 0
        self._said = ""
        self._place = ""
        self._strategy: Strategy | None = None

    def enter(self, place: str, strategy: Strategy) -> None:
        self._place, self._strategy, self._said = place, strategy, ""

    def charged(self) -> None:
        self._charged += 1
        self._speak()

    def training(self) -> None:
        self._silent += 1
        self._speak()

    def _speak(self) -> None:
        if self._tell is None or self._strategy is None:
            return
        words = self._strategy.words()
        if words == self._said and self._silent < _EPOCHS_BETWEEN_REPORTS:
            return
        self._said, self._silent = words, 0
        self._tell(min(self._charged / self._total, 1.0), f"{self._place}: {words}")


def _total(params: Params, *, first: bool) -> int:
    """Epochs that one seed charges at most, all its runs together."""
    runs = len(line_up(params)) * (1 + (len(_sweep(params)) if first else 0))
    longer = params.random_budgets if params.random_budgets > 1 else 0
    return budget(params) * (runs + longer)


def _sweep(params: Params) -> tuple[int, ...]:
    """The worker counts to try beside the race's own."""
    return tuple(workers for workers in WORKERS if workers != params.workers)


def run_seed(
    params: Params, number: int, on_progress: OnProgress | None = None, *, keys: tuple[str, ...] | None = None
) -> SeedRace:
    """The race of one seed, `params.seed + number`; seeds are independent, so they can run in several processes.

    Args:
        params: of the whole race.
        number: which of its seeds, from 0; the first one also tries the other worker counts.
        on_progress: told of every few trained epochs; what it raises ends the race.
        keys: race only these strategies.
    """
    seed = params.seed + number
    space = space_of(params.model, params.space, params.scale)
    data = load(params.data, params.rows, seed)
    progress = _Progress(on_progress, _total(params, first=number == 0))
    curves = Curves(data, params.model, space, seed, progress.training)
    draws = Draws(space, seed)
    pace = _pace(params, space, data)

    def one(key: str, workers: int, epochs: int) -> Run:
        entrant = strategy(key, params, draws, seed)
        where = f"Seed {number + 1} of {params.seeds}, {LOOKS[key].name}"
        progress.enter(where if workers == 1 else f"{where} on {workers} workers", entrant)
        return race(
            entrant,
            curves,
            budget=epochs,
            max_resource=params.max_resource,
            workers=workers,
            startup_minutes=params.startup_minutes,
            epoch_minutes=pace,
            on_epoch=progress.charged,
        )

    whole = budget(params)
    # Divergence and saturation overflow by design; BLAS threads would fight over matrices this small.
    # Our own arrays are known to be finite, and checking them again each epoch costs a tenth of it.
    lean = config_context(assume_finite=True, skip_parameter_validation=True)
    with np.errstate(all="ignore"), threadpool_limits(1), lean:
        runs = {key: one(key, params.workers, whole) for key in keys or line_up(params)}
        parallel = {}
        if number == 0:
            parallel = {(key, params.workers): run for key, run in runs.items()}
            parallel |= {(key, workers): one(key, workers, whole) for workers in _sweep(params) for key in runs}
        longer = one("random", params.workers, whole * params.random_budgets) if params.random_budgets > 1 else None
    return SeedRace(seed, runs, parallel, longer, curves.trained)


def run(params: Params, on_progress: OnProgress | None = None) -> Race:
    """Race the strategies at equal budgets, once per seed.

    The first seed is also run on 1, 4 and 10 workers, for their wall-clock times.

    Args:
        params: the race; the same ones give the same result.
        on_progress: told the share done and where the race stands, every few trained epochs; what it raises (such as
            `Cancelled`) ends the race and passes.
    """
    totals = [_total(params, first=number == 0) for number in range(params.seeds)]
    races = []
    for number in range(params.seeds):
        tell = on_progress and _part(on_progress, sum(totals[:number]) / sum(totals), totals[number] / sum(totals))
        races.append(run_seed(params, number, tell))
    if on_progress:
        on_progress(1.0, "Done")
    return Race(params, tuple(races))


def _part(on_progress: OnProgress, begin: float, width: float) -> OnProgress:
    """Progress of one seed as progress of the whole."""
    return lambda share, words: on_progress(begin + share * width, words)
