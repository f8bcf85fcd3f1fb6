"""What every simulator is: named params, one pure run, its figures and findings, and what to ask before it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from pydantic import Field

OnProgress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and a few words; it may raise `Cancelled`, which `run` lets pass."""


class Cancelled(Exception):
    """The learner stopped the run."""


@dataclass(frozen=True)
class Figure:
    """A chart, the finding it shows in words (also its alternative text), and the numbers behind it."""

    title: str
    caption: str
    chart: go.Figure
    table: pd.DataFrame


@dataclass(frozen=True)
class Scenario:
    """Params with a name, and the lesson they show. `params` holds only what differs from the defaults."""

    title: str
    lesson: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Prediction:
    """A question to answer before the run; the run itself tells which choice is right, and why."""

    ask: str
    choices: tuple[str, ...]
    answer: Callable[[Any], int]
    """The result → the position of the right choice."""
    why: Callable[[Any], str]
    """The result → the reason, with its numbers."""
    facts: tuple[str, ...] = ()
    """Full names of the facts (`topic/fact`) that the answer is evidence about."""
    fits: Callable[[Any], bool] | None = None
    """The params → whether it makes sense to ask; None is always."""


@dataclass(frozen=True, kw_only=True)
class Drill:
    """A question drawn by its number and answered by computing: different choices, one of them right."""

    ask: str
    choices: tuple[str, ...]
    answer: int
    """The position of the right choice."""
    whys: tuple[str, ...]
    """For each choice, why it is right or which slip leads to it."""
    facts: tuple[str, ...]
    """Full names of the facts (`topic/fact`) that an answer is evidence about."""
    table: pd.DataFrame | None = field(default=None, compare=False)
    """What is asked about, where words alone would not do."""
    steps: tuple[str, ...] = ()
    """How the right answer comes about, where its why does not say it all."""


Choice = tuple[str, str]
"""The text of a choice, and why it is right or which slip leads to it."""


def shuffled(rng: np.random.Generator, ask: str, right: Choice, slips: Sequence[Choice], **more: Any) -> Drill:
    """A drill with its choices in a random order: the right one, and the first three slips that read differently.

    `more` is what else a `Drill` has.
    """
    offered = [right]
    for slip in slips:
        if len(offered) < 4 and slip[0] not in {text for text, _ in offered}:
            offered.append(slip)
    order = rng.permutation(len(offered))
    choices, whys = zip(*(offered[place] for place in order), strict=True)
    return Drill(ask=ask, choices=choices, whys=whys, answer=int(np.flatnonzero(order == 0)[0]), **more)


def setting(title: str, description: str, **more: Any) -> Any:
    """A field of params with its label and help; bounds go to pydantic, the rest (unit, step, ...) to the page."""
    bounds = {key: more.pop(key) for key in ("ge", "le", "lt") if key in more}
    return Field(title=title, description=description, json_schema_extra=more or None, **bounds)


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """One world to try a concept in.

    `params` is a frozen pydantic dataclass: a bound of a field is a bound of its widget, its `Field(title=...)` the
    label, `description` the help, and `json_schema_extra` may hold `unit` (shown behind the label), `step`,
    `advanced: True` (kept out of the way) and `names` (Literal value → what the page calls it).
    """

    title: str
    summary: str
    params: type[Any]
    run: Callable[..., Any]
    """`run(params, on_progress=None) -> result`, seeded and pure; the result can be pickled."""
    figures: Callable[[Any], list[Figure]]
    findings: Callable[[Any], list[str]]
    scenarios: Mapping[str, Scenario]
    predictions: tuple[Prediction, ...] = ()
    drill: Callable[[int], Drill] | None = None
    """The drill of a number; the same number gives the same one."""
    request: Callable[[Any], tuple[str, dict[str, Any]]] | None = None
    """The params → the AWS operation (`UpdateEndpoint`) and its body."""
    slow: bool | Callable[[Any], bool] = False
    """Whether a run takes longer than a blink, or a function of the params that tells: such a run goes outside the
    server's threads, with progress."""

    def takes_long(self, params: Any) -> bool:
        """Whether a run of these params is a slow one."""
        return self.slow(params) if callable(self.slow) else self.slow
