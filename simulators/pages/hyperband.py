"""The tuning race on a page: predict, race and read it; a bracket calculator; the job on SageMaker; drills."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pandas as pd
import streamlit as st

from simulators._hyperband.aws import CHOOSING, FIXED, LIMITS, WARM_START, Step, problems
from simulators._hyperband.drills import drill
from simulators._hyperband.lineup import LOOKS, line_up
from simulators._hyperband.params import Params
from simulators._hyperband.race import Race, budget
from simulators._hyperband.replay import replay
from simulators._hyperband.schedule import (
    Bracket,
    Rule,
    brackets,
    configurations,
    epochs,
    full_trainings,
    speedup_bound,
    total_epochs,
)
from simulators._hyperband.words import count_of, listed
from simulators.contract import Figure, Simulator
from simulators.pages.drill import show_drills
from simulators.pages.simulator import (
    Graded,
    checked,
    key_of,
    literal,
    number_box,
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

SLUG = "hyperband"
_PARTS = ("Race", "Calculator", "On SageMaker", "Drills")
_PAIRS = (("space", "line_up"), ("max_resource", "eta"))
_API = ("api_strategy", "early_stopping", "warm_start")
_RULES: dict[Rule, str] = {"algorithm-1": "Algorithm 1", "table-1": "Table 1"}
_VIEWS = {
    "best": ("Best so far", ("Best so far",)),
    "replay": ("Replay", ()),
    "brackets": ("Brackets", ("The brackets",)),
    "curves": ("Learning curves", ("Learning curves",)),
    "epochs": ("Epochs spent", ("Where the epochs went",)),
    "winner": ("Validation and test", ("Validation and test",)),
    "time": ("Wall clock", ("Wall-clock time", "Who waits")),
}
"""What to look at after a race: its name, and the titles of its figures."""

_MOST_RESOURCE, _MOST_ETA = 100_000, 10
_RACED = (9, 243)
"""The bounds of R in a race."""


def show(simulator: Simulator, graded: Graded) -> None:
    """Draw the four parts; one out of sight only keeps its settings."""
    parts = st.tabs(_PARTS, key=key_of(SLUG, "part"), on_change="rerun", bind="query-params")
    race, calculator, sagemaker, drills = parts
    with race:
        params = _settings(simulator)
        if params is not None and race.open:
            _race(simulator, params, graded)
    with calculator:
        _calculator(opened=bool(calculator.open))
    with sagemaker:
        _tuning_job(simulator, params, opened=bool(sagemaker.open))
    with drills:
        show_drills(SLUG, drill, graded, opened=bool(drills.open))


# --- the race ---------------------------------------------------------------------------------------------------------


def _settings(simulator: Simulator) -> Params | None:
    """The settings that matter, the others out of the way; those of the API call have their own place."""
    scenario_picker(SLUG, simulator)
    every = simulator.params.__pydantic_fields__
    values: dict[str, Any] = {}
    for pair in _PAIRS:
        for column, name in zip(st.columns(len(pair)), pair, strict=True):
            with column:
                values[name] = setting(SLUG, name, every[name])
    values["seeds"] = setting(SLUG, "seeds", every["seeds"])
    with st.expander("More settings", icon=":material/tune:"):
        rest = [name for name in every if name not in values and name not in _API]
        values |= {name: setting(SLUG, name, every[name]) for name in rest}
    params: Params | None = checked(simulator, values)
    return params


def _race(simulator: Simulator, params: Params, graded: Graded) -> None:
    schedule = brackets(params.max_resource, params.eta, rule=params.rule)
    racing = listed([LOOKS[key].name for key in line_up(params)])
    literal(
        [
            f"{racing[0].upper() + racing[1:]} get {budget(params)} epochs each. With them Hyperband runs "
            f"{count_of(len(schedule), 'bracket')} and starts {configurations(schedule) * params.passes} "
            f"configurations; random search trains {budget(params) // params.max_resource} to the end."
        ],
        "muted",
    )
    trial = trial_of(SLUG, simulator, params)
    if trial is None:
        return
    result = result_of(SLUG, simulator, trial)
    if result is None:
        return
    tell(SLUG, simulator, trial, result, graded)
    st.subheader("What happened", anchor=False)
    literal(simulator.findings(result))
    show_lesson(SLUG, simulator)
    view = st.pills(
        "Look closer",
        list(_VIEWS),
        format_func=lambda name: _VIEWS[name][0],
        default="best",
        required=True,
        key=key_of(SLUG, "view"),
        bind="query-params",
    )
    if view == "replay":
        show_figure(f"{SLUG}-replay", _replayed(result))
    drawn = _figures(repr(trial.params), simulator, result)
    for title in _VIEWS.get(view or "best", _VIEWS["best"])[1]:
        show_figure(f"{SLUG}-{title}", drawn[title])
    run_again(SLUG)


def _replayed(result: Race) -> Figure:
    """The race of one seed, the learner's choice where there are several."""
    number = 0
    if len(result.seeds) > 1:
        number = st.selectbox(
            "Which race",
            range(len(result.seeds)),
            format_func=lambda each: f"Seed {result.seeds[each].seed}",
            key=f"{SLUG}-replayed",
        )
    return replay(result, number)


