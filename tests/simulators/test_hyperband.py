"""The parts of the tuning race, against definitions in exact fractions, closed forms, published tables and sklearn."""

import math
import re
from collections import Counter
from fractions import Fraction
from itertools import pairwise, product

import botocore.session
import numpy as np
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from simulators._hyperband.engine import race
from simulators._hyperband.learners import Curves, load
from simulators._hyperband.lineup import LOOKS
from simulators._hyperband.race import run_seed
from simulators._hyperband.spaces import MOST_COMBINATIONS, Range, Space, space_of
from simulators._hyperband.strategies import (
    Asha,
    Bayesian,
    Draws,
    GridSearch,
    Hyperband,
    MedianStopping,
    RandomSearch,
    expected_improvement,
    worse_than_median,
)
from simulators.hyperband import (
    CHOOSING,
    WARM_START,
    Params,
    brackets,
    choose,
    configurations,
    drill,
    epochs,
    full_trainings,
    problems,
    request,
    speedup_bound,
    total_epochs,
)

MODELS = ("mlp", "sgd", "boosting")
SPACES = ("hard", "mild", "misleading", "crowded", "categorical", "unstable")


# --- schedules ---


def by_definition(s_max: int, eta: int, rule: str) -> list[list[int]]:
    """Configurations per rung in exact fractions, from B = (s_max + 1) R and the paper's two ways to round."""
    rows = []
    for s in range(s_max, -1, -1):
        share = Fraction(s_max + 1, s + 1)
        start = math.ceil(share * eta**s) if rule == "algorithm-1" else math.floor(share) * eta**s
        rows.append([math.floor(Fraction(start, eta**rung)) for rung in range(s + 1)])
    return rows


@pytest.mark.parametrize("eta", range(2, 11))
def test_every_schedule_up_to_100_000_follows_the_definition(eta):
    powers = [1]
    while powers[-1] * eta <= 100_000:
        powers.append(powers[-1] * eta)
    counts = {s_max: by_definition(s_max, eta, "algorithm-1") for s_max in range(len(powers))}
    for most in range(1, 100_001):
        found = brackets(most, eta)
        s_max = len(found) - 1
        assert powers[s_max] <= most and (s_max + 1 == len(powers) or most < powers[s_max + 1])
        resources = [most // power for power in powers[s_max::-1]]
        wanted = [list(zip(row, resources[-len(row) :], strict=True)) for row in counts[s_max]]
        assert found == wanted, most


@given(most=some.integers(1, 100_000), eta=some.integers(2, 10), rule=some.sampled_from(["algorithm-1", "table-1"]))
def test_what_any_schedule_promises(most, eta, rule):
    schedule = brackets(most, eta, rule=rule)
    assert [[count for count, _ in bracket] for bracket in schedule] == by_definition(len(schedule) - 1, eta, rule)
    assert schedule[-1] == [(len(schedule), most)]
    for bracket in schedule:
        assert bracket[-1][1] == most and bracket[-1][0] >= 1
        for (count, resource), (kept, longer) in pairwise(bracket):
            assert kept == count // eta and 1 <= resource < longer
        assert epochs(bracket) <= epochs(bracket, resume=False)
    assert configurations(brackets(most, eta, rule="table-1")) <= configurations(brackets(most, eta))


@pytest.mark.parametrize(
    ("most", "eta", "s_max"), [(243, 3, 5), (729, 3, 6), (59_049, 3, 10), (1000, 10, 3), (125, 5, 3), (100_000, 10, 5)]
)
def test_an_exact_power_keeps_its_boldest_bracket(most, eta, s_max):
    """Where a logarithm in floating point falls just short of a whole number, a bracket or a rung gets lost."""
    schedule = brackets(most, eta)
    assert len(schedule) == s_max + 1
    assert schedule[0] == [(eta ** (s_max - rung), eta**rung) for rung in range(s_max + 1)]


def test_the_papers_table_1_and_its_algorithm_1():
    """JMLR 18(185): R = 81, eta = 3, as printed, and as the algorithm beside it computes."""
    assert brackets(81, 3, rule="table-1") == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(27, 3), (9, 9), (3, 27), (1, 81)],
        [(9, 9), (3, 27), (1, 81)],
        [(6, 27), (2, 81)],
        [(5, 81)],
    ]
    assert brackets(81, 3) == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]


