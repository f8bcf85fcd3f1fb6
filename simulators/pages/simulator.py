"""What the pages of simulators are made of: settings in the URL, a prediction, a run, its figures."""

import json
import os
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from html import escape
from importlib import import_module
from importlib.util import find_spec
from math import isinf
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from streamlit.errors import StreamlitAPIException

from simulators import find
from simulators._cluster import ClusterError
from simulators.contract import Cancelled, Figure, Prediction, Simulator
from simulators.jobs import Busy, Job, Jobs

_SIDE_BY_SIDE = 6
_A_LINE = 44  # letters of options that stand side by side on a telephone
Graded = Callable[[str, Prediction, bool], None]
"""Told of a prediction that was made and whether it came true."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A run somebody asked for, and what she expected of it."""

    params: Any
    prediction: int | None = None
    chosen: int | None = None
    number: int = 0
    """Which run of the session it is."""


def show_simulator(slug: str, *, graded: Graded, heading: bool = False) -> None:
    """Draw a simulator: by its own layout `simulators/pages/<slug>.py` where there is one, else the plain way."""
    simulator = find(slug)
    if heading:
        st.title(simulator.title)
    literal([simulator.summary])
    if find_spec(f"simulators.pages.{slug}"):
        import_module(f"simulators.pages.{slug}").show(simulator, graded)
    else:
        import_module("simulators.pages._plain").show(slug, simulator, graded)


def literal(texts: list[str], style: str = "") -> None:
    """Paragraphs that mean nothing to Markdown or HTML: they may hold words of a CSV."""
    told = "".join(f"<p>{escape(text)}</p>" for text in texts)
    # Half of a surrogate pair, which JSON may hold, has no UTF-8.
    st.html(f'<div class="cl"><div class="{style}">{told.encode("utf-8", "replace").decode()}</div></div>')


# --- scenarios and settings -------------------------------------------------------------------------------------------


def key_of(slug: str, field: str) -> str:
    """The widget key of a setting, which is also its name in the URL."""
    return f"{slug}-{field}"


def named_in_link(key: str, options: Container[str]) -> None:
    """Let a link name an option as the code does: Streamlit itself knows only the words on the page."""
    given = st.query_params.get(key)
    if given in options and key not in st.session_state:
        st.session_state[key] = given


def number_box(*, key: str, value: Any, **given: Any) -> Any:
    """A box for a number, which a link may fill unless its number is infinite: Streamlit 1.67 would fail on that."""
    if key not in st.session_state and _is_infinite(st.query_params.get(key, "")):
        del st.query_params[key]
        st.rerun()
    return st.number_input(**given, key=key, value=value, bind="query-params")


def _is_infinite(text: str) -> bool:
    try:
        return isinf(float(text))
    except ValueError:
        return False


def scenario_picker(slug: str, simulator: Simulator) -> None:
    """A row of named starting points; one in the URL is set up on arrival."""
    key = key_of(slug, "scenario")
    _arrive(slug, simulator)
    if _has_left(slug, simulator, st.session_state.get(key)):
        st.session_state[key] = None

    def set_up() -> None:
        _set_up(slug, simulator, st.session_state.get(key))

    # A few scenarios are offered side by side; many would be a wall.
    more: dict[str, Any] = {"index": None, "placeholder": "Choose a starting point"}
    few = len(simulator.scenarios) <= _SIDE_BY_SIDE
    show: Any = st.pills if few else st.selectbox
    show(
        "Scenario",
        list(simulator.scenarios),
        format_func=lambda name: simulator.scenarios[name].title,
        key=key,
        bind="query-params",
        on_change=set_up,
        **({} if few else more),
    )


