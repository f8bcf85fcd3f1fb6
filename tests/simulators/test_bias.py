"""The bias calculator as a simulator: every scenario's lesson, predictions, findings, figures, exports, the request."""

import csv
import io
import json
import pickle
import re
from dataclasses import fields
from html.parser import HTMLParser

import botocore.loaders
import botocore.model
import botocore.validate
import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from simulators import find, slugs
from simulators._bias.analysis import FLIP_ROWS
from simulators.bias import (
    METRICS,
    OWN_FIELDS,
    PREDICTIONS,
    SCENARIOS,
    SIMULATOR,
    Columns,
    Params,
    analysis_config,
    as_data,
    assess,
    config_json,
    deviations,
    figures,
    findings,
    flip,
    flip_cost,
    impossible,
    load,
    prepare,
    read_csv,
    report_csv,
    report_page,
    request,
    run,
    verdicts,
)
from simulators.contract import Cancelled

params_of = some.builds(
    Params,
    data=some.sampled_from(["berkeley", "lending", "recidivism", "titanic", "diabetes", "college", "own"]),
    swap=some.booleans(),
    definition=some.sampled_from(["guide", "smclarify"]),
    model=some.sampled_from(["none", "logistic", "tree", "bayes"]),
    use_facet=some.booleans(),
    threshold=some.integers(2, 98).map(lambda x: x / 100),
    mitigation=some.sampled_from(["none", "reweighing", "resampling", "thresholds"]),
    policy=some.sampled_from(["acceptance", "recall", "specificity", "precision", "accuracy"]),
    size_a=some.integers(1, 300),
    size_d=some.integers(1, 300),
    **{name: some.integers(0, 100) for name in OWN_FIELDS if not name.startswith("size")},
    flip_test=some.booleans(),
    seed=some.integers(0, 5),
)


def scenario(name):
    return run(Params(**SCENARIOS[name].params))


def test_the_simulator_is_found_by_its_name():
    assert "bias" in slugs()
    assert find("bias") is SIMULATOR
    assert not SIMULATOR.slow


@settings(deadline=None, max_examples=80)
@given(params_of)
def test_any_run_can_be_shown_and_taken_home(params):
    """Whatever the params: words, figures, answers and exports, from a result that survives pickling."""
    result = pickle.loads(pickle.dumps(run(params)))
    assert result.params == params
    told = findings(result)
    assert 2 <= len(told) <= 5
    assert all(sentence.endswith(".") and "nan" not in re.split(r"\W+", sentence) for sentence in told)
    for figure in figures(result):
        assert isinstance(figure.chart, go.Figure)
        assert figure.chart.layout.width is None
        assert len(figure.table) <= 200
        assert figure.table.columns.is_unique
        assert figure.caption.endswith(".")
        assert "nan" not in re.split(r"\W+", figure.caption)
    for prediction in PREDICTIONS:
        assert 0 <= prediction.answer(result) < len(prediction.choices)
        assert prediction.why(result).endswith(".")
    rows = list(csv.DictReader(io.StringIO(report_csv(result), newline="")))
    assert [row["metric"] for row in rows] == list(result.report)
    json.loads(config_json(load(params), params))
    assert report_page(result).endswith("</html>")


@settings(deadline=None, max_examples=20)
@given(params_of)
def test_the_same_params_give_the_same_run(params):
    first, second = run(params), run(params)
    assert first.report == second.report or str(first.report) == str(second.report)
    assert findings(first) == findings(second)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_differs_from_the_defaults_and_has_a_lesson(name):
    shown = SCENARIOS[name]
    given_params, defaults = Params(**shown.params), Params()
    changed = {one.name for one in fields(Params) if getattr(given_params, one.name) != getattr(defaults, one.name)}
    assert set(shown.params) >= changed > set()
    assert 1 <= len(re.findall(r"[.?](?:\s|$)", shown.lesson)) <= 3


def test_simpson():
    result = scenario("simpson")
    assert result.report["CDDL"] == pytest.approx(-0.0193, abs=5e-5)
    told = " ".join(findings(result))
    assert "+0.144" in told
    assert "\N{MINUS SIGN}0.019" in told
    assert "Simpson's paradox" in told
    chart = figures(result)[0]
    assert "0.1438 overall" in chart.caption
    men, women = (trace for trace in chart.chart.data if trace.name in ("men", "women"))
    assert men.name == "men"
    assert men.y[0] > women.y[0], "everybody together: men ahead"
    assert sum(women.y[1:] >= men.y[1:]) == 4, "women at least as well in four of six departments"
    assert [text for text in men.text if text] == ["45%"]
    crowds = {trace.name: dict(zip("ABCDEF", trace.marker.size[1:], strict=True)) for trace in (men, women)}
    assert crowds["men"]["A"] > 2 * crowds["women"]["A"]
    assert crowds["women"]["C"] > crowds["men"]["C"]


