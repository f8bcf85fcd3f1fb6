"""The bias calculator's page: every scenario and view, predictions, a learner's own CSV, drills, forged links."""

import csv
import io
import json
import re
import time
from html import unescape
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.formparsers import MultiPartParser
from streamlit.testing.v1 import AppTest

from content import default_catalog
from simulators import find
from simulators.bias import METRICS, SCENARIOS, Params, drill, report, run
from tests.journeys.test_browser import Open, clean, violations
from tests.simulators.test_bias_uploads import HOSTILE
from tests.test_pages import LEARNER, open_app, store, words

PAGE = "quizzes/pages/simulator.py"
SIMULATOR = find("bias")
VIEWS = ("story", "metrics", "steps", "model", "mitigation", "take")


def open_bias(**query: str) -> AppTest:
    return open_app(PAGE, simulator="bias", **{f"bias-{name}": value for name, value in query.items()})


def press(app: AppTest, label: str) -> AppTest:
    next(each for each in app.button if each.label.startswith(label)).click()
    return alive(app.run())


def alive(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not app.error
    return app


def text(app: AppTest) -> str:
    """Everything on the page, as its reader sees it."""
    return unescape(words(app))


def view(app: AppTest, name: str, prefix: str = "bias") -> AppTest:
    app.session_state[f"{prefix}-view"] = name
    return alive(app.run())


def rows(app: AppTest) -> dict[str, str]:
    """The metrics' table as it is on the page: each metric's value."""
    page = " ".join(str(block.proto.body) for block in app.get("html"))
    found = re.findall(r"<span class=code>(\w+)</span>.*?<td class='value c2'><b>([^<]*)</b>", page)
    return dict(found)


def as_shown(value: float) -> str:
    if isnan(value):
        return "undefined"
    if value in (float("inf"), float("-inf")):
        return "infinite" if value > 0 else "minus infinite"
    text = f"{value:.3f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else "0.000"


# --- explore ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_runs_and_every_view_opens(name: str) -> None:
    scenario = SCENARIOS[name]
    app = open_bias(scenario=scenario.title)
    assert "What it says" not in text(app), "nothing before the prediction"
    press(app, "Run")
    assert scenario.lesson[:40] in text(app)
    for each in VIEWS:
        view(app, each)
        assert text(app).strip()
    result = run(Params(**scenario.params))
    view(app, "metrics")
    assert rows(app) == {code: as_shown(value) for code, value in result.report.items()}


def test_berkeley_is_on_screen_with_its_paradox_and_its_chart() -> None:
    app = press(open_bias(scenario="Simpson's paradox"), "Run")
    assert "+0.144" in text(app)
    assert "\N{MINUS SIGN}0.019" in text(app)
    assert "Simpson's paradox" in text(app)
    chart = json.loads(app.get("plotly_chart")[0].proto.spec)
    names = {trace.get("name") for trace in chart["data"]}
    assert {"men", "women"} <= names
    assert chart["layout"]["xaxis"]["ticktext"][1:] == list("ABCDEF")


@pytest.mark.parametrize("right", [True, False])
def test_a_prediction_is_graded_and_becomes_a_review_of_its_facts(right: bool) -> None:
    app = open_bias(scenario="Simpson's paradox")
    asked = SIMULATOR.predictions[0]
    answer = asked.answer(run(Params(model="none")))
    app.radio[0].set_value(answer if right else (answer + 1) % len(asked.choices)).run()
    press(app, "Run")
    assert ("You expected it." if right else "It came out differently") in text(app)
    reviews = store().reviews(LEARNER)
    assert {review.fact for review in reviews} == set(asked.facts)
    assert {review.rating > 1 for review in reviews} == {right}
    view(app, "metrics")
    assert len(store().reviews(LEARNER)) == len(reviews), "it counts once"


def test_each_scenario_asks_what_fits_it() -> None:
    wanted = {
        "simpson": "Condition on the grouping column",
        "amplified": "Before any mitigation: will the gap",
        "balanced-labels": "Before any mitigation: will the gap",
        "three-outcomes": "KL goes from facet a",
        "disjoint": "KL goes from facet a",
    }
    for name, begin in wanted.items():
        app = open_bias(scenario=SCENARIOS[name].title)
        assert app.radio[0].label.startswith(f"Before you run it: {begin}"), name
    for scenario in SCENARIOS.values():
        params = Params(**scenario.params)
        for asked in SIMULATOR.predictions:
            if asked.fits is not None and asked.fits(params):
                assert not asked.choices[asked.answer(run(params))].startswith(("Nothing is", "No model")), asked.ask


def test_the_threshold_moves_the_metrics_and_the_confusion_matrices() -> None:
    app = press(open_bias(scenario="Blind to race, not to what goes with it"), "Run")
    view(app, "model")
    before = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]["text"]
    app.slider(key="bias-threshold").set_value(0.5).run()
    alive(app)
    assert json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]["text"] != before
    view(app, "metrics")
    assert rows(app)["DPPL"] == as_shown(run(Params(data="lending", threshold=0.5)).report["DPPL"])