@pytest.mark.parametrize(
    ("most", "eta", "rule", "starts", "restarted", "resumed", "full"),
    [
        (81, 3, "algorithm-1", [81, 34, 15, 8, 5], 1902, 1581, 10),
        (81, 3, "table-1", [81, 27, 9, 6, 5], 1701, 1404, 10),
        (27, 3, "algorithm-1", [27, 12, 6, 4], 423, 357, 8),
        (27, 3, "table-1", [27, 9, 6, 4], 405, 342, 8),
        (16, 4, "algorithm-1", [16, 6, 3], 136, 124, 5),
        (16, 4, "table-1", [16, 4, 3], 128, 116, 5),
        (9, 3, "algorithm-1", [9, 5, 3], 78, 69, 5),
        (243, 3, "algorithm-1", [243, 98, 41, 18, 9, 6], 8457, 6831, 14),
        (64, 2, "algorithm-1", [64, 38, 23, 14, 10, 7, 7], 2948, 2062, 16),
    ],
)
def test_what_a_pass_costs(most, eta, rule, starts, restarted, resumed, full):
    schedule = brackets(most, eta, rule=rule)
    assert [bracket[0][0] for bracket in schedule] == starts
    assert configurations(schedule) == sum(starts)
    assert (total_epochs(schedule, resume=False), total_epochs(schedule)) == (restarted, resumed)
    assert full_trainings(schedule) == full


def test_resources_that_are_no_power_are_rounded_down():
    assert [resource for _, resource in brackets(100, 3)[0]] == [1, 3, 11, 33, 100]
    assert speedup_bound(81, 3) == pytest.approx(16.2)


@pytest.mark.parametrize(
    ("most", "eta", "rule", "message"),
    [(0, 3, "algorithm-1", "max_resource 0"), (9, 1, "algorithm-1", "eta 1"), (9, 3, "table-2", "'table-2'")],
)
def test_a_schedule_that_cannot_be_says_why(most, eta, rule, message):
    with pytest.raises(ValueError, match=message):
        brackets(most, eta, rule=rule)


# --- what is really trained ---


@pytest.fixture
def fits(monkeypatch):
    """Counts the calls of sklearn's own partial_fit."""
    counter = Counter()
    plain = MLPClassifier.partial_fit

    def counted(self, *args, **kwargs):
        counter["epochs"] += 1
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(MLPClassifier, "partial_fit", counted)
    return counter


@pytest.mark.parametrize(("resume", "wanted"), [(True, 357), (False, 423)])
def test_hyperband_trains_49_configurations_in_357_epochs_or_423_from_scratch(fits, resume, wanted):
    params = Params(max_resource=27, eta=3, resume=resume, rows=200, space="mild")
    result = run_seed(params, 1, keys=("hyperband",))
    run = result.runs["hyperband"]
    assert len(run.configurations) == 49
    assert fits["epochs"] == wanted == run.charged == result.trained
    assert Counter(run.endings) == {"stopped": 41, "finished": 8}


@pytest.mark.parametrize("space", ["mild", "unstable"])
@pytest.mark.parametrize("workers", [1, 7])
@pytest.mark.parametrize("key", LOOKS)
def test_nobody_trains_an_epoch_more_than_it_is_charged_nor_is_charged_more_than_the_budget(fits, key, workers, space):
    params = Params(max_resource=9, eta=3, rows=150, space=space, workers=workers, resume=workers == 1)
    result = run_seed(params, 1, keys=(key,))
    run = result.runs[key]
    assert fits["epochs"] == result.trained == run.charged
    assert run.charged == (69 if workers == 1 else 78), "every strategy has enough to try for all of the budget"


def test_a_shared_training_is_charged_to_everybody_and_done_once(fits):
    result = run_seed(Params(max_resource=9, rows=150, space="mild", line_up="all"), 1)
    charges = {key: run.charged for key, run in result.runs.items()}
    assert set(charges.values()) == {69}
    assert fits["epochs"] == result.trained < sum(charges.values())
    pairs = {(run.configurations[trial], epoch) for run in result.runs.values() for trial, epoch in steps(run)}
    assert len(pairs) == result.trained


def steps(run):
    return zip(run.trial.tolist(), run.epoch.tolist(), strict=True)