@st.cache_resource(max_entries=16, show_spinner=False)
def _figures(key: str, _simulator: Simulator, _result: Race) -> Mapping[str, Figure]:  # noqa: ARG001 - the key stands for the result
    """The charts of a race by title, drawn once."""
    return {figure.title: figure for figure in _simulator.figures(_result)}


# --- the bracket calculator -------------------------------------------------------------------------------------------


def _calculator(*, opened: bool) -> None:
    left, right = st.columns(2)
    with left:
        most = number_box(
            label="Most epochs for one configuration (R)",
            min_value=1,
            max_value=_MOST_RESOURCE,
            value=81,
            key=key_of(SLUG, "calculated_resource"),
        )
    with right:
        eta = number_box(
            label="Reduction factor (η)", min_value=2, max_value=_MOST_ETA, value=3, key=key_of(SLUG, "calculated_eta")
        )
    rule = st.segmented_control(
        "Bracket sizes",
        list(_RULES),
        format_func=lambda name: _RULES.get(name, name),
        default="algorithm-1",
        required=True,
        key=key_of(SLUG, "calculated_rule"),
        help="The paper's algorithm and its printed table round differently, and start different numbers.",
        bind="query-params",
    )
    if not opened:
        return
    # What a browser sends need not keep to the widget's bounds.
    most, eta = min(max(int(most or 1), 1), _MOST_RESOURCE), min(max(int(eta or 2), 2), _MOST_ETA)
    chosen: Rule = rule if rule in _RULES else "algorithm-1"
    schedule = brackets(most, eta, rule=chosen)
    s_max, resumed, restarted = len(schedule) - 1, total_epochs(schedule), total_epochs(schedule, resume=False)
    counts = {
        "Configurations": configurations(schedule),
        "Trained to the end": full_trainings(schedule),
        "Epochs, resuming": resumed,
        "Epochs, restarting": restarted,
    }
    with st.container(horizontal=True):
        for label, value in counts.items():
            st.metric(label, f"{value:,}", width=150)
    st.dataframe(_rungs(schedule), hide_index=True, alt="The rungs of every bracket, as configurations @ epochs")
    first = schedule[0][0]
    literal(
        [
            f"s_max = {s_max}: R can be divided by η {'once' if s_max == 1 else f'{s_max} times'} and still be at "
            f"least 1, so there are {count_of(len(schedule), 'bracket')}. "
            f"“{first[0]:,} @ {first[1]:,}” reads: {count_of(first[0], 'configuration')}, each trained until it has "
            f"had {count_of(first[1], 'epoch')}.",
            _working(s_max, eta, schedule, chosen),
            _rules_differ(most, eta),
            f"Against random search Hyperband can gain at most a factor of R / (s_max + 1) = "
            f"{speedup_bound(most, eta):,.2f}, if an epoch always costs the same.",
        ]
    )
    if _RACED[0] <= most <= _RACED[1]:
        st.button(
            "Race with this schedule",
            icon=":material/sports_score:",
            on_click=_take_to_race,
            args=(most, eta, chosen),
            key=f"{SLUG}-take",
        )


def _rungs(schedule: list[Bracket]) -> pd.DataFrame:
    """A row for each bracket, a column for each of its rungs, and what it costs both ways."""
    rows = []
    for bracket in schedule:
        rungs = {f"Rung {at + 1}": f"{count:,} @ {resource:,}" for at, (count, resource) in enumerate(bracket)}
        costs = {"Resuming": epochs(bracket), "Restarting": epochs(bracket, resume=False)}
        rows.append({"Bracket": f"s = {len(bracket) - 1}", **costs, **rungs})
    return pd.DataFrame(rows).fillna("")


def _working(s_max: int, eta: int, schedule: list[Bracket], rule: Rule) -> str:
    """The number of configurations that the second bracket starts, step by step."""
    s = max(s_max - 1, 0)
    start = schedule[min(1, s_max)][0][0]
    if rule == "algorithm-1":
        return f"Bracket s = {s} starts ⌈({s_max} + 1) / ({s} + 1) · {eta}^{s}⌉ = {start:,}: rounded up at the end."
    return f"Bracket s = {s} starts ⌊({s_max} + 1) / ({s} + 1)⌋ · {eta}^{s} = {start:,}: rounded down first."