def _arrive(slug: str, simulator: Simulator) -> None:
    """Turn a link that names a scenario, or an option as the code does, into one that says everything as the page does.

    Streamlit reads its widgets from the link, knows only the words on the page, and keeps in the link what it read.
    """
    last, key = f"{slug}-link", key_of(slug, "scenario")
    given = st.query_params.get(key)
    if last in st.session_state and given in (None, st.session_state[last]):
        return
    st.session_state[last] = given
    scenario = next((name for name, each in simulator.scenarios.items() if given in (name, each.title)), None)
    if scenario and scenario == st.session_state.get(key):
        return  # chosen on the page
    values = simulator.scenarios[scenario].params if scenario else {}
    words = {key: simulator.scenarios[scenario].title} if scenario else {}
    for name, field in simulator.params.__pydantic_fields__.items():
        said = st.query_params.get(key_of(slug, name))
        if said is None and name in values:
            words[key_of(slug, name)] = _in_link(field, values[name])
        elif said in get_args(_kind(field.annotation)):
            words[key_of(slug, name)] = _in_link(field, said)
    if any(st.query_params.get(at) != text for at, text in words.items()):
        st.session_state[last] = words.get(key)
        if scenario:
            st.session_state[key] = scenario
            _set_up(slug, simulator, scenario)
        try:
            st.query_params.update(words)
        except StreamlitAPIException:
            return  # the page is open already: its widgets hold the link, and follow their values
        st.rerun()


def _in_link(field: FieldInfo, value: Any) -> str:
    """A value as a widget writes it to the link."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(extra_of(field).get("names", {}).get(value, value))


def _set_up(slug: str, simulator: Simulator, scenario: str | None) -> None:
    """Give the settings a scenario's values, or the defaults."""
    chosen = simulator.scenarios[scenario].params if scenario and scenario in simulator.scenarios else {}
    for name, field in simulator.params.__pydantic_fields__.items():
        st.session_state[key_of(slug, name)] = chosen.get(name, field.default)
    st.session_state.pop(f"{slug}-trial", None)


def _has_left(slug: str, simulator: Simulator, scenario: str | None) -> bool:
    """Whether a setting has been changed since the scenario was set up: its name and lesson no longer fit then."""
    if scenario is None or scenario not in simulator.scenarios:
        return False
    given = simulator.scenarios[scenario].params
    for name, field in simulator.params.__pydantic_fields__.items():
        wanted = given.get(name, field.default)
        if st.session_state.get(key_of(slug, name), wanted) != wanted:
            return True
    return False


def checked(simulator: Simulator, values: dict[str, Any]) -> Any:
    """The params of these values, or None with a message for each that does not fit."""
    try:
        return simulator.params(**values)
    except ValidationError as error:
        for each in error.errors():
            name = ".".join(map(str, each["loc"]))
            literal([f"{name or 'These settings'}: {each['msg'].removeprefix('Value error, ')}"], "bad")
        return None


def setting(slug: str, name: str, field: FieldInfo) -> Any:
    """The widget of one setting, bound to the URL, and its value."""
    extra, key = extra_of(field), key_of(slug, name)
    unit = f" ({extra['unit']})" if extra.get("unit") else ""
    label = (field.title or name.replace("_", " ").capitalize()) + unit
    kind, bounds = _kind(field.annotation), _bounds(field)
    # Each widget is told the default, which is then left out of the URL; a scenario sets the state, and that wins.
    common: dict[str, Any] = {"label": label, "key": key, "help": field.description}
    bound: dict[str, Any] = {**common, "bind": "query-params"}
    if kind is bool:
        return st.toggle(**bound, value=field.default)
    if get_origin(kind) is Literal:
        options, names = list(get_args(kind)), extra.get("names", {})
        named_in_link(key, options)
        fits = len(options) <= 4 and sum(len(names.get(each, str(each))) for each in options) <= _A_LINE
        show: Any = st.segmented_control if fits else st.selectbox
        more: dict[str, Any] = {"index": options.index(field.default)}
        if fits:
            more = {"required": True, "default": field.default}
        chosen = show(**bound, options=options, format_func=lambda value: names.get(value, str(value)), **more)
        return field.default if chosen is None else chosen
    if kind in (int, float):
        low, high = (kind(bound) if bound is not None else None for bound in bounds)
        step = kind(extra.get("step", 1 if kind is int else 0.01))
        if low is not None and high is not None and (high - low) / step <= 400:
            return st.slider(**bound, value=kind(field.default), min_value=low, max_value=high, step=step)
        return number_box(**common, value=kind(field.default), min_value=low, max_value=high, step=step)
    return st.text_input(**bound, value=field.default)


