"""The tuning race's engine against optuna and syne-tune on one task, on one and on two cores, and thirty paired seeds.

    python tests/bench/bench_hyperband.py

The task: digits, a neural network by partial_fit, five hyperparameters, R = 27 epochs, eta = 3, 357 epochs a seed, ten
seeds, one thread.
Everybody trains the same way, by the same lines; what is compared is what a library spends beside the training. CPU
time is measured, so that a busy machine harms nobody. The libraries are installed into a throw-away environment under
build/ if this interpreter lacks them, and run there as a subprocess.
"""

import json
import os
import subprocess
import sys
import time
import types
import venv
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
PEERS = ("optuna==5.0.0", "syne-tune==0.16.0")
SAME = ("numpy", "scikit-learn", "scipy")
R, ETA, BUDGET, ROWS, SEEDS = 27, 3, 357, 1_797, 10
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def timed_curves(seed: int):
    """The curves of a seed that add up the CPU time of training and scoring in `fit_seconds`."""
    from simulators._hyperband.learners import Curves, load
    from simulators._hyperband.spaces import Range, Space

    class Timed(Curves):
        fit_seconds = 0.0

        def _one_epoch(self, curve):
            begin = time.process_time()
            try:
                return super()._one_epoch(curve)
            finally:
                self.fit_seconds += time.process_time() - begin

    # Nothing here changes what an epoch costs, so an epoch is an epoch whoever chose the configuration.
    space = Space(
        (
            Range("learning_rate_init", 1e-5, 1e1, "Logarithmic"),
            Range("alpha", 1e-6, 1e1, "Logarithmic"),
            Range("beta_1", 0.5, 0.99, "ReverseLogarithmic"),
            Range("beta_2", 0.9, 0.9999, "ReverseLogarithmic"),
            Range("epsilon", 1e-10, 1e-2, "Logarithmic"),
        ),
        (("width", 32), ("batch_size", 64)),
    )
    return Timed(load("digits", ROWS, seed), "mlp", space, seed), space


def measured(tune, seed: int) -> dict[str, float]:
    """CPU seconds, those of the fits, epochs and the best score."""
    import numpy as np
    from sklearn import config_context

    curves, space = timed_curves(seed)
    begin = time.process_time()
    with np.errstate(all="ignore"), config_context(assume_finite=True, skip_parameter_validation=True):
        best = tune(curves, space, seed)
    cpu = time.process_time() - begin
    return {"cpu": cpu, "fit": curves.fit_seconds, "epochs": curves.trained, "best": float(best)}


def ours(curves, space, seed):
    from simulators._hyperband.engine import race
    from simulators._hyperband.schedule import brackets
    from simulators._hyperband.strategies import Draws, Hyperband

    strategy = Hyperband(Draws(space, seed), brackets(R, ETA))
    return race(strategy, curves, budget=BUDGET, max_resource=R).validation.max()


def with_optuna(curves, space, seed):
    import numpy as np
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=seed),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=R, reduction_factor=ETA),
    )

    def objective(trial):
        point = np.array([trial.suggest_float(str(number), 0.0, 1.0) for number in range(len(space.ranges))])
        configuration, score = space.at(point), 0.0
        for epoch in range(1, R + 1):
            if curves.trained >= BUDGET:
                study.stop()
                break
            score = curves.after(configuration, epoch)[0]
            trial.report(score, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    study.optimize(objective, n_trials=BUDGET)
    return max(score for curve in curves._curves.values() for score, _ in curve.scores)


def with_syne_tune(curves, space, seed):
    from datetime import UTC, datetime

    import numpy as np
    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.baselines import ASHA
    from syne_tune.optimizer.scheduler import SchedulerDecision

    names = [str(number) for number in range(len(space.ranges))]
    scheduler = ASHA(
        {name: uniform(0.0, 1.0) for name in names},
        metric="score",
        time_attr="epoch",
        max_t=R,
        do_minimize=False,
        random_seed=seed,
        reduction_factor=ETA,
    )
    number = 0
    while curves.trained < BUDGET:
        suggestion = scheduler.suggest()
        trial = Trial(number, suggestion.config, datetime.now(UTC))
        scheduler.on_trial_add(trial)
        number += 1
        configuration = space.at(np.array([suggestion.config[name] for name in names]))
        for epoch in range(1, R + 1):
            told = {"score": curves.after(configuration, epoch)[0], "epoch": epoch}
            if scheduler.on_trial_result(trial, told) == SchedulerDecision.STOP or curves.trained >= BUDGET:
                break
    return max(score for curve in curves._curves.values() for score, _ in curve.scores)


def compared() -> None:
    """Run all three, seed by seed in one process; printed as JSON.

    The modules of the race are imported without the rest of the app, which this interpreter may lack.
    """
    package = types.ModuleType("simulators")
    package.__path__ = [str(ROOT / "simulators")]
    sys.modules["simulators"] = package
    entrants = {"ours, Hyperband": ours, "optuna, Hyperband": with_optuna, "syne-tune, ASHA": with_syne_tune}
    for tune in entrants.values():
        measured(tune, 0)  # imports and caches
    rows = {name: [] for name in entrants}
    for seed in range(SEEDS):
        # In turn the first and the last, as a busy machine is not busy evenly.
        for name, tune in list(entrants.items())[:: 1 if seed % 2 else -1]:
            rows[name].append(measured(tune, seed))
    print(json.dumps(rows))


def interpreter() -> str:
    """An interpreter that has the libraries, at the versions of numpy and scikit-learn that run here."""
    from importlib.metadata import version

    if find_spec("optuna") and find_spec("syne_tune"):
        return sys.executable
    folder = ROOT / "build" / "bench-venv-hyperband"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    same = [f"{name}=={version(name)}" for name in SAME]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS, *same], check=True)
    return str(python)