def _rules_differ(most: int, eta: int) -> str:
    """How far the paper's algorithm and its printed table are apart here."""
    one, other = (brackets(most, eta, rule=rule) for rule in ("algorithm-1", "table-1"))
    if one == other:
        return "Both of the paper's rules give this schedule."
    return (
        f"The paper's two rules disagree: Algorithm 1 starts {configurations(one):,} configurations and trains "
        f"{total_epochs(one):,} epochs (restarting {total_epochs(one, resume=False):,}), Table 1 "
        f"{configurations(other):,} and {total_epochs(other):,} ({total_epochs(other, resume=False):,})."
    )


def _take_to_race(most: int, eta: int, rule: Rule) -> None:
    taken = {"max_resource": most, "eta": eta, "rule": rule}
    for name, value in taken.items():
        st.session_state[key_of(SLUG, name)] = value
    st.session_state[key_of(SLUG, "part")] = "Race"


# --- the tuning job on SageMaker --------------------------------------------------------------------------------------


def _tuning_job(simulator: Simulator, params: Params | None, *, opened: bool) -> None:
    if opened:
        _decision_path()
        st.subheader("The request", anchor=False)
    every = simulator.params.__pydantic_fields__
    asked = {name: setting(SLUG, name, every[name]) for name in _API}
    if not opened or params is None:
        return
    values = {each.name: getattr(params, each.name) for each in fields(params)}
    job: Params | None = checked(simulator, {**values, **asked})
    if job is None or simulator.request is None:
        return
    literal(_read_out(job), "muted")
    try:
        operation, body = simulator.request(job)
    except ValueError as error:
        literal([f"AWS would refuse this: {error}."], "bad")
        return
    if found := problems(body):
        literal([f"AWS would refuse this: {each}." for each in found], "bad")
    show_request(SLUG, operation, body)
    st.subheader("What AWS leaves you no choice in", anchor=False)
    literal(list(FIXED))
    with st.expander("Limits of a tuning job", key=f"{SLUG}-limits", on_change="rerun") as limits:
        if limits.open:
            table = pd.DataFrame([(each.what, each.value, each.source) for each in LIMITS])
            st.dataframe(
                table.set_axis(["What", "Limit", "Source"], axis="columns"),
                hide_index=True,
                column_config={"Source": st.column_config.LinkColumn(display_text="AWS")},
                alt="Limits of a tuning job",
            )
    with st.expander("The two types of warm start", key=f"{SLUG}-warm", on_change="rerun") as warm:
        if warm.open:
            literal([f"{name}: {text}" for name, text in WARM_START.items()])
            literal(["In both, the objective metric and the number of hyperparameters stay those of the parents."])


def _read_out(job: Params) -> list[str]:
    """How the settings of the race appear in the request, and what the request leaves out."""
    said = [
        f"The search space, {count_of(job.workers, 'job')} in parallel and R = {job.max_resource} come from the race."
    ]
    if job.api_strategy == "Hyperband":
        said.append(
            f"MaxResource is R; MinResource is {job.min_resource}. η = {job.eta} is nowhere: AWS takes its own."
        )
    if job.api_strategy == "Hyperband" and job.early_stopping:
        said.append("Early stopping stays Off: with Hyperband, Auto is not allowed.")
    if job.api_strategy == "Grid":
        said.append("Grid search takes lists only, so every range is written as the values of a grid.")
    if job.api_strategy in ("Hyperband", "Grid") and job.warm_start != "None":
        said.append(f"The warm start is left out: AWS describes none with {job.api_strategy}.")
    return said


def _decision_path() -> None:
    """One question after the other, until a strategy is found."""
    st.subheader("Which strategy?", anchor=False)
    for number, step in enumerate(CHOOSING[:-1]):
        answer = st.radio(step.ask, ["Yes", "No"], index=None, horizontal=True, key=f"{SLUG}-choosing-{number}")
        if answer == "Yes":
            _chosen(step)
        if answer != "No":
            return
    _chosen(CHOOSING[-1])


def _chosen(step: Step) -> None:
    literal([f"{step.strategy}. {step.why}"], "good")
    st.button(
        f"Put {step.strategy} in the request",
        icon=":material/arrow_downward:",
        on_click=st.session_state.__setitem__,
        args=(key_of(SLUG, "api_strategy"), step.strategy),
        key=f"{SLUG}-choose",
    )