def test_a_short_grid_ends_before_the_budget():
    run = run_seed(Params(space="categorical", rows=150), 1, keys=("grid",)).runs["grid"]
    assert (len(run.configurations), run.charged) == (12, 12 * 27)
    assert len(set(run.configurations)) == 12


def test_a_curve_is_sklearns_own_and_resuming_changes_nothing():
    space = space_of("mlp", "mild", "log")
    data = load("digits", 200, 0)
    configuration = space.at(np.array([0.4, 0.2, 0.5, 0.1, 0.6]))
    rate, alpha, width, batch, beta = configuration
    model = MLPClassifier((width,), learning_rate_init=rate, alpha=alpha, batch_size=batch, beta_1=beta, random_state=0)
    wanted = []
    for _ in range(6):
        model.partial_fit(data.train, data.labels, classes=np.arange(10))
        wanted.append(np.mean(model.predict(data.held_out[:50]) == data.validation_labels))
    curves = Curves(data, "mlp", space, 0)
    assert curves.after(configuration, 3)[0] == wanted[2]
    assert curves.trained == 3
    assert [curves.after(configuration, epoch)[0] for epoch in range(1, 7)] == wanted
    assert curves.trained == 6
    assert [curves.after(configuration, epoch, attempt=1)[0] for epoch in range(1, 7)] == wanted
    assert curves.trained == 12


def test_a_divergence_is_caught_scored_0_and_counted(fits):
    space = space_of("mlp", "unstable", "log")
    curves = Curves(load("digits", 200, 0), "mlp", space, 0)
    wild = (1000.0, 1.0, 32, 2, 0.9)
    with np.errstate(all="ignore"):
        outcomes = [curves.after(wild, epoch) for epoch in range(1, 10)]
    failed = next(epoch for epoch, (_, _, diverged) in enumerate(outcomes, 1) if diverged)
    assert outcomes[failed - 1] == (0.0, 0.0, True)
    assert fits["epochs"] == curves.trained == failed


def test_an_error_that_is_no_divergence_is_not_swallowed():
    curves = Curves(load("wine", 150, 0), "mlp", Space((Range("learning_rate_init", -1.0, -1.0),), (("width", 4),)), 0)
    with pytest.raises(ValueError, match="learning_rate_init"):
        curves.after((-1.0,), 1)


@pytest.mark.parametrize(("model", "name"), list(product(MODELS, SPACES)))
def test_every_space_trains(model, name):
    space = space_of(model, name, "log")
    curves = Curves(load("wine", 150, 0), model, space, 0)
    with np.errstate(all="ignore"):
        for point in np.random.default_rng(0).random((4, len(space.ranges))):
            curves.after(space.at(point), 2)
    best = max(score for curve in curves._curves.values() for score, _ in curve.scores)
    assert best > 0.4, "better than always the same class"


def test_data_are_split_without_overlap_and_by_seed():
    rows, labels = load_digits(return_X_y=True)
    first, other = load("digits", 1797, 0), load("digits", 1797, 1)
    assert len(first.labels) == len(labels) // 2
    assert (
        len(first.validation_labels) + len(first.test_labels) == len(first.held_out) == len(labels) - len(labels) // 2
    )
    # Every digit is there once: the columns' sums over all parts are those of the raw data, scaled.
    scaled = np.vstack([first.train, first.held_out]).sum(axis=0)
    kept = np.std(rows, axis=0) > 0.5
    assert np.corrcoef(scaled[kept], scaled[kept])[0, 1] == pytest.approx(1.0)
    assert not np.array_equal(first.train, other.train)
    parity = load("parity", 1797, 0)
    assert set(parity.labels) == {0, 1}


# --- the strategies, on curves that are known ---


class Known:
    """Curves given by a function of the configuration (its number) and the epoch; nothing is trained."""

    def __init__(self, score):
        self.score = score

    def after(self, configuration, epoch, attempt=0):
        value = self.score(configuration[0], epoch)
        return value, value, False


class Numbers:
    """Draws whose configurations are just their numbers."""

    def __init__(self, points=None):
        self.space = Space((Range("x", 0.0, 1.0), Range("y", 0.0, 1.0)))
        self._points = points

    def configuration(self, number):
        return (number,)


def ranks(seed, size=400):
    return np.random.default_rng(seed).permutation(size) / size