def extra_of(field: FieldInfo) -> dict[str, Any]:
    """What a setting tells its widget: unit, step, names of its options, whether it is kept out of the way."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _kind(annotation: Any) -> Any:
    return annotation if get_origin(annotation) is Literal else next(iter(get_args(annotation)), annotation)


def _bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    low = next((each.ge for each in field.metadata if hasattr(each, "ge")), None)
    high = next((each.le for each in field.metadata if hasattr(each, "le")), None)
    return low, high


# --- predict, run, explain --------------------------------------------------------------------------------------------


def trial_of(slug: str, simulator: Simulator, params: Any) -> Trial | None:
    """The run that was asked for with the Run button, or None before that; with it, the prediction."""
    key = f"{slug}-trial"
    if st.session_state.pop(f"{slug}-stopped", None):
        st.session_state.pop(key, None)
        st.info("The run was stopped.", icon=":material/stop_circle:")
    trial: Trial | None = st.session_state.get(key)
    if trial and trial.params != params and not simulator.takes_long(params):
        # A quick one follows its settings; what was expected belonged to the settings before.
        trial = Trial(params=params)
        st.session_state[key] = trial
    if trial is None or trial.params != params:
        if trial:
            st.info("The settings have changed: run it again to see what they do.", icon=":material/update:")
        prediction, chosen = _ask(slug, simulator, params)
        st.button(
            "Run",
            type="primary",
            icon=":material/play_arrow:",
            shortcut="Enter",
            on_click=_run,
            args=(slug, Trial(params=params, prediction=prediction, chosen=chosen)),
        )
    return trial


def _run(slug: str, trial: Trial) -> None:
    number = st.session_state.get(f"{slug}-runs", 0) + 1
    st.session_state[f"{slug}-runs"] = number
    st.session_state[f"{slug}-trial"] = replace(trial, number=number)
    st.session_state[f"{slug}-asked"] = st.session_state.get(f"{slug}-asked", 0) + 1


def _ask(slug: str, simulator: Simulator, params: Any) -> tuple[int | None, int | None]:
    """One prediction to make, another one after each run."""
    fitting = [at for at, each in enumerate(simulator.predictions) if each.fits is None or each.fits(params)]
    if not fitting:
        return None, None
    number = fitting[st.session_state.get(f"{slug}-asked", 0) % len(fitting)]
    prediction = simulator.predictions[number]
    chosen = st.radio(
        f"Before you run it: {prediction.ask}",
        range(len(prediction.choices)),
        index=None,
        format_func=lambda choice: prediction.choices[choice],
        key=f"{slug}-prediction-{number}",
    )
    return number, chosen


@st.cache_resource(max_entries=1, show_spinner=False, on_release=Jobs.close)
def jobs() -> Jobs:
    """The crew that slow runs share: processes, or the Dask cluster whose scheduler `CERTLAB_DASK` names."""
    return Jobs(scheduler=os.environ.get("CERTLAB_DASK") or None)


@st.cache_data(max_entries=200, show_spinner="Computing …")
def _quick(slug: str, key: str, _params: Any) -> Any:  # noqa: ARG001 - the key stands for the params
    return find(slug).run(_params)


def result_of(slug: str, simulator: Simulator, trial: Trial) -> Any:
    """The result; None while it is computed, with its progress on the page, or when there is none, with the reason."""
    try:
        if not simulator.takes_long(trial.params):
            return _quick(slug, repr(trial.params), trial.params)
        job = jobs().start(slug, trial.params)
        if not job.done:
            watch(slug, job)
            return None
        if not job.failed:
            return job.result()
        st.session_state.pop(f"{slug}-trial", None)
        show_failure(job)
    except Cancelled:
        st.session_state.pop(f"{slug}-trial", None)
        st.info("The run was stopped.", icon=":material/stop_circle:")
    except ValueError as error:
        literal([f"This cannot be run: {error}."], "bad")
    except (Busy, ClusterError) as error:
        show_no_crew(error)
    return None


def show_failure(job: Job) -> None:
    """Say why a run gave nothing, and forget it, so that it can be tried again."""
    jobs().forget(job)
    literal([f"The run failed: {job.future.exception() or 'it ended without a word'}. Run it again."], "bad")


def show_no_crew(error: Busy | ClusterError) -> None:
    """Say that nobody can compute just now."""
    if isinstance(error, Busy):
        st.warning("Many runs are waiting. Try again in a minute.", icon=":material/hourglass:")
    else:
        literal([f"Nobody is there to compute: {error}."], "bad")


@st.fragment(run_every=0.4)
def watch(slug: str, job: Job) -> None:
    """How far a run is, and a button to stop it; the page runs again when it is over."""
    if job.done:
        st.rerun()
    st.progress(job.progress.share, text=job.progress.words)
    if st.button("Stop", icon=":material/stop:", key=f"{slug}-stop"):
        jobs().cancel(job)
        # Who asks for a cancelled run gets a new one, so it is remembered here that this one is not wanted.
        st.session_state[f"{slug}-stopped"] = job.key
        st.rerun()


def tell(slug: str, simulator: Simulator, trial: Trial, result: Any, graded: Graded) -> None:
    """Grade the prediction from the run itself, once, and say why."""
    if trial.prediction is None or trial.chosen is None:
        return
    prediction: Prediction = simulator.predictions[trial.prediction]
    right, chosen = prediction.answer(result), trial.chosen
    told: set[int] = st.session_state.setdefault(f"{slug}-told", set())
    # Noted before it is told: a page that is interrupted here must not tell it twice.
    if trial.number not in told:
        told.add(trial.number)
        graded(slug, prediction, right == chosen)
    verdict = "You expected it." if right == chosen else f"It came out differently: {prediction.choices[right]}."
    literal([f"{prediction.ask} You said: {prediction.choices[chosen]}."], "muted")
    literal([f"{verdict} {prediction.why(result)}"], "good" if right == chosen else "bad")


def show_lesson(slug: str, simulator: Simulator) -> None:
    """What the scenario shows, if the settings are those of one."""
    scenario = st.session_state.get(key_of(slug, "scenario"))
    if scenario and scenario in simulator.scenarios:
        literal([f"The lesson: {simulator.scenarios[scenario].lesson}"], "plain")


def run_again(slug: str) -> None:
    """A button back to the settings and the next prediction."""
    if st.button("Predict and run again", icon=":material/replay:", key=f"{slug}-again"):
        st.session_state.pop(f"{slug}-trial", None)
        st.rerun()


def show_figure(key: str, figure: Figure) -> None:
    """A chart, what it shows in words, and its numbers on demand."""
    # A title may hold names from somebody's table.
    st.html(f'<div class="cl"><h3>{escape(figure.title)}</h3></div>')
    st.plotly_chart(figure.chart, key=f"{key}-chart", alt=figure.caption, config={"displayModeBar": False})
    literal([figure.caption], "muted")
    with st.expander("The numbers", key=f"{key}-numbers", on_change="rerun") as numbers:
        if numbers.open:
            st.dataframe(figure.table, hide_index=True, alt=figure.title)


def show_request(slug: str, operation: str, body: dict[str, Any]) -> None:
    """The AWS call that these settings make."""
    with st.expander(f"The AWS request: {operation}", key=f"{slug}-request", on_change="rerun") as request:
        if request.open:
            st.code(json.dumps(body, indent=2), language="json", wrap_lines=True)
