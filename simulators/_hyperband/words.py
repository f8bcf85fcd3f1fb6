"""What happened, in words with the run's own numbers."""

from collections.abc import Sequence

import numpy as np

from simulators._hyperband.lineup import LOOKS
from simulators._hyperband.race import Race

SPENT = (
    ("winner", "Winner", "#2f6fd0"),
    ("finished", "Others, to the end", "#2b8a3e"),
    ("stopped", "Stopped early", "#9a6a00"),
    ("again", "Trained again", "#b04a8b"),
    ("diverged", "Diverged", "#c2571a"),
    ("cut", "Cut by the budget", "#8a8a8a"),
)
"""Where an epoch may have gone: key, label, colour."""


def accuracy(value: float) -> str:
    """Three places, as in every table."""
    return f"{value:.3f}"


def count_of(number: int, noun: str) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def split_of_epochs(result: Race, key: str) -> dict[str, float]:
    """Where a strategy's epochs went, by the keys of `SPENT`: means over the seeds, together what it was charged."""
    spent = dict.fromkeys((kind for kind, _, _ in SPENT), 0.0)
    for each in result.seeds:
        run = each.runs[key]
        winner = run.trial[run.winner]
        seen: set[tuple[int, int]] = set()
        for trial, epoch in zip(run.trial.tolist(), run.epoch.tolist(), strict=True):
            kind = "winner" if trial == winner else run.endings[trial]
            spent["again" if (trial, epoch) in seen else kind] += 1 / len(result.seeds)
            seen.add((trial, epoch))
    return spent


def duel(result: Race, one: str = "hyperband", other: str = "random") -> tuple[int, int, int]:
    """Seeds in which `one` had the better validation accuracy, the same, and a worse one than `other`."""
    difference = result.validation[one] - result.validation[other]
    return int((difference > 0).sum()), int((difference == 0).sum()), int((difference < 0).sum())


def leaders(result: Race) -> list[str]:
    """The strategies with the best median validation accuracy."""
    medians = {key: float(np.median(result.validation[key])) for key in result.strategies}
    return [key for key, value in medians.items() if value == max(medians.values())]


def findings(result: Race) -> list[str]:
    """The result in sentences, the one nobody hoped for included."""
    said = [_duel_sentence(result)]
    if len(result.strategies) > 2:
        said.append(_field_sentence(result))
    if (needs := _needs_sentence(result)) is not None:
        said.append(needs)
    said.append(gap_sentence(result))
    said.append(idle_sentence(result))
    return said


def _duel_sentence(result: Race) -> str:
    wins, ties, losses = duel(result)
    mine, other = (accuracy(float(np.median(result.validation[key]))) for key in ("hyperband", "random"))
    each = f"{result.budget} epochs each"
    if mine > other:
        verdict = f"Hyperband beat random search: median validation accuracy {mine} against {other}, {each}"
    elif mine < other:
        verdict = f"Random search won this one: median validation accuracy {other} against Hyperband's {mine}, {each}"
    else:
        verdict = f"Hyperband and random search drew: median validation accuracy {mine}, {each}"
    seeds = len(result.seeds)
    if seeds == 1:
        return f"{verdict}. One seed is an anecdote: raise the number of races before believing it."
    tally = f"seed by seed Hyperband won {wins}, drew {ties} and lost {losses} of {seeds}"
    if (p := result.paired_p("hyperband", "random")) is None:
        return f"{verdict}; {tally}."
    said = f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"
    judged = "more than chance would do" if p < 0.05 else "no more than chance might do"
    return f"{verdict}; {tally}, {judged} (Wilcoxon signed-rank, {said})."


def _field_sentence(result: Race) -> str:
    medians = {key: float(np.median(result.validation[key])) for key in result.strategies}
    order = sorted(medians, key=lambda key: -medians[key])
    best = leaders(result)
    last = order[-1]
    if len(best) == len(order):
        return f"All {len(order)} strategies ended level at {accuracy(medians[last])}."
    return (
        f"In front at the end: {listed([LOOKS[key].name for key in best])} ({accuracy(medians[best[0]])}); last: "
        f"{LOOKS[last].name} ({accuracy(medians[last])})."
    )


def _needs_sentence(result: Race) -> str | None:
    needs = result.random_needs()
    if needs is None:
        return None
    never = int(np.isinf(needs).sum())
    limit = result.params.random_budgets
    middle = float(np.median(needs))
    level = f"at {middle:.1f} times the budget" if np.isfinite(middle) else f"not within {limit} times the budget"
    missed = f" and in {never} of {len(needs)} not within {limit} times" if never and np.isfinite(middle) else ""
    return f"Random search drew level with Hyperband {level} (median){missed}."


def gap_sentence(result: Race) -> str:
    """How much of the winner's validation accuracy the test confirms."""
    validation = np.concatenate([result.validation[key] for key in result.strategies])
    test = np.concatenate([result.test[key] for key in result.strategies])
    gap = 100 * float((validation - test).mean())
    if gap > 0:
        told = f"Winners scored {gap:.1f} points less on the test rows than on the validation rows that picked them"
    else:
        told = (
            f"Winners scored {-gap:.1f} points more on the test rows than on the validation rows, by luck of the split"
        )
    difference = result.test["hyperband"] - result.test["random"]
    wins, losses = int((difference > 0).sum()), int((difference < 0).sum())
    tally = f"won {wins} and lost {losses} of {count_of(len(difference), 'seed')} against random search's"
    return f"{told}. On test Hyperband's model {tally}."


def idle_sentence(result: Race) -> str:
    """Who waits when many workers run at once, and who knows little when it chooses."""
    most = result.worker_counts[-1]
    first = result.seeds[0]
    mine = first.parallel["hyperband", most]
    waits = "though it starts the next bracket meanwhile" if result.params.overlap else "as a rung waits for its last"
    said = [
        f"With {most} workers (first seed) Hyperband keeps {100 * mine.busy_share(most):.0f} % of them busy, {waits}"
    ]
    if "asha" in result.strategies:
        other = first.parallel["asha", most]
        said.append(f"ASHA, which waits for none, {100 * other.busy_share(most):.0f} %")
    if "bayesian" in result.strategies:
        few, many = (float(np.mean(first.parallel["bayesian", workers].known)) for workers in (1, most))
        said.append(f"Bayesian search chooses knowing {many:.1f} results on average, not {few:.1f} as with one worker")
    return "; ".join(said) + "."
