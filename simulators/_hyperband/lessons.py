"""What to try and what to ask first: scenarios with the lesson each shows, and predictions the run itself grades."""

from collections.abc import Sequence

import numpy as np

from simulators._hyperband.lineup import LOOKS
from simulators._hyperband.race import Race
from simulators._hyperband.schedule import configurations
from simulators._hyperband.words import count_of, duel, leaders, listed, split_of_epochs
from simulators.contract import Prediction, Scenario

SCENARIOS = {
    "hard": Scenario(
        "A hard space",
        "Where most configurations fail, Hyperband's many short trials find a good one that a dozen full trainings "
        "may miss.",
        {"line_up": "duel", "seeds": 8},
    ),
    "easy": Scenario(
        "An easy space: random keeps up",
        "Where most configurations are fine there is little to find, and random search ends within a point or so of "
        "Hyperband.",
        {"space": "mild", "line_up": "duel"},
    ),
    "misleading": Scenario(
        "Misleading early curves",
        "The quick starters are not the best here. Halving and ASHA stop the later winners after a few epochs and "
        "lose to random search; Hyperband's careful brackets limit the damage.",
        {"space": "misleading", "data": "parity", "line_up": "stoppers"},
    ),
    "linear": Scenario(
        "The wrong scale",
        "On a linear scale nearly every learning rate drawn is far too large, and no strategy finds what is not drawn.",
        {"scale": "linear", "line_up": "duel"},
    ),
    "crowded": Scenario(
        "Too many hyperparameters",
        "Nine hyperparameters make a grid of hundreds of combinations, of which the budget covers a few.",
        {"space": "crowded", "line_up": "all", "seeds": 1},
    ),
    "lists": Scenario(
        "Short lists only: grid",
        "With twelve combinations in all, grid search tries each one once within the budget; random search draws some "
        "twice and misses others.",
        {"space": "categorical", "line_up": "all", "api_strategy": "Grid"},
    ),
    "diverging": Scenario(
        "Trainings that blow up",
        "A learning rate that overflows scores nothing, and its epochs are paid for. Hyperband spends fewer on such "
        "trainings than random search.",
        {"space": "unstable", "line_up": "duel"},
    ),
    "ten-workers": Scenario(
        "Ten jobs at a time",
        "Synchronous rungs leave workers waiting, ASHA keeps them busy, and Bayesian search chooses nearly blind.",
        {"workers": 10, "seeds": 1},
    ),
    "restart": Scenario(
        "Without resuming",
        "When a configuration that goes on trains again from scratch, the same schedule costs 423 epochs, not 357.",
        {"resume": False, "line_up": "duel", "seeds": 1, "space": "mild"},
    ),
    "table-1": Scenario(
        "The paper's other table",
        "With the sizes of the printed Table 1 a pass starts 46 configurations and trains 342 epochs, not 49 and 357.",
        {"rule": "table-1", "line_up": "duel", "seeds": 1},
    ),
    "trees": Scenario(
        "Gradient boosting, by trees",
        "The resource need not be epochs: here it is rounds of trees, on two classes of tumours.",
        {"model": "boosting", "data": "breast_cancer", "line_up": "duel", "seeds": 2},
    ),
}


def _median(result: Race, key: str) -> float:
    return float(np.median(result.validation[key]))


def _who_wins(result: Race) -> int:
    best = leaders(result)
    if len(best) > 1:
        return 3
    return {"hyperband": 0, "random": 1}.get(best[0], 2)


def _why_who_wins(result: Race) -> str:
    told = [f"{LOOKS[key].name} {_median(result, key):.3f}" for key in result.strategies]
    best = listed([LOOKS[key].name for key in leaders(result)])
    return (
        f"Median validation accuracy over {count_of(len(result.seeds), 'seed')}: {', '.join(told)}. In front: {best}."
    )


def _share_of_seeds(result: Race) -> int:
    wins, _, _ = duel(result)
    share = wins / len(result.seeds)
    if wins == len(result.seeds):
        return 0
    if wins == 0:
        return 3
    return 1 if share > 0.5 else 2


def _why_share_of_seeds(result: Race) -> str:
    wins, ties, losses = duel(result)
    return (
        f"On validation Hyperband won {wins}, drew {ties} and lost {losses} of {count_of(len(result.seeds), 'seed')}."
    )