def test_amplified():
    result = scenario("amplified")
    assert result.report["DPL"] == pytest.approx(0.14, abs=0.005)
    assert result.report["DPPL"] == pytest.approx(0.44, abs=0.005)
    assert "do not read CDDPL" in " ".join(findings(result))


def test_swapped():
    result, straight = scenario("swapped"), run(Params())
    for name in ("CI", "DPL", "CDDL", "DPPL"):
        assert result.report[name] == pytest.approx(-straight.report[name], abs=1e-9), name
    for name in ("JS", "LP", "TVD", "KS"):
        assert result.report[name] == pytest.approx(straight.report[name]), name
    assert (result.source.a, result.source.d) == ("women", "men")


def test_balanced_labels():
    found = scenario("balanced-labels").report
    assert [found[name] for name in ("DPL", "KL", "JS", "LP", "TVD", "KS")] == [0] * 6
    assert found["CI"] != 0
    assert found["RD"] == pytest.approx(0.3)


def test_tiny_group():
    shown = SCENARIOS["tiny-group"].params
    here, one_more = run(Params(**shown)), run(Params(**{**shown, "rate_d": 63}))
    assert one_more.tally.positives()[1] - here.tally.positives()[1] == 1
    assert here.report["DPL"] - one_more.report["DPL"] == pytest.approx(0.125)
    assert here.report["CI"] > 0.99
    assert "one person moves it by 0.125" in findings(here)[0]


def test_disjoint():
    result = scenario("disjoint")
    assert result.final.guide["KL"] == np.inf
    assert result.final.guide["JS"] == pytest.approx(np.log(2))
    assert result.final.guide["TVD"] == 1
    assert all(np.isnan(result.final.library[name]) for name in ("KL", "JS", "LP", "TVD", "KS"))
    assert "Infinity" in report_csv(result)
    words = deviations(dict(result.final.guide), dict(result.final.library), result.parting)
    assert "infinite" in words["KL"]
    assert "leaves out every outcome" in words["KL"]


def test_perfect():
    result = scenario("perfect")
    assert all(result.report[name] == 0 for name in ("RD", "SD", "AD", "DAR", "DRR", "GE"))
    assert np.isnan(result.final.guide["TE"])
    assert result.final.library["TE"] == 0
    assert result.parting == ("TE",)


def test_three_outcomes():
    result = scenario("three-outcomes")
    assert result.report["KS"] == pytest.approx(0.5)
    assert set(result.parting) == {"KL", "JS", "LP"}


def test_proxy_and_with_the_facet():
    blind, seen = scenario("proxy"), scenario("with-the-facet")
    assert blind.report["DPPL"] == pytest.approx(0.19, abs=0.005)
    assert seen.report["DPPL"] > 3 * blind.report["DPPL"]
    assert seen.twin.guide["DPPL"] == pytest.approx(blind.report["DPPL"])


def test_reweighing():
    result = scenario("reweighing")
    assert abs(result.report["DPPL"]) < 0.2 * result.before["DPPL"]
    assert [name for name, _ in verdicts(result)] == ["before mitigation", "after mitigation", "without the facet"]


def test_own_threshold():
    result = scenario("own-threshold")
    assert abs(result.report["DPPL"]) < 0.05 < result.before["DPPL"]
    assert abs(result.report["DAR"]) > abs(result.before["DAR"])


def test_equal_precision():
    found = scenario("equal-precision").report
    assert max(abs(found["DAR"]), abs(found["DRR"])) < 0.07
    assert min(abs(found["RD"]), abs(found["SD"])) > 0.19


def test_published_recidivism_rates():
    """ProPublica's table: false positive and negative rates in percent, by race."""
    tally = scenario("equal-precision").tally
    (flagged_white, cleared_white), (missed_white, _) = tally.confusion[0].tolist()
    assert tally.confusion.sum() == 6150
    white, black = (
        (facet[1][0] / facet[1].sum(), facet[0][1] / facet[0].sum()) for facet in tally.confusion.astype(float)
    )
    assert white == pytest.approx((0.2345, 0.4772), abs=5e-5)
    assert black == pytest.approx((0.4485, 0.2799), abs=5e-5)
    assert (flagged_white, cleared_white, missed_white) == (505, 461, 349)


