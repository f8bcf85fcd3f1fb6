"""Hyperband's brackets in whole numbers: who starts, who stays, for how long, and what it costs.

Source: L. Li and others, "Hyperband", JMLR 18(185), 2018. Its Algorithm 1 and its printed Table 1 disagree, so both
are here under their names. No logarithm is taken: `log(243, 3)` is 4.999… in floating point, and loses a bracket.
"""

from functools import lru_cache
from typing import Literal

Rule = Literal["algorithm-1", "table-1"]
Bracket = list[tuple[int, int]]
"""The rungs of a bracket: (configurations, resource each has had at its end)."""


@lru_cache(maxsize=1_024)
def _survivors(s_max: int, eta: int, rule: Rule) -> tuple[tuple[int, ...], ...]:
    """Configurations per rung, for s = s_max … 0; they depend on R through s_max alone, as B / R = s_max + 1."""
    rows = []
    for s in range(s_max, -1, -1):
        rounded_up, rounded_first = -((s_max + 1) * eta**s // -(s + 1)), (s_max + 1) // (s + 1) * eta**s
        start = rounded_up if rule == "algorithm-1" else rounded_first
        rows.append(tuple(start // eta**i for i in range(s + 1)))
    return tuple(rows)


def brackets(max_resource: int, eta: int, *, rule: Rule = "algorithm-1") -> list[Bracket]:
    """The rungs of every bracket of one pass of Hyperband, the most exploratory bracket first.

    Args:
        max_resource: R, what one configuration may have in all (epochs).
        eta: one in `eta` configurations goes on to the next rung.
        rule: how many configurations a bracket starts with, n = ceil((s_max + 1) / (s + 1) · eta^s) in the paper's
            Algorithm 1, floor((s_max + 1) / (s + 1)) · eta^s in its printed Table 1.

    Returns:
        For s = s_max … 0 the s + 1 rungs as (configurations, resource): floor(n / eta^i) configurations, each trained
        until it has had floor(R / eta^(s - i)), which is R in the last rung.

    Raises:
        ValueError: `max_resource` is below 1, `eta` below 2, or the rule is unknown.
    """
    if max_resource < 1:
        raise ValueError(f"found max_resource {max_resource}, wanted at least 1")
    if eta < 2:
        raise ValueError(f"found eta {eta}, wanted at least 2")
    if rule not in ("algorithm-1", "table-1"):
        raise ValueError(f"found rule {rule!r}, wanted 'algorithm-1' or 'table-1'")
    resources = [max_resource]
    while resources[-1] >= eta:
        resources.append(resources[-1] // eta)
    resources.reverse()
    s_max = len(resources) - 1
    return [list(zip(counts, resources[-len(counts) :], strict=True)) for counts in _survivors(s_max, eta, rule)]


def configurations(schedule: list[Bracket]) -> int:
    """How many configurations the brackets start, in all."""
    return sum(bracket[0][0] for bracket in schedule)


def epochs(bracket: Bracket, *, resume: bool = True) -> int:
    """What one bracket trains: only the added epochs of each rung, or every rung from scratch."""
    before = [0, *(resource for _, resource in bracket[:-1])] if resume else [0] * len(bracket)
    return sum(count * (resource - had) for (count, resource), had in zip(bracket, before, strict=True))


def total_epochs(schedule: list[Bracket], *, resume: bool = True) -> int:
    """What all the brackets train."""
    return sum(epochs(bracket, resume=resume) for bracket in schedule)


def full_trainings(schedule: list[Bracket]) -> int:
    """How many configurations reach the whole resource R."""
    return sum(bracket[-1][0] for bracket in schedule)


def speedup_bound(max_resource: int, eta: int) -> float:
    """The most Hyperband can gain on random search when cost is linear in the resource: R / (s_max + 1)."""
    return max_resource / len(brackets(max_resource, eta))