def _place(value: float, bounds: Sequence[float]) -> int:
    """In which of the classes below, between and above ascending bounds a value lies; a bound belongs above it."""
    return int(np.searchsorted(np.asarray(bounds), value, side="right"))


def _size(result: Race) -> int:
    return _place(configurations(result.schedule), (20, 40, 80))


def _why_size(result: Race) -> str:
    starts = [bracket[0][0] for bracket in result.schedule]
    return f"The brackets start {' + '.join(map(str, starts))} = {sum(starts)} configurations; each draws new ones."


def _stopped_share(result: Race) -> float:
    spent = split_of_epochs(result, "hyperband")
    return 1 - (spent["winner"] + spent["finished"]) / sum(spent.values())


def _why_stopped(result: Race) -> str:
    return (
        f"{100 * _stopped_share(result):.0f} % of Hyperband's epochs went to configurations that it did not train to "
        f"the end, or to training one again."
    )


def _gap(result: Race) -> float:
    """Points by which the winners' validation accuracy exceeds their test accuracy, mean over strategies and seeds."""
    return 100 * float(np.mean([result.validation[key] - result.test[key] for key in result.strategies]))


def _why_gap(result: Race) -> str:
    return (
        f"The models that validation picked scored {_gap(result):+.1f} points more on validation than on test, on "
        f"average: the highest of many scores is partly luck."
    )


def _busy(result: Race) -> float:
    most = result.worker_counts[-1]
    return 100 * result.seeds[0].parallel["hyperband", most].busy_share(most)


def _why_busy(result: Race) -> str:
    most = result.worker_counts[-1]
    run = result.seeds[0].parallel["hyperband", most]
    return (
        f"{_busy(result):.0f} %: its last rungs have one or two configurations, and all {most} workers wait for them. "
        f"It took {run.wall_minutes:.0f} virtual minutes."
    )


def _facts(*names: str) -> tuple[str, ...]:
    return tuple(f"tuning-strategies/{name}" for name in names)


PREDICTIONS = (
    Prediction(
        "With the same epochs for all, whose best model has the highest validation accuracy (median of the seeds)?",
        ("Hyperband's alone", "Random search's alone", "Another strategy's alone", "Two or more tie for it"),
        _who_wins,
        _why_who_wins,
        facts=_facts("large-jobs-hyperband", "tuning-is-no-guarantee"),
    ),
    Prediction(
        "In how many of the seeds does Hyperband beat random search on validation?",
        ("In all of them", "In more than half, not all", "In half or fewer, at least one", "In none"),
        _share_of_seeds,
        _why_share_of_seeds,
        facts=_facts("tuning-is-no-guarantee"),
        fits=lambda params: params.seeds > 1,
    ),
    Prediction(
        "How many configurations does one pass of Hyperband start?",
        ("Fewer than 20", "20 to 39", "40 to 79", "80 or more"),
        _size,
        _why_size,
        facts=_facts("how-a-bracket-starts", "number-of-brackets"),
    ),
    Prediction(
        "What share of Hyperband's epochs goes to configurations that it does not train to the end?",
        (
            "Less than a quarter",
            "A quarter to less than half",
            "Half to less than three quarters",
            "Three quarters or more",
        ),
        lambda result: _place(_stopped_share(result), (0.25, 0.5, 0.75)),
        _why_stopped,
        facts=_facts("keep-one-in-eta", "brackets-hedge"),
    ),
    Prediction(
        "How will the winners score on test rows, against the validation rows that picked them (mean)?",
        ("A point or more lower", "Within a point", "A point or more higher"),
        lambda result: 0 if _gap(result) >= 1 else 2 if _gap(result) <= -1 else 1,
        _why_gap,
        facts=_facts("tuning-optimizes-the-evaluation-metric"),
    ),
    Prediction(
        "On ten workers or more, how much of their time does Hyperband with its rungs keep them busy?",
        ("Less than 25 %", "25 to less than 50 %", "50 to less than 75 %", "75 % or more"),
        lambda result: _place(_busy(result), (25, 50, 75)),
        _why_busy,
        facts=_facts("hyperband-is-asynchronous"),
    ),
)