def test_several_values():
    result = scenario("several-values")
    overall = 0.2575
    assert 0.5 < result.report["CDDL"] / overall < 0.6
    frame = load(Params(data="titanic")).frame
    assert len(frame) == 2201
    crew = frame[frame["class"] == "crew"]
    assert (crew["sex"] == "man").mean() > 0.97


def test_numbers():
    result = scenario("numbers")
    frame = load(Params(data="diabetes")).frame
    above = frame["progression"] > 140
    assert result.report["DPL"] == pytest.approx(
        above[frame["age"] <= 50].mean() - above[frame["age"] > 50].mean(),
    )
    assert result.report["DPL"] < 0


@pytest.mark.parametrize("data", ["berkeley", "lending", "recidivism", "titanic", "diabetes", "college"])
def test_a_shipped_table_says_where_it_comes_from(data):
    source = load(Params(data=data)).source
    assert source.url.startswith("http")
    assert len(source.provenance) > 80
    assert not load(Params(data=data)).frame.isna().any(axis=None)


def test_lending_counts():
    """The totals that Wooldridge's data set loanapp is known by: 1,989 loans, 87.7% approved, 90.8% of white ones."""
    frame = load(Params(data="lending")).frame
    approved = frame["decision"] == "approved"
    assert len(frame) == 1989
    assert approved.sum() == 1745
    assert approved[frame["race"] == "white"].mean() == pytest.approx(0.9084, abs=5e-5)


@settings(deadline=None, max_examples=60)
@given(params_of)
def test_your_own_groups_have_the_sizes_and_rates_you_set(params):
    frame = load(Params(**{**{one.name: getattr(params, one.name) for one in fields(Params)}, "data": "own"})).frame
    for name in "ad":
        facet = frame[frame["facet"] == name]
        size, rate = getattr(params, f"size_{name}"), getattr(params, f"rate_{name}") / 100
        positives = (facet["observed"] == "positive").sum()
        assert len(facet) == size
        assert abs(positives - size * rate) <= 0.5
        found = ((facet["observed"] == "positive") & (facet["predicted"] == "positive")).sum()
        assert abs(found - positives * getattr(params, f"recall_{name}") / 100) <= 0.5


def test_impossible_is_what_the_identity_forces():
    """FPR = p/(1-p) (1-PPV)/PPV TPR: the sentence's false-positive rates, from the confusion matrix."""
    result = scenario("equal-precision")
    words = impossible(result)
    (_, fp), (fn, tp) = result.tally.confusion.sum(axis=0).tolist()
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    for share in (1488 / 2454, 1795 / 3696):
        assert f"{share / (1 - share) * (1 - precision) / precision * recall:.2f}" in words
    for facet in result.tally.confusion.tolist():
        (tn, fp), (fn, tp) = facet
        share = (tp + fn) / (tn + fp + fn + tp)
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        assert share / (1 - share) * (1 - precision) / precision * recall == pytest.approx(fp / (fp + tn))
    assert impossible(scenario("perfect")) == ""


def test_predictions_on_the_default_run():
    result = run(Params())
    answers = [prediction.choices[prediction.answer(result)] for prediction in PREDICTIONS]
    assert answers == [
        "No, the opposite sign",
        "It shrinks",
        "Wider by more than 0.01",
        "The same, within 0.01",
        "Below 0.8: facet d is accepted too rarely",
        "Yes, RD within 0.02",
    ]
    assert all(3 <= len(prediction.choices) <= 4 for prediction in PREDICTIONS)


def test_a_run_reports_progress_and_can_be_cancelled():
    seen = []

    def watch(share, words):
        seen.append((share, words))
        if len(seen) == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(Params(data="lending", mitigation="reweighing"), watch)
    assert len(seen) == 4
    assert all(0 <= share <= 1 and words for share, words in seen)