@given(seed=some.integers(0, 1000), workers=some.integers(1, 12), resume=some.booleans(), overlap=some.booleans())
@settings(max_examples=40, deadline=None)
def test_hyperband_keeps_the_best_of_each_rung(seed, workers, resume, overlap):
    """Scores that do not change with the epoch: who goes on follows from sorting them."""
    value = ranks(seed)
    schedule = brackets(27, 3)
    run = race(
        Hyperband(Numbers(), schedule, resume=resume, overlap=overlap),
        Known(lambda number, _: float(value[number])),
        budget=total_epochs(schedule, resume=resume),
        max_resource=27,
        workers=workers,
    )
    reached = {trial: int(run.epoch[run.trial == trial].max()) for trial in range(49)}
    drawn = {run.configurations[trial][0]: trial for trial in range(49)}
    first = 0
    for bracket in schedule:
        members = list(range(first, first + bracket[0][0]))
        first += bracket[0][0]
        for count, resource in bracket:
            members = sorted(members, key=lambda number: -value[number])[:count]
            assert all(reached[drawn[number]] >= resource for number in members)
        for number in members:
            assert reached[drawn[number]] == 27
    assert run.charged == total_epochs(schedule, resume=resume)


@given(
    seed=some.integers(0, 1000),
    workers=some.integers(1, 12),
    budget=some.integers(1, 200),
    who=some.sampled_from(["random", "median", "halving", "hyperband", "asha"]),
)
@settings(max_examples=60, deadline=None)
def test_the_engine_spends_the_budget_and_no_epoch_more(seed, workers, budget, who):
    value = ranks(seed)
    schedule = brackets(9, 3)
    strategy = {
        "random": lambda: RandomSearch(Numbers(), 9),
        "median": lambda: MedianStopping(Numbers(), 9, "guide"),
        "halving": lambda: Hyperband(Numbers(), schedule[:1]),
        "hyperband": lambda: Hyperband(Numbers(), schedule),
        "asha": lambda: Asha(Numbers(), 9, 3),
    }[who]()
    run = race(
        strategy,
        Known(lambda number, epoch: float(value[number]) * epoch / 9),
        budget=budget,
        max_resource=9,
        workers=workers,
        epoch_minutes=lambda configuration: 0.5 + float(value[configuration[0]]),
    )
    assert run.charged == budget
    assert len(set(steps(run))) == budget, "resumed, no epoch is trained twice"
    for trial in range(len(run.configurations)):
        mine = run.epoch[run.trial == trial]
        assert mine.tolist() == list(range(1, len(mine) + 1)), "epochs in order, none skipped"
    for worker in range(workers):
        mine = run.worker == worker
        assert (run.began[mine][1:] >= run.ended[mine][:-1] - 1e-9).all(), "one thing at a time"
    assert (np.diff(run.ended) >= 0).all()
    assert 0 < run.busy_share(workers) <= 1 + 1e-9
    assert run.best_validation[-1] == run.validation[run.winner] == run.validation.max()
    assert run.test_of_best[-1] == run.test[run.winner]


@pytest.mark.parametrize("workers", [1, 4, 10])
def test_wall_clock_of_synchronous_rungs_in_closed_form(workers):
    """Every rung takes as many waves as it needs; with epochs of one minute, and start-ups of two."""
    schedule = brackets(27, 3)
    value = ranks(1)
    wanted = 0
    for bracket in schedule:
        had = 0
        for count, resource in bracket:
            wanted += math.ceil(count / workers) * (resource - had + 2)
            had = resource
    run = race(
        Hyperband(Numbers(), schedule),
        Known(lambda number, _: float(value[number])),
        budget=357,
        max_resource=27,
        workers=workers,
        startup_minutes=2.0,
    )
    assert run.wall_minutes == wanted
    assert run.stints == sum(count for bracket in schedule for count, _ in bracket)