def test_a_mitigation_shows_every_metric_before_and_after() -> None:
    app = press(open_bias(scenario="Reweighing the rows"), "Run")
    result = run(Params(**SCENARIOS["reweighing"].params))
    view(app, "metrics")
    for code in ("DPPL", "RD", "SD", "GE"):
        assert f"before {as_shown(result.before[code])}" in text(app)
    view(app, "mitigation")
    assert "Accuracy went from 77.6% to 76.0%" in text(app)
    assert "no model that errs can make all three equal" in text(app)


def test_the_definition_of_the_library_and_where_it_parts() -> None:
    app = press(open_bias(scenario="Disjoint outcomes"), "Run")
    view(app, "metrics")
    assert rows(app)["KL"] == "infinite"
    assert "by the library undefined" in text(app)
    app.session_state["bias-definition"] = "smclarify"
    alive(app.run())
    assert rows(app)["KL"] == "undefined"
    assert "by the guide infinite" in text(app)


@pytest.mark.parametrize("code", METRICS)
def test_every_metric_is_worked_through_with_its_direction_and_the_exams_angle(code: str) -> None:
    app = press(open_bias(scenario="Blind to race, not to what goes with it"), "Run")
    view(app, "steps")
    app.selectbox(key="bias-metric").set_value(code).run()
    alive(app)
    page = text(app)
    known = METRICS[code]
    assert known.exam in page
    assert known.use in page
    assert "Direction: " in page
    assert known.formula in " ".join(str(each.value) for each in app.get("latex"))
    first = {"a - d": "is subtracted from facet a (white", "d - a": "is subtracted from facet d (Black"}
    assert first.get(known.order, "Direction") in page
    value = run(Params(**SCENARIOS["proxy"].params)).report[code]
    assert f"{code} = {f'{value:.4f}'.replace('-', chr(0x2212))}" in page or isnan(value)


def test_boosting_is_trained_outside_the_servers_threads() -> None:
    app = open_bias(model="Gradient boosting")
    press(app, "Run")
    assert any(each.label == "Stop" for each in app.button)
    end = time.monotonic() + 120
    while any(each.label == "Stop" for each in app.button):
        assert time.monotonic() < end
        time.sleep(0.5)
        alive(app.run())
    view(app, "metrics")
    assert "DPPL" in rows(app)


FORGED = ["", "99", "-1", "nan", "1e400", "💥" * 40, "<script>alert(1)</script>", "x' or 1=1", "２"]


@pytest.mark.parametrize("value", FORGED)
def test_forged_values_in_the_link_give_the_defaults(value: str) -> None:
    names = [*SIMULATOR.params.__pydantic_fields__, "scenario", "part", "view", "metric", "drill", "drill-metric"]
    app = open_bias(**dict.fromkeys(names, value))
    press(app, "Run")
    assert [each.exception for each in app.exception] == []
    for part in ("Build your own", "Drills", "Your own CSV"):
        query = {name: value for name in names if name != "part"}
        own = {f"own-{name}": value for name in ("size_a", "rate_a", "view", "metric", "definition")}
        alive(open_bias(part=part, **query, **own))


# --- build your own ---------------------------------------------------------------------------------------------------


def test_two_groups_of_your_own_and_every_metric_follows() -> None:
    app = open_bias(part="Build your own")
    assert rows(app) == {code: as_shown(value) for code, value in run(Params(data="own")).report.items()}
    app.select_slider(key="bias-own-size_d").set_value(900)
    app.slider(key="bias-own-rate_d").set_value(75)
    app.slider(key="bias-own-recall_d").set_value(20)
    alive(app.run())
    wanted = run(Params(data="own", size_d=900, rate_d=75, recall_d=20)).report
    assert rows(app) == {code: as_shown(value) for code, value in wanted.items()}
    assert "facet d: 675 of 900 positive in the labels (75%)" in text(app)
    for each in ("steps", "model", "take"):
        view(app, each, "bias-own")


