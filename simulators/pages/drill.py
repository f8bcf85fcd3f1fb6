"""Drills of a simulator: an exercise by number, its answer, and why each choice is right or wrong."""

from collections.abc import Callable
from typing import Protocol

import streamlit as st

from simulators.contract import Prediction
from simulators.pages.simulator import Graded, key_of, literal, number_box

MOST = 999_999


class Drill(Protocol):
    """What a simulator's `drill(seed)` gives."""

    @property
    def ask(self) -> str: ...
    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def answer(self) -> int: ...
    @property
    def whys(self) -> tuple[str, ...]: ...
    @property
    def facts(self) -> tuple[str, ...]: ...


def show_drills(slug: str, draw: Callable[[int], Drill], graded: Graded, *, opened: bool) -> None:
    """The drill whose number is in the URL. Its number stays a setting of the page while the drill is out of sight."""
    key = key_of(slug, "drill")
    place = st.container()
    number = number_box(
        label="Drill number",
        min_value=0,
        max_value=MOST,
        value=0,
        key=key,
        bind="query-params",
        help="The same number is the same drill, for everybody.",
    )
    if opened:
        with place:
            # What a browser sends need not keep to the widget's bounds.
            _one(slug, min(max(int(number or 0), 0), MOST), draw, graded)


def _one(slug: str, number: int, draw: Callable[[int], Drill], graded: Graded) -> None:
    posed = draw(number)
    literal([posed.ask])
    chosen = st.radio(
        "Your answer",
        range(len(posed.choices)),
        index=None,
        format_func=lambda choice: posed.choices[choice],
        key=f"{slug}-drill-{number}",
    )
    shown = f"{slug}-drilled"
    if chosen is None or st.session_state.get(shown) != (number, chosen):
        st.button(
            "Check",
            type="primary",
            icon=":material/check:",
            disabled=chosen is None,
            on_click=st.session_state.__setitem__,
            args=(shown, (number, chosen)),
            key=f"{slug}-check",
        )
        return
    right = chosen == posed.answer
    # Only the first answer to a drill is evidence: after it the right one is known.
    answered: set[int] = st.session_state.setdefault(f"{slug}-drills-done", set())
    if number not in answered:
        answered.add(number)
        graded(slug, _as_prediction(posed), right)
    told = [f"{text}: {why}" for text, why in zip(posed.choices, posed.whys, strict=True)]
    literal([f"{'Right' if right else 'Not right'}. The answer is {told[posed.answer]}"], "good" if right else "bad")
    literal(["Why not the others:", *(each for at, each in enumerate(told) if at != posed.answer)], "muted")
    st.button(
        "Next drill",
        type="primary",
        icon=":material/arrow_forward:",
        on_click=st.session_state.__setitem__,
        args=(key_of(slug, "drill"), (number + 1) % (MOST + 1)),
        key=f"{slug}-next",
    )


def _as_prediction(posed: Drill) -> Prediction:
    return Prediction(
        ask=posed.ask,
        choices=posed.choices,
        answer=lambda _: posed.answer,
        why=lambda _: posed.whys[posed.answer],
        facts=posed.facts,
    )
