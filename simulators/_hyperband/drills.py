"""Exercises without end: a question about a schedule or a rule, drawn by seed and answered by computing it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simulators._hyperband.schedule import (
    brackets,
    configurations,
    epochs,
    full_trainings,
    total_epochs,
)
from simulators.contract import Drill, shuffled

Slip = tuple[float, str]
"""A wrong answer and the reasoning that leads to it."""

_SETTINGS = (
    (9, 3),
    (27, 3),
    (81, 3),
    (243, 3),
    (16, 2),
    (32, 2),
    (64, 2),
    (16, 4),
    (64, 4),
    (256, 4),
    (25, 5),
    (125, 5),
)


def drill(seed: int) -> Drill:
    """The exercise of that number; the same number gives the same one."""
    rng = np.random.default_rng([seed, 4])
    kind = list(_KINDS)[int(rng.integers(len(_KINDS)))]
    max_resource, eta = _SETTINGS[int(rng.integers(len(_SETTINGS)))]
    return replace(kind(rng, max_resource, eta), facts=(f"tuning-strategies/{_KINDS[kind]}",))


def _posed(rng: np.random.Generator, ask: str, right: Slip, slips: list[Slip], noun: str = "") -> Drill:
    """Four choices in a random order: the right one, and the first three slips that differ from it and each other."""
    chosen: list[Slip] = [right]
    step = 1 if isinstance(right[0], int) else 0.017
    near = [(right[0] + times * step, "Near, but miscounted: work it out step by step.") for times in (1, 2, 3)]
    for value, reason in [*slips, *near]:
        taken = {_number(other) for other, _ in chosen}
        if len(chosen) < 4 and value > 0 and _number(value) not in taken:
            chosen.append((value, reason))
    offered = [(_quantity(value, noun), reason) for value, reason in chosen]
    return shuffled(rng, ask, offered[0], offered[1:], facts=())


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _quantity(value: float, noun: str) -> str:
    plural = "" if not noun or value == 1 else "s"
    return f"{_number(value)} {noun}{plural}".strip()


def _setting(max_resource: int, eta: int) -> str:
    return f"Hyperband with R = {max_resource} epochs and η = {eta}"


def _starts(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    s_max = len(schedule) - 1
    s = int(rng.integers(0, s_max + 1))
    right, resource = schedule[s_max - s][0]
    table = brackets(max_resource, eta, rule="table-1")[s_max - s][0][0]
    working = f"⌈({s_max} + 1) / ({s} + 1) · {eta}^{s}⌉ = {right}"
    return _posed(
        rng,
        f"{_setting(max_resource, eta)}: how many configurations start in bracket s = {s}? (The paper's Algorithm 1)",
        (right, f"n = ⌈(s_max + 1) / (s + 1) · η^s⌉, and s_max = {s_max}: {working}."),
        [
            (table, "That rounds (s_max + 1) / (s + 1) down first, as the paper's printed Table 1 does."),
            (eta**s, "η^s leaves out the factor (s_max + 1) / (s + 1) that evens out the brackets' costs."),
            (resource, "That is the epochs each of them gets in the first rung, not how many there are."),
            ((s_max + 1) * eta**s, "The factor s_max + 1 is divided by s + 1 before it multiplies η^s."),
            (s_max + 1, "That is the number of brackets."),
        ],
        "configuration",
    )


def _survivors(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    bracket = schedule[int(rng.integers(0, len(schedule) - 1))]
    rung = int(rng.integers(1, len(bracket)))
    start = bracket[0][0]
    right = bracket[rung][0]
    asked = f"Its bracket s = {len(bracket) - 1} starts {start} configurations. How many are left in rung {rung + 1}?"
    return _posed(
        rng,
        f"{_setting(max_resource, eta)}. {asked}",
        (right, f"Each rung keeps the best one in {eta}, rounded down: ⌊{start} / {eta}^{rung}⌋ = {right}."),
        [
            (start // 2**rung, "Halving is the case η = 2; here one in η goes on."),
            (-(-start // eta**rung), "Rungs round down. Some libraries round up, and then train more than the paper."),
            (bracket[rung - 1][0], "That is the rung before."),
            (bracket[rung][1], "That is how many epochs each has had in that rung."),
            (start - start // eta, "That is how many the first rung drops, not how many go on."),
        ],
        "configuration",
    )


def _bracket_cost(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    bracket = schedule[int(rng.integers(0, len(schedule) - 1))]
    resume = bool(rng.integers(2))
    right = epochs(bracket, resume=resume)
    rungs = ", ".join(f"{count} to {resource}" for count, resource in bracket)
    how = "resume where they stopped" if resume else "train again from scratch at each rung"
    counted = "only the added epochs of each rung count" if resume else "every rung counts in full"
    return _posed(
        rng,
        f"{_setting(max_resource, eta)}. A bracket trains {rungs} epochs (configurations to epochs), and those that go "
        f"on {how}. How many epochs does it cost?",
        (right, f"In all {right}: {counted}."),
        [
            (epochs(bracket, resume=not resume), f"That is the cost when they {'restart' if resume else 'resume'}."),
            (bracket[0][0] * max_resource, "That trains every configuration to the end, which a bracket avoids."),
            (len(bracket) * max_resource, "That is R for each rung: what the theory budgets, not what is counted."),
            (bracket[0][0] * bracket[0][1], "That is the first rung alone."),
        ],
        "epoch",
    )


def _pass_cost(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    resume = bool(rng.integers(2))
    right = total_epochs(schedule, resume=resume)
    how = "resume" if resume else "restart from scratch"
    s_max = len(schedule) - 1
    other = total_epochs(brackets(max_resource, eta, rule="table-1"), resume=resume)
    return _posed(
        rng,
        f"{_setting(max_resource, eta)}: how many epochs does one pass of all its brackets train, when configurations "
        f"that go on {how}? (The paper's Algorithm 1)",
        (
            right,
            f"The brackets cost {' + '.join(str(epochs(each, resume=resume)) for each in schedule)} = {right}.",
        ),
        [
            (
                total_epochs(schedule, resume=not resume),
                f"That is the cost when they {'restart' if resume else 'resume'}.",
            ),
            (other, "That is the cost with the bracket sizes of the paper's printed Table 1."),
            (
                (s_max + 1) ** 2 * max_resource,
                "(s_max + 1)² · R is the budget aimed at; rounding and resuming change it.",
            ),
            (configurations(schedule) * max_resource, "That trains every configuration to the end."),
        ],
        "epoch",
    )


def _pass_size(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    right = configurations(schedule)
    starts = " + ".join(str(each[0][0]) for each in schedule)
    return _posed(
        rng,
        f"{_setting(max_resource, eta)}: how many configurations does one pass try? (The paper's Algorithm 1)",
        (right, f"Every bracket draws new ones: {starts} = {right}."),
        [
            (sum(count for each in schedule for count, _ in each), "That counts a configuration again at every rung."),
            (configurations(brackets(max_resource, eta, rule="table-1")), "That is the paper's printed Table 1."),
            (schedule[0][0][0], "That is the boldest bracket alone; the others draw new configurations."),
            (full_trainings(schedule), "That is how many are trained to the end."),
        ],
        "configuration",
    )


def _bracket_count(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    right = len(schedule)
    return _posed(
        rng,
        f"{_setting(max_resource, eta)}: how many brackets are there?",
        (
            right,
            f"s_max = ⌊log_{eta} {max_resource}⌋ = {right - 1}, and s runs from {right - 1} to 0: {right} brackets.",
        ),
        [
            (right - 1, "That is s_max; the bracket s = 0, which stops nobody, counts too."),
            (max_resource // eta, "R / η is a number of epochs."),
            (eta, "η is how many configurations compete for each place in the next rung."),
            (right + 1, "One too many: s runs from s_max down to 0."),
        ],
        "bracket",
    )


def _first_rung(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    s_max = len(schedule) - 1
    s = int(rng.integers(0, s_max + 1))
    count, right = schedule[s_max - s][0]
    return _posed(
        rng,
        f"{_setting(max_resource, eta)}: how many epochs does a configuration get in rung 1 of bracket s = {s}?",
        (right, f"r = R / η^s = {max_resource} / {eta}^{s} = {right}."),
        [
            (eta**s, "η^s scales the number of configurations, not the epochs."),
            (count, "That is how many configurations start."),
            (1, "One epoch is the first rung of the boldest bracket only."),
            (max_resource // (s + 1), "The resource is divided by η^s, not by s + 1."),
            (max_resource, "That is the last rung."),
        ],
        "epoch",
    )


def _fair_random(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:
    schedule = brackets(max_resource, eta)
    cost = total_epochs(schedule)
    right = cost // max_resource
    return _posed(
        rng,
        f"{_setting(max_resource, eta)} trains {cost} epochs in a pass, on {configurations(schedule)} configurations. "
        f"How many can random search train to the end with as many epochs?",
        (right, f"⌊{cost} / {max_resource}⌋ = {right}: a fair race gives both the same epochs."),
        [
            (configurations(schedule), "The same number of configurations would give random search far more epochs."),
            (full_trainings(schedule), "That is how many Hyperband itself trains to the end."),
            (len(schedule), "That is the number of brackets."),
        ],
        "configuration",
    )


def _median_rule(rng: np.random.Generator, max_resource: int, eta: int) -> Drill:  # noqa: ARG001
    curves = np.sort(np.round(rng.uniform(0.3, 0.95, (3, 3)), 2), axis=1)
    averages = curves.mean(axis=1)
    right = float(np.median(averages))
    told = "; ".join(", ".join(f"{score:.2f}" for score in curve) for curve in curves)
    return _posed(
        rng,
        f"Three earlier training jobs scored, after epochs 1, 2 and 3: {told}. The objective is maximised and "
        f"TrainingJobEarlyStoppingType is Auto. Below which value is a job stopped after its third epoch?",
        (
            right,
            f"The median of the running averages {', '.join(f'{value:.3f}' for value in averages)} is {right:.3f}.",
        ),
        [
            (float(np.median(curves[:, -1])), "That is the median of the latest scores; the averages are compared."),
            (float(averages.mean()), "That is the mean of the running averages, not their median."),
            (float(averages.max()), "That is the best running average; the rule takes the median."),
            (float(averages.min()), "That is the worst running average; the rule takes the median."),
            (float(np.median(curves)), "That is the median over all jobs and epochs at once."),
        ],
    )


_KINDS: dict[Callable[[np.random.Generator, int, int], Drill], str] = {
    _starts: "how-a-bracket-starts",
    _survivors: "keep-one-in-eta",
    _bracket_cost: "resume-is-cheaper-than-restart",
    _pass_cost: "resume-is-cheaper-than-restart",
    _pass_size: "how-a-bracket-starts",
    _bracket_count: "number-of-brackets",
    _first_rung: "how-a-bracket-starts",
    _fair_random: "brackets-cost-alike",
    _median_rule: "median-of-running-averages",
}
"""Every kind of exercise, and the fact of the topic it is about."""