def test_a_size_that_the_slider_does_not_reach_by_itself_can_come_by_link() -> None:
    app = open_bias(part="Build your own", **{"own-size_a": "613"})
    assert "of 613 positive" in text(app)
    app = open_bias(part="Build your own", **{"own-size_a": "999999"})
    assert "of 600 positive" in text(app)


# --- drills -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", [True, False])
def test_a_drill_is_answered_explained_and_remembered(right: bool) -> None:
    app = open_bias(part="Drills", drill="7", **{"drill-metric": "SD: Specificity difference"})
    asked = drill(7, "SD")
    assert asked.ask in text(app)
    assert next(each for each in app.button if each.label == "Check").disabled
    app.radio[0].set_value(asked.answer if right else (asked.answer + 1) % 4).run()
    press(app, "Check")
    assert ("Right." if right else "Not right.") in text(app)
    for why in asked.whys:
        assert why.split(".")[0] in text(app)
    (review,) = store().reviews(LEARNER)
    assert review.fact == "bias-metrics/sd-formula"
    assert (review.rating > 1) is right
    press(app, "Next drill")
    assert drill(8, "SD").ask in text(app)
    assert app.query_params["bias-drill"] in ("8", ["8"])


def test_every_drill_is_evidence_about_a_fact_that_there_is() -> None:
    facts = default_catalog().facts
    assert [code for code in METRICS if not facts.keys() >= set(drill(0, code).facts)] == []


# --- your own CSV -----------------------------------------------------------------------------------------------------


def upload(app: AppTest, data: bytes, name: str = "table.csv") -> AppTest:
    app.file_uploader[0].set_value((name, data, "text/csv"))
    return alive(app.run())