@pytest.mark.parametrize("model", ["logistic", "forest", "boosting"])
def test_progress_never_goes_back(model):
    seen = []
    run(Params(data="lending", model=model, mitigation="resampling"), lambda share, words: seen.append((share, words)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert len(seen) >= 9 + 2


def test_the_flip_test_of_a_large_table_waits_to_be_asked():
    rows = FLIP_ROWS + 10
    rng = np.random.default_rng(0)
    text = "sex,x,ok\n" + "\n".join(f"{'FM'[n % 2]},{x:.4f},{int(x > 0)}" for n, x in enumerate(rng.normal(size=rows)))
    upload = read_csv(text.encode())
    params = Params()
    prepared = prepare(as_data(upload, Columns("sex", ("F",), "ok", (1,), features=("x",))), params)
    result = assess(prepared, params)
    assert np.isnan(result.report["FT"])
    assert any(flip_cost(prepared) in note for note in result.notes)
    assert f"{rows // 2:,} searches" in flip_cost(prepared)
    flips = flip(prepared, prepared.scores > params.threshold)
    assert flips.members == rows // 2


SERVICE = botocore.loaders.Loader().load_service_model("sagemaker", "service-2")


@settings(deadline=None, max_examples=60)
@given(params_of)
def test_the_request_passes_botocore_and_what_clarify_asks_beyond(params):
    operation, body = request(params)
    shape = botocore.model.ServiceModel(SERVICE).operation_model(operation).input_shape
    problems = botocore.validate.ParamValidator().validate(body, shape)
    assert not problems.has_errors(), problems.generate_report()
    assert operation == "CreateProcessingJob"
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", body["ProcessingJobName"])
    assert [one["InputName"] for one in body["ProcessingInputs"]] == ["analysis_config", "dataset"]
    for one in body["ProcessingInputs"]:
        assert one["S3Input"]["S3InputMode"] == "File"
        assert one["S3Input"]["S3DataDistributionType"] == "FullyReplicated"
        assert one["S3Input"]["S3CompressionType"] == "None"
    (output,) = body["ProcessingOutputConfig"]["Outputs"]
    assert output["OutputName"] == "analysis_result"
    assert output["S3Output"]["S3UploadMode"] == "EndOfJob"
    assert "ContainerEntrypoint" not in body["AppSpecification"]
    assert body["AppSpecification"]["ImageUri"].endswith("/sagemaker-clarify-processing:1.0")
    assert 1 <= body["StoppingCondition"]["MaxRuntimeInSeconds"] <= 604_800
    assert body["ProcessingResources"]["ClusterConfig"]["InstanceType"] in _instance_types()
    assert re.fullmatch(r"arn:aws[a-z\-]*:iam::\d{12}:role/.+", body["RoleArn"])


def _instance_types():
    return set(SERVICE["shapes"]["ProcessingInstanceType"]["enum"])


def test_the_analysis_configuration_says_what_is_measured():
    params = Params(**SCENARIOS["proxy"].params)
    config = analysis_config(load(params), params)
    assert config["facet"] == [{"name_or_index": "race", "value_or_threshold": ["Black", "Hispanic"]}]
    assert config["label_values_or_threshold"] == ["approved"]
    assert config["group_variable"] == "credit_history"
    assert config["probability_threshold"] == 0.86
    assert config["excluded_columns"] == ["race"]
    assert set(config["methods"]) == {"pre_training_bias", "post_training_bias", "report"}
    swapped = analysis_config(load(params), Params(**SCENARIOS["proxy"].params, swap=True))
    assert swapped["facet"][0]["value_or_threshold"] == ["white"]
    recorded = Params(data="recidivism")
    config = analysis_config(load(recorded), recorded)
    assert config["predicted_label"] == "predicted"
    assert "predictor" not in config
    numbers = Params(data="diabetes")
    assert analysis_config(load(numbers), numbers)["facet"][0]["value_or_threshold"] == [50]
    turned = analysis_config(load(numbers), Params(data="diabetes", swap=True))
    assert turned["facet"] == [{"name_or_index": "age_up_to_50", "value_or_threshold": [1]}]
    labels = Params(model="none")
    assert "post_training_bias" not in analysis_config(load(labels), labels)["methods"]


def test_the_csv_report_holds_every_metric_under_both_definitions():
    result = scenario("own-threshold")
    rows = {row["metric"]: row for row in csv.DictReader(io.StringIO(report_csv(result), newline=""))}
    assert list(rows) == list(METRICS)
    for name, row in rows.items():
        assert float(row["value"]) == pytest.approx(result.report[name])
        assert float(row["before mitigation"]) == pytest.approx(result.before[name])
        assert float(row["smclarify"]) == pytest.approx(result.final.library[name])
        assert row["reading"].startswith(f"{name} = ")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.text = set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick"}

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_to_print_needs_nothing_from_elsewhere():
    result = scenario("proxy")
    page = Tags()
    page.feed(report_page(result))
    assert {"table", "h1", "ol"} <= page.seen
    assert not page.seen & {"script", "img", "link", "iframe"}
    words = " ".join(page.text)
    assert "Boston mortgages, 1990" in words
    assert all(metric.name in words for metric in METRICS.values())
    assert "0.1916" in words
