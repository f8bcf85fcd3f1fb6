"""Any simulator on a page: say what you expect, run it, see why; and its drills."""

from typing import Any

import streamlit as st

from simulators.contract import Simulator
from simulators.pages.drill import show_drills
from simulators.pages.simulator import (
    Graded,
    checked,
    extra_of,
    key_of,
    literal,
    result_of,
    run_again,
    scenario_picker,
    setting,
    show_figure,
    show_lesson,
    show_request,
    tell,
    trial_of,
)

_PARTS = ("Simulate", "Drills")


def show(slug: str, simulator: Simulator, graded: Graded) -> None:
    """Draw the simulator, and its drills where it has any."""
    if simulator.drill is None:
        _simulate(slug, simulator, graded, opened=True)
        return
    simulate, drills = st.tabs(_PARTS, key=key_of(slug, "part"), on_change="rerun", bind="query-params")
    with simulate:
        _simulate(slug, simulator, graded, opened=bool(simulate.open))
    with drills:
        show_drills(slug, simulator.drill, graded, opened=bool(drills.open))


def _simulate(slug: str, simulator: Simulator, graded: Graded, *, opened: bool) -> None:
    """Settings, a run and what came of it; out of sight only the settings are kept."""
    scenario_picker(slug, simulator)
    params = _form(slug, simulator)
    if params is None or not opened:
        return
    trial = trial_of(slug, simulator, params)
    result = None if trial is None else result_of(slug, simulator, trial)
    if trial is None or result is None:
        return
    tell(slug, simulator, trial, result, graded)
    _result(slug, simulator, trial.params, result)


def _form(slug: str, simulator: Simulator) -> Any:
    """A widget for every setting, the advanced ones out of the way; None, and a message, when they do not fit."""
    fields = simulator.params.__pydantic_fields__
    plain = {name: field for name, field in fields.items() if not extra_of(field).get("advanced")}
    advanced = {name: field for name, field in fields.items() if name not in plain}
    values: dict[str, Any] = {}
    for start in range(0, len(plain), 2):
        columns = st.columns(2, vertical_alignment="bottom")
        for column, name in zip(columns, list(plain)[start : start + 2], strict=False):
            with column:
                values[name] = setting(slug, name, plain[name])
    if advanced:
        with st.expander("More settings", icon=":material/tune:"):
            values |= {name: setting(slug, name, field) for name, field in advanced.items()}
    return checked(simulator, values)


def _result(slug: str, simulator: Simulator, params: Any, result: Any) -> None:
    """Findings, figures with their numbers, the lesson of the scenario, and the AWS request."""
    st.subheader("What happened", anchor=False)
    literal(simulator.findings(result))
    show_lesson(slug, simulator)
    for number, figure in enumerate(simulator.figures(result)):
        show_figure(f"{slug}-{number}", figure)
    if simulator.request:
        try:
            show_request(slug, *simulator.request(params))
        except ValueError as error:
            literal([f"AWS would refuse this: {error}."], "bad")
    run_again(slug)