def people(rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    sex, branch = rng.choice(["F", "M"], rows), rng.choice(["north", "south"], rows)
    age = rng.integers(18, 70, rows)
    approved = (rng.random(rows) < 0.3 + 0.25 * (sex == "M") + 0.1 * (branch == "north")).astype(int)
    verdict = np.where(rng.random(rows) < 0.8, approved, 1 - approved)
    return pd.DataFrame({"sex": sex, "branch": branch, "age": age, "approved": approved, "predicted": verdict})


def as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def test_a_table_of_your_own_gives_what_report_gives() -> None:
    frame = people()
    app = upload(open_bias(part="Your own CSV"), as_csv(frame))
    assert "600 rows, 5 columns" in text(app)
    key = "bias-csv-1"
    assert app.selectbox(key=f"{key}-facet").value == "sex"
    assert app.selectbox(key=f"{key}-label").value == "approved"
    assert app.selectbox(key=f"{key}-predicted").value == "predicted"
    app.selectbox(key=f"{key}-group").set_value("branch").run()
    for each in ("story", "steps", "model", "take"):
        view(app, each, "bias-csv")
    view(app, "metrics", "bias-csv")
    chosen = {"facet": "sex", "disadvantaged": ["F"], "label": "approved", "positive": [1], "group": "branch"}
    wanted = report(frame, **chosen, predicted="predicted", features=["age"])
    found = rows(app)
    assert {code: text for code, text in found.items() if code != "FT"} == {
        code: as_shown(value) for code, value in wanted.items() if code != "FT"
    }
    app.selectbox(key=f"{key}-facet").set_value("branch").run()
    assert "branch" in text(alive(app))


def test_a_column_of_numbers_is_split_by_a_threshold() -> None:
    frame = people().drop(columns="predicted")
    app = upload(open_bias(part="Your own CSV"), as_csv(frame))
    app.selectbox(key="bias-csv-1-facet").set_value("age").run()
    above = app.number_input(key="bias-csv-1-d-2-above")
    above.set_value(40.0).run()
    view(app, "metrics", "bias-csv")
    wanted = report(frame, facet="age", disadvantaged=[40], label="approved", positive=[1])
    assert rows(app)["DPL"] == as_shown(wanted["DPL"])
    above = app.number_input(key="bias-csv-1-d-2-above")
    above.set_value(1e6).run()
    alive(app)
    assert "These columns cannot be measured" in text(app)


def test_a_model_is_trained_on_your_own_table_and_mitigated() -> None:
    app = upload(open_bias(part="Your own CSV"), as_csv(people().drop(columns="predicted")))
    view(app, "model", "bias-csv")
    assert "No model is trained" in text(app)
    app.selectbox(key="bias-csv-model").set_value("logistic").run()
    alive(app)
    assert "Confusion matrix of each facet" in text(app)
    app.slider(key="bias-csv-threshold").set_value(0.3).run()
    view(app, "mitigation", "bias-csv")
    app.session_state["bias-csv-mitigation"] = "thresholds"
    alive(app.run())
    assert "Before and after" in text(app)
    view(app, "metrics", "bias-csv")
    assert "before" in text(app)


def test_the_flip_test_waits_to_be_asked_on_a_large_table() -> None:
    frame = people(12_000)
    app = upload(open_bias(part="Your own CSV"), as_csv(frame.assign(x=np.arange(12_000.0), y=1.5, z=frame["age"] * 2)))
    view(app, "metrics", "bias-csv")
    assert "FT, the flip test, waits to be asked" in text(app)
    assert rows(app)["FT"] == "undefined"
    press(app, "Run the flip test")
    end = time.monotonic() + 120
    while any(each.label == "Stop" for each in app.button):
        assert time.monotonic() < end
        time.sleep(0.5)
        alive(app.run())
    assert rows(app)["FT"] not in ("undefined", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_message_and_the_page_lives_on(name: str) -> None:
    data, told = HOSTILE[name]
    app = upload(open_bias(part="Your own CSV"), data, f"{name}.csv")
    assert "cannot be used" in text(app)
    assert told in text(app)
    upload(app, as_csv(people()))
    assert "600 rows" in text(app)


NASTY = [
    "=cmd|'/c calc'!A0",
    "**bold** _it_ `code`",
    ":red[x] :smile: :material/home:",
    "$5 to $r$ $$x^2$$",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[link](https://example.com) ![i](https://example.com/x.png)",
    "C:\\new\\q \\1 \\g<0>",
    "# heading",
    "{x} %s {0} %(y)s",
    "\u202eevil\u2066",
]


def nasty() -> bytes:
    rng = np.random.default_rng(0)
    label, facet, group, score, extra = NASTY[:5]
    table = pd.DataFrame(
        {
            label: rng.choice(NASTY[5:7], 300),
            facet: rng.choice(NASTY[:3], 300),
            group: rng.choice(NASTY[3:9], 300),
            score: rng.normal(size=300),
            extra: rng.choice(NASTY[8:], 300),
        }
    )
    return as_csv(table)


def test_names_and_cells_are_shown_to_the_letter() -> None:
    app = upload(open_bias(part="Your own CSV"), nasty(), "<b>$x$ **y**.csv")
    columns = NASTY[:5]
    app.selectbox(key="bias-csv-1-label").set_value(columns[0]).run()
    app.selectbox(key="bias-csv-1-facet").set_value(columns[1]).run()
    app.selectbox(key="bias-csv-1-group").set_value(columns[2]).run()
    app.selectbox(key="bias-csv-model").set_value("tree").run()
    alive(app)
    for each in VIEWS:
        view(app, each, "bias-csv")
        markdown = [str(block.value) for kind in ("markdown", "subheader", "caption") for block in app.get(kind)]
        markdown += [each.label for each in (*app.button, *app.expander)]
        assert not [text for text in markdown for name in NASTY if name in text]
        page = " ".join(str(block.proto.body) for block in app.get("html"))
        assert "<script>" not in page
        assert "<img" not in page
        assert "<b>$x$" not in page
        for chart in app.get("plotly_chart"):
            assert "<script>" not in chart.proto.spec
            assert "<img" not in chart.proto.spec


@pytest.mark.parametrize(
    "data",
    [
        b"g,ok\n" + b"".join(b"%d,%d\n" % (i, i % 2) for i in range(1, 4_000)),
        b"name,ok\n" + b"".join(b"person %d,%d\n" % (i, i % 2) for i in range(4_000)),
        b"g,ok\ninf,1\n-inf,0\n1.5,1\n2.5,0\n",
        b"g,ok\n1e308,1\n-1e308,0\n1.5,1\n2.5,0\n",
        b"g,ok\n99999999999999999999,1\n1,0\n3,1\n",
        b"g,ok\nF,\n,1\nM,0\nF,1\n,\n",
        b"g,ok\nTrue,False\nFalse,True\nTrue,True\n",
        b"ok,g\n1,F\n1,F\n0,M\n",
        ",".join(f"c{i}" for i in range(500)).encode()
        + b"\n"
        + b"\n".join([b",".join([b"1"] * 499 + [b"0"]), b",".join([b"0"] * 500)]),
    ],
    ids=["many numbers", "many names", "infinite", "huge", "longer than a float", "gaps", "booleans", "tiny", "wide"],
)
def test_odd_tables_give_numbers_or_words_but_never_a_crash(data: bytes) -> None:
    app = upload(open_bias(part="Your own CSV"), data)
    for each in VIEWS:
        view(app, each, "bias-csv")
    box = app.selectbox(key="bias-csv-1-facet")
    for column in list(box.options)[:3]:
        app.selectbox(key="bias-csv-1-facet").set_value(column).run()
        alive(app)


def test_another_file_begins_anew_and_taking_it_away_forgets_it() -> None:
    app = upload(open_bias(part="Your own CSV"), as_csv(people()))
    app.multiselect(key="bias-csv-1-d-0-values").set_value([]).run()
    assert "Choose at least one value for facet d" in text(alive(app))
    upload(app, as_csv(people(300)), "b.csv")
    assert "300 rows" in text(app)
    app.file_uploader[0].set_value(None)
    alive(app.run())
    assert "bias-csv-table" not in app.session_state
    assert "It needs a column that tells two groups apart" in text(app)


def test_an_upload_is_never_spooled_to_disk() -> None:
    open_bias(part="Your own CSV")
    assert MultiPartParser.spool_max_size > 100 * 2**20


def test_the_report_taken_home_is_safe_for_a_spreadsheet() -> None:
    from simulators.bias import Columns, as_data, assess, prepare, read_csv, report_csv

    columns = NASTY[:5]
    table = read_csv(nasty())
    data = as_data(table, Columns(columns[1], (NASTY[0],), columns[0], (NASTY[5],)))
    params = Params(data="own", model="none")
    text = report_csv(assess(prepare(data, params), params))
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t")) and not cell[1:2].isdigit()]


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_is_accessible_and_fits(visit: Open, width: int, dark: bool) -> None:
    seen = visit(width, 844, dark=dark)
    page = seen.begin()
    found = []

    def look(where: str) -> None:
        seen.settle()
        nonlocal found
        found += [f"{where}: {each}" for each in violations(page)]
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{where}: {spill} px too wide"] if spill > 1 else []

    seen.go("/simulator?simulator=bias&bias-scenario=Reweighing+the+rows")
    page.get_by_role("button", name="Run").click()
    for name in ("What happened", "All metrics", "Step by step", "Predictions", "Mitigation", "Take it home"):
        page.get_by_role("radio", name=name, exact=True).click()
        look(name)
    for part in ("Build+your+own", "Your+own+CSV", "Drills"):
        seen.go(f"/simulator?simulator=bias&bias-part={part}")
        look(part)
    assert found == []
    clean(seen)


@pytest.mark.browser
def test_uploads_in_a_browser(visit: Open, tmp_path: Path) -> None:
    """Too large a file is refused by the page; a hostile one is a message; a good one is measured, and literally."""
    seen = visit()
    page = seen.begin()
    seen.go("/simulator?simulator=bias&bias-part=Your+own+CSV")
    box = page.locator("input[type=file]")
    huge, odd, good = tmp_path / "huge.csv", tmp_path / "odd.csv", tmp_path / "good.csv"
    with huge.open("wb") as file:
        file.write(b"a,b\n")
        file.truncate(101 * 2**20)
    box.set_input_files(str(huge))
    page.get_by_text(re.compile("must be 100.*or smaller")).first.wait_for()
    page.get_by_role("button", name=re.compile("Remove|Delete|Clear", re.IGNORECASE)).first.click()
    odd.write_bytes(b'sex,ok\nF,1\n"M,0\nF,0\n')
    box.set_input_files(str(odd))
    page.get_by_text("a quote that opens in record 3 that is never closed").wait_for()
    good.write_bytes(nasty())
    box.set_input_files(str(good))
    page.get_by_text("300 rows, 5 columns").wait_for()
    seen.settle()
    page.get_by_role("radio", name="All metrics").click()
    page.get_by_text("Before training: the data and their labels").wait_for()
    seen.settle()
    assert page.locator("[data-testid=stMain] img, [data-testid=stMain] .stMain script").count() == 0
    assert violations(page) == []
    clean(seen)
