"""Each scenario of the tuning race teaches what it says it does: run as a page runs it, and read."""

from functools import cache

import numpy as np
import pytest

from simulators._hyperband.words import duel, split_of_epochs
from simulators.hyperband import PREDICTIONS, SCENARIOS, Params, figures, findings, request, run


@cache
def shown(slug):
    return run(Params(**SCENARIOS[slug].params))


def median(result, key):
    return float(np.median(result.validation[key]))


@pytest.mark.parametrize("slug", SCENARIOS)
def test_a_scenario_differs_from_the_defaults_and_can_be_shown(slug):
    scenario = SCENARIOS[slug]
    default = Params()
    assert scenario.params and all(getattr(default, name) != value for name, value in scenario.params.items())
    result = shown(slug)
    assert len(figures(result)) == 7 and len(findings(result)) >= 3
    assert all(asked.answer(result) in range(len(asked.choices)) for asked in PREDICTIONS)


def test_hard_hyperband_beats_random_search_at_equal_epochs():
    result = shown("hard")
    wins, _, losses = duel(result)
    assert wins >= 2 * max(losses, 1)
    assert median(result, "hyperband") > median(result, "random") + 0.01
    assert result.test["hyperband"].mean() > result.test["random"].mean()
    assert result.seeds[0].runs["hyperband"].charged == result.seeds[0].runs["random"].charged == 357
    assert [len(each.runs["hyperband"].configurations) for each in result.seeds] == [49] * 8


def test_easy_random_search_keeps_up():
    result = shown("easy")
    assert median(result, "random") > median(result, "hyperband") - 0.015
    assert median(result, "random") > 0.93


def test_misleading_bold_stopping_loses_to_random_search():
    result = shown("misleading")
    means = {key: result.validation[key].mean() for key in result.strategies}
    assert means["random"] > means["halving"] + 0.005
    assert means["random"] > means["asha"] + 0.005
    assert means["hyperband"] >= means["halving"]
    # Why: of the configurations that halving stopped in the first rung, some would have beaten its winner.
    for each in result.seeds[:1]:
        assert split_of_epochs(result, "halving")["stopped"] > 100
        assert each.runs["random"].validation.max() > 0.9


def test_linear_scale_no_strategy_finds_what_is_not_drawn():
    result, hard = shown("linear"), shown("hard")
    for key in result.strategies:
        assert median(result, key) < median(hard, key) - 0.3
    rates = [each.runs["hyperband"].configurations for each in result.seeds]
    assert np.mean([configuration[0] > 1 for draws in rates for configuration in draws]) > 0.95


def test_crowded_the_budget_covers_a_small_part_of_the_grid():
    result = shown("crowded")
    _, body = request(Params(**SCENARIOS["crowded"].params, api_strategy="Grid"))
    combinations = body["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"]
    assert len(body["HyperParameterTuningJobConfig"]["ParameterRanges"]["CategoricalParameterRanges"]) == 9
    tried = len(result.seeds[0].runs["grid"].configurations)
    assert tried == 14 and combinations > 20 * tried
    assert min(result.strategies, key=lambda key: median(result, key)) == "grid"


def test_lists_grid_tries_each_combination_once_and_random_search_does_not():
    result = shown("lists")
    for each in result.seeds:
        assert len(set(each.runs["grid"].configurations)) == len(each.runs["grid"].configurations) == 12
        assert len(set(each.runs["random"].configurations)) < len(each.runs["random"].configurations) == 14
        assert each.runs["grid"].charged == 324
    assert median(result, "grid") >= median(result, "hyperband")


def test_diverging_hyperband_spends_fewer_epochs_on_trainings_that_blow_up():
    result = shown("diverging")
    random, hyperband = (split_of_epochs(result, key)["diverged"] for key in ("random", "hyperband"))
    assert random > hyperband > 0
    assert {run.charged for each in result.seeds for run in each.runs.values()} == {357}


def test_ten_workers_rungs_wait_asha_does_not_and_bayesian_search_is_nearly_blind():
    result = shown("ten-workers")
    parallel = result.seeds[0].parallel
    assert parallel["hyperband", 10].busy_share(10) < 0.4 < 0.65 < parallel["asha", 10].busy_share(10)
    assert parallel["hyperband", 10].wall_minutes > 1.5 * parallel["asha", 10].wall_minutes
    assert np.mean(parallel["bayesian", 10].known) < 1 < 5 < np.mean(parallel["bayesian", 1].known)


def test_restart_costs_423_epochs():
    result = shown("restart")
    assert result.budget == 423
    run_ = result.seeds[0].runs["hyperband"]
    assert (len(run_.configurations), run_.charged) == (49, 423)
    assert split_of_epochs(result, "hyperband")["again"] == pytest.approx(423 - 357)


def test_table_1_starts_46_configurations_in_342_epochs():
    run_ = shown("table-1").seeds[0].runs["hyperband"]
    assert (len(run_.configurations), run_.charged) == (46, 342)


def test_trees_are_a_resource_like_any_other():
    result = shown("trees")
    run_ = result.seeds[0].runs["hyperband"]
    assert (len(run_.configurations), run_.charged) == (49, 357)
    assert median(result, "hyperband") > 0.9