@pytest.mark.parametrize("workers", [1, 4, 10])
def test_random_search_takes_waves_and_asha_never_waits(workers):
    value = ranks(2)
    known = Known(lambda number, _: float(value[number]))
    waves = race(RandomSearch(Numbers(), 27), known, budget=27 * 40, max_resource=27, workers=workers)
    assert waves.wall_minutes == 27 * math.ceil(40 / workers)
    asha = race(Asha(Numbers(), 27, 3), known, budget=1080, max_resource=27, workers=workers)
    assert asha.wall_minutes < 1080 / workers + 27
    hyperband = race(Hyperband(Numbers(), brackets(27, 3)), known, budget=1080, max_resource=27, workers=workers)
    overlapped = race(
        Hyperband(Numbers(), brackets(27, 3), overlap=True), known, budget=1080, max_resource=27, workers=workers
    )
    assert overlapped.wall_minutes <= hyperband.wall_minutes
    if workers > 1:
        assert hyperband.busy_share(workers) < 0.8 < asha.busy_share(workers)


def test_known_results_shrink_with_workers():
    known = Known(lambda number, _: 0.5)
    few = race(RandomSearch(Numbers(), 9), known, budget=90, max_resource=9, workers=1)
    many = race(RandomSearch(Numbers(), 9), known, budget=90, max_resource=9, workers=10)
    assert few.known == tuple(range(10))
    assert many.known == (0,) * 10


