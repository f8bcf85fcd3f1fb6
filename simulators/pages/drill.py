"""Drills of a simulator: an exercise by number, its answer, and why each choice is right or wrong."""

from collections.abc import Callable
from html import escape

import pandas as pd
import streamlit as st

from simulators.contract import Drill, Prediction
from simulators.pages.simulator import Graded, key_of, literal, number_box

MOST = 999_999


def show_drills(slug: str, draw: Callable[[int], Drill], graded: Graded, *, opened: bool, about: str = "") -> None:
    """The drill whose number is in the URL. Its number stays a setting of the page while the drill is out of sight.

    `about` names what `draw` is narrowed to, so that an answer belongs to one drill only.
    """
    place = st.container()
    number = number_box(
        label="Drill number",
        min_value=0,
        max_value=MOST,
        value=0,
        key=key_of(slug, "drill"),
        help="The same number is the same drill, for everybody.",
    )
    if opened:
        with place:
            # What a browser sends need not keep to the widget's bounds.
            _one(slug, min(max(int(number or 0), 0), MOST), draw, graded, about)


def _one(slug: str, number: int, draw: Callable[[int], Drill], graded: Graded, about: str) -> None:
    posed, name = draw(number), f"{about}{number}"
    if posed.table is None:
        literal([posed.ask])
    else:
        st.html(_table(posed.table, posed.ask))
    answered: dict[str, int] = st.session_state.setdefault(f"{slug}-drilled", {})
    if name not in answered:
        _ask(slug, name, posed, graded, answered)
        return
    right = answered[name] == posed.answer
    literal(["Right." if right else "Not right."], "good" if right else "bad")
    st.html(_verdicts(posed, answered[name]))
    if posed.steps:
        literal(["Step by step", *(f"{place}. {step}" for place, step in enumerate(posed.steps, 1))], "plain")
    st.button(
        "Next drill",
        type="primary",
        icon=":material/arrow_forward:",
        shortcut="Enter",
        on_click=st.session_state.__setitem__,
        args=(key_of(slug, "drill"), (number + 1) % (MOST + 1)),
        key=f"{slug}-next",
    )


def _ask(slug: str, name: str, posed: Drill, graded: Graded, answered: dict[str, int]) -> None:
    chosen = st.radio(
        "Your answer",
        range(len(posed.choices)),
        index=None,
        format_func=lambda choice: posed.choices[choice],
        key=f"{slug}-drill-{name}",
    )

    def check() -> None:
        if chosen is None or name in answered:
            return
        answered[name] = chosen
        evidence = Prediction(
            ask=f"Drill {name}: {posed.ask}",
            choices=posed.choices,
            answer=lambda _: posed.answer,
            why=lambda _: posed.whys[posed.answer],
            facts=posed.facts,
        )
        graded(slug, evidence, chosen == posed.answer)

    st.button(
        "Check",
        type="primary",
        icon=":material/check:",
        shortcut="Enter",
        disabled=chosen is None,
        on_click=check,
        key=f"{slug}-check",
    )


def _table(frame: pd.DataFrame, caption: str) -> str:
    """A small table as it is."""
    head = "".join(f"<th scope=col>{escape(str(name)) or 'counted'}</th>" for name in frame.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in frame.itertuples(index=False)
    )
    return (
        f'<div class="cl"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _verdicts(posed: Drill, chosen: int) -> str:
    """Every choice with its why: the right one and the chosen one stand out."""
    parts = []
    for place, (choice, why) in enumerate(zip(posed.choices, posed.whys, strict=True)):
        style = "good" if place == posed.answer else "bad" if place == chosen else "plain"
        mark = " (your answer)" if place == chosen else ""
        parts.append(f"<div class={style}><p><b>{escape(choice)}</b>{mark}: {escape(why)}</p></div>")
    return f'<div class="cl">{"".join(parts)}</div>'