def engine() -> None:
    """What each spends beside the training."""
    from simulators._hyperband import race as races
    from simulators.hyperband import Params, run_seed

    told = subprocess.run(
        [interpreter(), __file__, "--compare"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **THREADS},
    )
    rows = json.loads(told.stdout.splitlines()[-1])
    print(f"\ndigits, MLP, R = {R}, eta = {ETA}, {SEEDS} seeds, one thread: CPU time")
    for name, runs in rows.items():
        cpu, fit, epochs, best = (sum(run[key] for run in runs) for key in ("cpu", "fit", "epochs", "best"))
        print(
            f"  {name:18} {1000 * cpu / epochs:5.2f} ms an epoch, beside the fits {100 * (cpu - fit) / fit:4.1f} %, "
            f"{epochs} epochs, mean best {best / SEEDS:.3f}"
        )
    first, *others = rows
    for name in others:
        pairs = list(zip(rows[name], rows[first], strict=True))
        measured_so = median(
            theirs["cpu"] / theirs["epochs"] / (mine["cpu"] / mine["epochs"]) for theirs, mine in pairs
        )
        same_fits = median(theirs["cpu"] / theirs["fit"] / (mine["cpu"] / mine["fit"]) for theirs, mine in pairs)
        print(
            f"  {name}: {measured_so:.3f} times our CPU time an epoch (median of the seeds), {same_fits:.3f} times if "
            "the fits had taken both the same"
        )

    kept = []
    plain = races.Curves

    def timed(data, model, space, seed, on_epoch):
        curves, _ = timed_curves(seed)
        plain.__init__(curves, data, model, space, seed, on_epoch)
        kept.append(curves)
        return curves

    races.Curves = timed
    begin = time.process_time()
    for number in range(1, SEEDS + 1):
        run_seed(Params(rows=ROWS), number, lambda share, words: None, keys=("hyperband",))
    cpu = time.process_time() - begin
    races.Curves = plain
    fit = sum(curves.fit_seconds for curves in kept)
    print(
        f"  a whole race of Hyperband, with data, progress and bookkeeping: {100 * (cpu - fit) / fit:.1f} % beside fits"
    )


def _seed(number: int):
    from simulators.hyperband import Params, run_seed

    return run_seed(Params(line_up="duel", seeds=30), number, keys=("random", "hyperband"))


def cores() -> None:
    """Seeds are independent: two processes against one, both warm."""
    from threadpoolctl import threadpool_limits

    alone = together = 0.0
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool, threadpool_limits(1):
        list(pool.map(_seed, (1, 2)))
        for first in (1, 5, 9, 13):
            numbers = range(first, first + 4)
            begin = time.perf_counter()
            for number in numbers:
                _seed(number)
            middle = time.perf_counter()
            list(pool.map(_seed, numbers))
            alone, together = alone + middle - begin, together + time.perf_counter() - middle
    print(f"\n16 seeds: {alone:.1f} s in one process, {together:.1f} s in two: {alone / together:.2f} times as fast")
    print(f"  ({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} from everything that runs here)")


def seeds() -> None:
    """Thirty paired seeds on the hard space, Hyperband against random search at equal epochs."""
    from simulators.hyperband import Params, Race, findings

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        result = Race(Params(line_up="duel", seeds=30), tuple(pool.map(_seed, range(30))))
    print("\n30 paired seeds, hard space")
    print(f"  {findings(result)[0]}")
    for name, scores in (("validation", result.validation), ("test", result.test)):
        better = int((scores["hyperband"] > scores["random"]).sum())
        worse = int((scores["hyperband"] < scores["random"]).sum())
        means = {key: float(values.mean()) for key, values in scores.items()}
        against = f"{means['hyperband']:.3f} against {means['random']:.3f}"
        print(f"  {name}: mean {against}, better in {better}, worse in {worse}")


def main() -> None:
    """Print every comparison."""
    engine()
    cores()
    seeds()


if __name__ == "__main__":
    os.environ.update(THREADS)
    if "--compare" in sys.argv:
        compared()
    else:
        sys.path.insert(0, str(ROOT))
        main()