@given(
    scores=some.lists(some.integers(0, 12).map(lambda tenth: tenth / 12), min_size=1, max_size=40),
    eta=some.integers(2, 5),
)
def test_asha_goes_on_with_the_best_of_those_seen(scores, eta):
    strategy = Asha(Numbers(), 100, eta)
    seen = []
    for score in scores:
        stint = strategy.start()
        seen.append(score)
        place = sorted(range(len(seen)), key=lambda number: (-seen[number], number)).index(len(seen) - 1)
        assert strategy.report(stint, 1, score, diverged=False) == (place < max(1, len(seen) // eta))
        assert strategy.report(stint, 2, score, diverged=False) or eta == 2


def test_asha_stops_nobody_before_its_first_rung():
    strategy = Asha(Numbers(), 27, 3, min_resource=4)
    stints = [strategy.start() for _ in range(6)]
    for stint, score in zip(stints, (0.9, 0.8, 0.7, 0.6, 0.5, 0.4), strict=True):
        assert all(strategy.report(stint, epoch, score, diverged=False) for epoch in (1, 2, 3))
    assert [strategy.report(stint, 4, 0.9 - stint.trial / 10, diverged=False) for stint in stints] == [True] + [
        False
    ] * 5


def test_the_three_median_rules_by_hand():
    """Running averages after two epochs: 0.5, 0.6, 0.7; the latest scores: 0.6, 0.7, 0.9."""
    others = [[0.4, 0.6], [0.5, 0.7, 0.1], [0.5, 0.9], [0.99]]
    assert not worse_than_median([0.1, 0.60], others, needs=3)
    assert worse_than_median([0.9, 0.59], others, needs=3)
    assert worse_than_median([0.1, 0.60], others, "running-average", needs=3)
    assert not worse_than_median([0.9, 0.59], others, "running-average", needs=3)
    assert worse_than_median([0.1, 0.69], others, "best-so-far", needs=3)
    assert not worse_than_median([0.7, 0.1], others, "best-so-far", needs=3)
    assert not worse_than_median([0.0, 0.0], others, needs=4), "the fourth has not come as far"


@given(mean=some.floats(-2, 2), deviation=some.floats(0.05, 2), best=some.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_expected_improvement_is_the_integral_it_stands_for(mean, deviation, best):
    def gain(value):
        return (value - best) * norm.pdf(value, mean, deviation)

    wanted, _ = quad(gain, best, max(best, mean) + 12 * deviation, points=[max(best, mean)], limit=200)
    found = expected_improvement(np.array([mean]), np.array([deviation]), best)[0]
    assert found == pytest.approx(wanted, abs=1e-6)


def test_bayesian_search_finds_a_hill_that_random_search_misses():
    space = Space((Range("x", 0.0, 1.0), Range("y", 0.0, 1.0)))

    def best(strategy):
        hill = Known(None)
        hill.after = lambda configuration, epoch, attempt=0: (
            1 - math.hypot(configuration[0] - 0.3, configuration[1] - 0.7),
            0.0,
            False,
        )
        return race(strategy, hill, budget=16, max_resource=1).validation.max()

    pairs = [
        (best(Bayesian(Draws(space, seed), 1, seed)), best(RandomSearch(Draws(space, seed), 1))) for seed in range(12)
    ]
    bayesian, random = np.array(pairs).T
    assert np.median(bayesian) > 0.97 > np.median(random)
    assert (bayesian > random).sum() >= 9


def test_parallel_proposals_differ():
    space = Space((Range("x", 0.0, 1.0), Range("y", 0.0, 1.0)))
    strategy = Bayesian(Draws(space, 0), 1, 0)
    for _ in range(6):
        stint = strategy.start()
        strategy.report(stint, 1, stint.configuration[0], diverged=False)
    proposals = {strategy.start().configuration for _ in range(6)}
    assert len(proposals) == 6


def test_strategies_that_draw_read_the_same_list():
    space = space_of("mlp", "hard", "log")
    draws = Draws(space, 5)
    wanted = [draws.configuration(number) for number in range(9)]
    schedule = brackets(9, 3)
    for strategy in (
        RandomSearch(Draws(space, 5), 9),
        Hyperband(Draws(space, 5), schedule),
        Asha(Draws(space, 5), 9, 3),
    ):
        assert [strategy.start().configuration for _ in range(9)] == wanted


def test_a_grid_tries_each_combination_once():
    space = space_of("sgd", "hard", "log")
    grid = GridSearch(space, 9, seed=3)
    tried = [stint.configuration for stint in iter(grid.start, None)]
    assert len(tried) == len(set(tried)) == space.combinations == 3 * 3 * 3 * 3 * 2


# --- search spaces ---


def test_scales():
    assert Range("x", 1e-4, 1e2, "Logarithmic").at(0.5) == pytest.approx(1e-1)
    assert Range("x", 0.0, 0.99, "ReverseLogarithmic").at(0.5) == pytest.approx(0.9)
    assert Range("x", 1.0, 3.0).at(0.25) == 1.5
    assert Range("x", 2, 64, "Logarithmic", whole=True).at(0.4) == 8
    assert [Range("x", values=("a", "b", "c")).at(share) for share in (0.0, 0.34, 0.99, 1.0)] == ["a", "b", "c", "c"]


@pytest.mark.parametrize(("model", "name", "scale"), list(product(MODELS, SPACES, ("log", "linear"))))
def test_every_space_keeps_its_ranges_and_its_grid_fits_a_tuning_job(model, name, scale):
    space = space_of(model, name, scale)
    for share in (0.0, 0.37, 1.0 - 1e-12):
        for each, value in zip(space.ranges, space.at(np.full(len(space.ranges), share)), strict=True):
            if each.values:
                assert value in each.values
            else:
                assert each.low * (1 - 1e-9) <= value <= each.high * (1 + 1e-9)
                assert isinstance(value, int) == each.whole
    assert 1 <= space.combinations <= MOST_COMBINATIONS
    points = np.random.default_rng(0).random((20, len(space.ranges)))
    seen = space.features(points)
    assert seen.shape == (20, sum(len(each.values) or 1 for each in space.ranges))
    assert ((seen >= 0) & (seen <= 1)).all()


# --- the tuning job ---


OPERATION = (
    botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateHyperParameterTuningJob")
)


@pytest.mark.parametrize("strategy", ["Hyperband", "Random", "Bayesian", "Grid"])
@pytest.mark.parametrize(("model", "name", "scale"), list(product(MODELS, SPACES, ("log", "linear"))))
def test_the_request_is_one_that_botocore_and_sagemaker_accept(model, name, scale, strategy):
    for warm, stopping, workers in (("None", False, 1), ("TransferLearning", True, 100)):
        params = Params(
            model=model, space=name, scale=scale, api_strategy=strategy, warm_start=warm, early_stopping=stopping,
            workers=workers,
        )  # fmt: skip
        operation, body = request(params)
        assert operation == OPERATION.name
        report = ParamValidator().validate(body, OPERATION.input_shape)
        assert not report.has_errors(), report.generate_report()
        assert problems(body) == []
        config = body["HyperParameterTuningJobConfig"]
        assert (config["TrainingJobEarlyStoppingType"] == "Auto") == (stopping and strategy != "Hyperband")
        assert ("WarmStartConfig" in body) == (warm != "None" and strategy in ("Bayesian", "Random"))
        assert not re.search(r"'\d[^']*e[-+]\d", str(body)), "numbers without an exponent"


def test_the_request_says_what_the_race_does():
    _, body = request(Params(max_resource=81, min_resource=3, workers=4, seed=7))
    config = body["HyperParameterTuningJobConfig"]
    assert config["StrategyConfig"] == {"HyperbandStrategyConfig": {"MinResource": 3, "MaxResource": 81}}
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 143, "MaxParallelTrainingJobs": 4}
    assert config["RandomSeed"] == 7
    rate = config["ParameterRanges"]["ContinuousParameterRanges"][0]
    assert rate == {
        "Name": "learning_rate_init", "MinValue": "0.000001", "MaxValue": "100", "ScalingType": "Logarithmic",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda body, config: config.update(TrainingJobEarlyStoppingType="Auto"), "Auto with Hyperband"),
        (lambda body, config: config.update(TrainingJobEarlyStoppingType="AUTO"), "'AUTO'"),
        (lambda body, config: config.update(Strategy="hyperband"), "'hyperband'"),
        (lambda body, config: config.update(Strategy="Random"), "StrategyConfig"),
        (lambda body, config: config["StrategyConfig"]["HyperbandStrategyConfig"].update(MinResource=28), "27"),
        (lambda body, config: config["StrategyConfig"]["HyperbandStrategyConfig"].update(MaxResource=20_001), "20001"),
        (
            lambda body, config: (config.pop("StrategyConfig"), static(body).pop("epochs")),
            "MaxResource: found none",
        ),
        (lambda body, config: config["ResourceLimits"].update(MaxNumberOfTrainingJobs=751), "751"),
        (lambda body, config: config["ResourceLimits"].update(MaxParallelTrainingJobs=101), "101"),
        (lambda body, config: config["ResourceLimits"].update(MaxParallelTrainingJobs=50), "at most the 49"),
        (lambda body, config: first_range(config).update(MinValue="0"), "logarithmic scale"),
        (lambda body, config: first_range(config).update(MinValue="1000"), "minimum below"),
        (lambda body, config: first_range(config).update(ScalingType="ReverseLogarithmic"), "reverse logarithmic"),
        (lambda body, config: first_range(config).update(ScalingType="Log"), "'Log'"),
        (lambda body, config: whole_range(config).update(MaxValue="2.5"), "whole numbers"),
        (lambda body, config: whole_range(config).update(Name="alpha"), "alpha twice"),
        (lambda body, config: static(body).update(alpha="1"), "alpha twice"),
        (lambda body, config: static(body).update({str(n): "1" for n in range(100)}), "at most 100"),
        (lambda body, config: listed(config).update(Values=["relu", "relu"]), "different values"),
        (lambda body, config: listed(config).update(Values=[str(n) for n in range(31)]), "1 to 30"),
        (
            lambda body, config: config["ParameterRanges"].update(
                ContinuousParameterRanges=[{**first_range(config), "Name": str(n)} for n in range(31)]
            ),
            "1 to 30",
        ),
        (lambda body, config: body.update(HyperParameterTuningJobName="race_1"), "'race_1'"),
        (lambda body, config: body["TrainingJobDefinition"].update(RoleArn="arn:aws:iam::1:role/me"), "RoleArn"),
        (lambda body, config: config["HyperParameterTuningJobObjective"].update(MetricName="auc"), "'auc'"),
        (lambda body, config: config["HyperParameterTuningJobObjective"].update(Type="Max"), "'Max'"),
        (
            lambda body, config: body["TrainingJobDefinition"]["AlgorithmSpecification"].update(
                MetricDefinitions=[{"Name": "validation:accuracy", "Regex": "x"}] * 41
            ),
            "at most 40",
        ),
        (lambda body, config: body.update(WarmStartConfig=warm("TransferLearning", 1)), "wanted Bayesian or Random"),
        (lambda body, config: body.update(WarmStartConfig=warm("Transfer", 1)), "'Transfer'"),
        (lambda body, config: body.update(WarmStartConfig=warm("TransferLearning", 6)), "1 to 5"),
        (lambda body, config: body.update(TrainingJobDefinitions=[]), "one of them"),
    ],
)
def test_what_sagemaker_would_refuse_is_found(change, found):
    _, body = request(Params())
    change(body, body["HyperParameterTuningJobConfig"])
    assert any(found in problem for problem in problems(body)), problems(body)


