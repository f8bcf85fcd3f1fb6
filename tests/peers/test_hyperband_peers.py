"""Other libraries as witnesses of the tuning race: dask-ml, optuna, syne-tune."""

from datetime import UTC, datetime
from importlib import import_module

import numpy as np
import pytest

from simulators._hyperband.strategies import Asha, worse_than_median
from simulators.hyperband import brackets, configurations, total_epochs

pytestmark = pytest.mark.peer


class Numbers:
    """Draws whose configurations are just their numbers."""

    space = None

    def configuration(self, number):
        return (number,)


@pytest.mark.parametrize(
    ("most", "eta"),
    [(9, 3), (27, 3), (81, 3), (16, 4), (64, 4), (256, 4), (16, 2), (64, 2), (25, 5), (100, 3), (50, 3)],
)
def test_dask_ml_plans_as_many_models_and_calls(most, eta):
    """Its plan resumes models, and follows Algorithm 1. Where R is no power of eta its last rung ends short of R."""
    search = import_module("dask_ml.model_selection")
    from sklearn.linear_model import SGDClassifier

    plan = search.HyperbandSearchCV(SGDClassifier(), {}, max_iter=most, aggressiveness=eta).metadata
    schedule = brackets(most, eta)
    assert plan["n_models"] == configurations(schedule)
    if schedule[0][0][0] == most:
        assert plan["partial_fit_calls"] == total_epochs(schedule)
    else:
        assert plan["partial_fit_calls"] < total_epochs(schedule)
    starts = {bracket["bracket"]: bracket["n_models"] for bracket in plan["brackets"]}
    assert starts == {len(bracket) - 1: bracket[0][0] for bracket in schedule}


def test_a_logarithm_in_floating_point_costs_dask_ml_a_bracket():
    search = import_module("dask_ml.model_selection")
    from sklearn.linear_model import SGDClassifier

    plan = search.HyperbandSearchCV(SGDClassifier(), {}, max_iter=243, aggressiveness=3).metadata
    assert len(plan["brackets"]) == len(brackets(243, 3)) - 1 == 5


@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_optuna_stops_the_same_trials_at_the_same_rungs(eta, seed):
    """Its asynchronous successive halving; scores all different, as ties are broken otherwise."""
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    curves = np.random.default_rng(seed).permutation(30 * 27).reshape(30, 27) / 1000
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=eta, min_early_stopping_rate=0)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    strategy = Asha(Numbers(), 27, eta)
    for curve in curves:
        trial, stint = study.ask(), strategy.start()
        for epoch, score in enumerate(curve[:-1], 1):
            trial.report(score, epoch)
            stopped = trial.should_prune()
            assert strategy.report(stint, epoch, score, diverged=False) != stopped
            if stopped:
                break
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)


@pytest.mark.parametrize("seed", range(20))
def test_optunas_median_pruner_is_the_best_so_far_rule(seed):
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rng = np.random.default_rng(seed)
    others, mine = rng.random((7, 6)), rng.random(6)
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=5))
    for curve in others:
        values = dict(enumerate(map(float, curve), 1))
        study.add_trial(optuna.trial.create_trial(value=float(curve[-1]), intermediate_values=values))
    trial = study.ask()
    for epoch, score in enumerate(mine, 1):
        trial.report(float(score), epoch)
        wanted = worse_than_median(mine[:epoch].tolist(), others.tolist(), "best-so-far")
        assert trial.should_prune() == wanted


@pytest.mark.parametrize("seed", range(20))
def test_syne_tunes_median_rule_compares_running_averages(seed):
    """It counts the job among the others, so the two can differ when it comes out right in the middle."""
    pytest.importorskip("syne_tune", reason="syne-tune brings 700 MB of GPU libraries: install it to compare")
    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.baselines import RandomSearch
    from syne_tune.optimizer.schedulers.median_stopping_rule import MedianStoppingRule

    space = {"x": uniform(0.0, 1.0)}
    scheduler = MedianStoppingRule(
        RandomSearch(space, ["score"], do_minimize=False), "epoch", metric="score", do_minimize=False
    )
    rng = np.random.default_rng(seed)
    curves = rng.random((9, 5))
    checked = 0
    for number, curve in enumerate(curves):
        trial = Trial(number, {"x": 0.5}, datetime.now(UTC))
        for epoch, score in enumerate(curve, 1):
            stopped = scheduler.on_trial_result(trial, {"score": float(score), "epoch": epoch}) == "STOP"
            others = curves[:number, :epoch].mean(axis=1)
            better = int((others > curve[:epoch].mean()).sum())
            if number < 5 or better in (number // 2, (number + 1) // 2):
                continue
            checked += 1
            assert stopped == worse_than_median(curve[:epoch].tolist(), curves[:number].tolist(), "running-average")
    assert checked