def static(body):
    return body["TrainingJobDefinition"]["StaticHyperParameters"]


def first_range(config):
    return config["ParameterRanges"]["ContinuousParameterRanges"][0]


def whole_range(config):
    return config["ParameterRanges"]["IntegerParameterRanges"][0]


def listed(config):
    return config["ParameterRanges"]["CategoricalParameterRanges"][0]


def warm(kind, parents):
    names = [{"HyperParameterTuningJobName": f"parent-{number}"} for number in range(parents)]
    return {"WarmStartType": kind, "ParentHyperParameterTuningJobs": names}


def test_grid_takes_lists_only_and_counts_its_combinations():
    _, body = request(Params(space="categorical", api_strategy="Grid"))
    config = body["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 12
    assert list(config["ParameterRanges"]) == ["CategoricalParameterRanges"]
    config["ResourceLimits"]["MaxNumberOfTrainingJobs"] = 11
    config["ParameterRanges"]["IntegerParameterRanges"] = [{"Name": "n", "MinValue": "1", "MaxValue": "2"}]
    assert len(problems(body)) == 2


def test_the_decision_path_ends_somewhere_for_everybody():
    answers = {
        flags: choose(lists_only=flags[0], long_and_reporting=flags[1], very_parallel=flags[2]).strategy
        for flags in product((False, True), repeat=3)
    }
    assert set(answers.values()) == {step.strategy for step in CHOOSING}
    assert answers[True, True, True] == "Grid"
    assert answers[False, True, True] == "Hyperband"
    assert answers[False, False, True] == "Random"
    assert answers[False, False, False] == "Bayesian"
    assert set(WARM_START) == {"IdenticalDataAndAlgorithm", "TransferLearning"}


# --- drills ---


@pytest.mark.parametrize("seed", range(300))
def test_a_drill_has_four_different_choices_with_reasons_and_its_own_seed(seed):
    posed = drill(seed)
    assert len(set(posed.choices)) == len(posed.choices) == len(posed.whys) == 4
    assert all(posed.whys) and 0 <= posed.answer < 4
    assert drill(seed) == posed


def test_the_right_answers_of_drills_follow_from_the_definition():
    asked = Counter()
    for seed in range(400):
        posed = drill(seed)
        right = posed.choices[posed.answer].split()[0].replace(",", "")
        numbers = re.search(r"R = (\d+) epochs and η = (\d+)", posed.ask)
        if numbers is None:
            values = re.search(r"3: (.*?)\. The", posed.ask)[1]
            curves = [[float(score) for score in curve.split(",")] for curve in values.split(";")]
            assert right == f"{sorted(sum(curve) / 3 for curve in curves)[1]:.3f}"
            asked["median"] += 1
            continue
        most, eta = map(int, numbers.groups())
        s_max = max(s for s in range(20) if eta**s <= most)
        rows = by_definition(s_max, eta, "algorithm-1")
        if found := re.search(r"start in bracket s = (\d+)", posed.ask):
            assert int(right) == rows[s_max - int(found[1])][0]
            asked["start"] += 1
        elif "does one pass try" in posed.ask:
            assert int(right) == sum(row[0] for row in rows)
            asked["pass"] += 1
        elif found := re.search(r"rung 1 of bracket s = (\d+)", posed.ask):
            assert int(right) == most // eta ** int(found[1])
            asked["rung"] += 1
        elif "how many brackets" in posed.ask:
            assert int(right) == s_max + 1
            asked["brackets"] += 1
        elif found := re.search(r"s = (\d+) starts \d+ configurations. How many are left in rung (\d+)", posed.ask):
            assert int(right) == rows[s_max - int(found[1])][int(found[2]) - 1]
            asked["left"] += 1
        elif found := re.search(r"A bracket trains (.*) epochs \(", posed.ask):
            rungs = [tuple(map(int, rung.split(" to "))) for rung in found[1].split(", ")]
            had = 0
            cost = 0
            for count, resource in rungs:
                cost += count * (resource - had)
                had = resource if "resume" in posed.ask else 0
            assert int(right) == cost
            asked["bracket cost"] += 1
        else:
            asked["budget"] += 1
    assert set(asked) == {"median", "start", "pass", "rung", "brackets", "left", "bracket cost", "budget"}
