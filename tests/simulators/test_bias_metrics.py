"""The 21 metrics: closed forms, symmetries, the guide's printed examples, and where guide and library part."""

from math import inf, isfinite, isinf, isnan, log, nan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.metrics import accuracy_score, precision_score, recall_score

from simulators._bias.tally import encode
from simulators.bias import (
    METRICS,
    PRINTED_EXAMPLES,
    Params,
    binary_identities,
    explain,
    flip_test,
    load,
    measure,
    number,
    of_confusion,
    of_labels,
    reading,
    report,
    reports_by_value,
    work,
)

PRE = ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
POST = ("DPPL", "DI", "DCA", "DCR", "RD", "SD", "AD", "DAR", "DRR", "TE", "CDDPL", "FT", "GE")
COLUMNS = {"facet": "facet", "disadvantaged": ["d"], "label": "label", "positive": [1]}

unhurried = settings(deadline=None, max_examples=60)
quadrants = some.tuples(*[some.integers(0, 60)] * 4).filter(lambda cells: sum(cells) > 0)
outcomes = some.lists(some.integers(0, 40), min_size=2, max_size=5).filter(lambda counts: sum(counts) > 0)


def people(a, d, groups=None):
    """Rows from (TP, FN, FP, TN) of facet a and of facet d."""
    rows = []
    for facet, cells in (("a", a), ("d", d)):
        for (label, predicted), count in zip(((1, 1), (1, 0), (0, 1), (0, 0)), cells, strict=True):
            rows += [(facet, label, predicted)] * count
    frame = pd.DataFrame(rows, columns=["facet", "label", "predicted"])
    return frame if groups is None else frame.assign(group=np.resize(groups, len(frame)))


def same(first, second, tolerance=1e-9):
    return (isnan(first) and isnan(second)) or first == second or abs(first - second) <= tolerance


def test_the_report_has_clarifys_names_in_clarifys_order():
    frame = people((6, 2, 1, 3), (2, 3, 1, 4))
    assert tuple(report(frame, **COLUMNS)) == PRE
    assert tuple(report(frame, **COLUMNS, predicted="predicted")) == PRE + POST
    assert tuple(METRICS) == PRE + POST


@unhurried
@given(a=quadrants, d=quadrants)
def test_the_metrics_agree_with_scikit_learn_facet_by_facet(a, d):
    """Recall, specificity, accuracy and precision of each facet, by somebody else's hand."""
    frame = people(a, d)
    found = report(frame, **COLUMNS, predicted="predicted")
    of_a, of_d = (part for _, part in frame.groupby("facet"))

    def rate(score, part, **how):
        return score(part["label"], part["predicted"], zero_division=nan, **how)

    def accuracy(part):
        return accuracy_score(part["label"], part["predicted"])

    wanted = {
        "RD": rate(recall_score, of_a) - rate(recall_score, of_d),
        "SD": rate(recall_score, of_d, pos_label=0) - rate(recall_score, of_a, pos_label=0),
        "DAR": rate(precision_score, of_a) - rate(precision_score, of_d),
        "DRR": rate(precision_score, of_d, pos_label=0) - rate(precision_score, of_a, pos_label=0),
        "AD": accuracy(of_a) - accuracy(of_d),
        "DPL": of_a["label"].mean() - of_d["label"].mean(),
        "DPPL": of_a["predicted"].mean() - of_d["predicted"].mean(),
        "CI": (len(of_a) - len(of_d)) / len(frame),
    }
    for name, value in wanted.items():
        assert same(found[name], value), name


@unhurried
@given(a=quadrants, d=quadrants)
def test_the_generalized_entropy_is_half_the_squared_coefficient_of_variation(a, d):
    frame = people(a, d)
    benefit = frame["predicted"] - frame["label"] + 1
    assume(benefit.sum() > 0)
    value = report(frame, **COLUMNS, predicted="predicted")["GE"]
    assert value == pytest.approx(((benefit / benefit.mean()) ** 2 - 1).sum() / (2 * len(frame)), abs=1e-9)
    assert value == pytest.approx((benefit.std(ddof=0) / benefit.mean()) ** 2 / 2, abs=1e-9)
    assert -1e-12 <= value <= (len(frame) - 1) / 2 + 1e-9


@unhurried
@given(counts=some.data())
def test_divergences_agree_with_scipy_over_the_full_support(counts):
    a = counts.draw(outcomes)
    d = counts.draw(some.lists(some.integers(0, 40), min_size=len(a), max_size=len(a)).filter(lambda c: sum(c) > 0))
    found = measure(of_labels(a, d, tuple(map(str, range(len(a))))))
    p_a, p_d = np.array(a) / sum(a), np.array(d) / sum(d)
    assert same(found["KL"], float(entropy(p_a, p_d)))
    assert same(found["JS"], jensenshannon(p_a, p_d) ** 2, 1e-9)
    assert same(found["LP"], np.linalg.norm(p_a - p_d, 2))
    assert same(found["TVD"], np.abs(p_a - p_d).sum() / 2)
    assert same(found["KS"], np.abs(p_a - p_d).max())
    assert found["KL"] >= 0
    assert 0 <= found["JS"] <= log(2) + 1e-12
    assert 0 <= found["KS"] <= found["TVD"] + 1e-12 <= 1 + 1e-9
    assert found["LP"] <= sqrt(2) + 1e-9


@unhurried
@given(a=quadrants, d=quadrants)
def test_with_two_outcomes_the_distances_follow_from_dpl(a, d):
    found = measure(of_confusion(a, d))
    for name, value in binary_identities(found).items():
        assert found[name] == pytest.approx(value, abs=1e-12)


@unhurried
@given(a=quadrants, d=quadrants)
def test_swapping_the_facets_negates_inverts_or_leaves(a, d):
    here, there = measure(of_confusion(a, d)), measure(of_confusion(d, a))
    for name in ("CI", "DPL", "DPPL", "RD", "AD", "DAR", "DRR", "SD", "TE", "DCA", "DCR"):
        assert same(here[name], -there[name]), name
    for name in ("JS", "LP", "TVD", "KS", "GE"):
        assert same(here[name], there[name]), name
    if isfinite(here["DI"]) and here["DI"] > 0:
        assert there["DI"] == pytest.approx(1 / here["DI"])


@unhurried
@given(a=quadrants, d=quadrants, groups=some.integers(1, 4), seed=some.integers(0, 99))
def test_swapping_the_facets_negates_conditional_disparity_where_every_group_has_both_outcomes(a, d, groups, seed):
    names = np.random.default_rng(seed).integers(0, groups, sum(a) + sum(d))
    frame = people(a, d, names)
    for name, column in (("CDDL", "label"), ("CDDPL", "predicted")):
        assume((frame.groupby("group")[column].nunique() == 2).all())
        one, other = (
            report(frame, **{**COLUMNS, "disadvantaged": [facet]}, predicted="predicted", group="group")[name]
            for facet in ("d", "a")
        )
        assert one == pytest.approx(-other, abs=1e-12)


@unhurried
@given(a=quadrants, d=quadrants)
def test_every_bounded_metric_stays_in_its_bounds(a, d):
    found = measure(of_confusion(a, d))
    for name, metric in METRICS.items():
        if name in found and metric.low == "-1" and not isnan(found[name]):
            assert -1 <= found[name] <= 1, name
    assert isnan(found["DI"]) or found["DI"] >= 0


@unhurried
@given(a=quadrants, d=quadrants)
def test_without_conditioning_the_disparity_is_zero_exactly_when_dpl_is(a, d):
    """The guide says so of CDD; one single group is no conditioning."""
    frame = people(a, d, ["all"])
    found = report(frame, **COLUMNS, group="group")
    if isnan(found["CDDL"]):
        assert frame["label"].nunique() == 1
    else:
        assert (abs(found["CDDL"]) < 1e-12) == (abs(found["DPL"]) < 1e-12)


@unhurried
@given(a=quadrants, d=quadrants)
def test_the_report_of_rows_is_the_measure_of_their_counts(a, d):
    found = report(people(a, d), **COLUMNS, predicted="predicted", features=[])
    for name, value in measure(of_confusion(a, d)).items():
        assert same(found[name], value), name


@pytest.mark.parametrize("example", PRINTED_EXAMPLES, ids=lambda example: f"{example.metric}: {example.example}")
def test_the_guides_printed_examples(example):
    """Each is recomputed from its counts; `right` says whether what is printed holds to two decimals."""
    made = {
        ("KL", "0.53"): of_labels((20, 80), (70, 30)),
        ("KS", "0.5"): of_labels((40, 40, 20), (20, 10, 70), ("rejected", "waitlisted", "accepted")),
        ("DI", "0.8"): of_confusion((60, 0, 0, 40), (50, 0, 0, 50)),
        ("DPPL", "10%"): of_confusion((60, 0, 0, 40), (50, 0, 0, 50)),
        ("DCA", "1/2"): of_confusion((60, 10, 0, 30), (20, 0, 10, 20)),
        ("DCA", "-1/2"): of_confusion((50, 0, 10, 40), (30, 10, 0, 10)),
        ("DCR", "1/2"): of_confusion((40, 10, 0, 50), (10, 0, 10, 30)),
        ("DCR", "-1/2"): of_confusion((30, 0, 10, 60), (20, 10, 0, 20)),
        ("RD", "0.19"): of_confusion((65, 5, 10, 20), (20, 7, 5, 18)),
        ("SD", "0.1159"): of_confusion((65, 5, 10, 20), (20, 7, 5, 18)),
        ("AD", "0.2"): of_confusion((60, 20, 10, 10), (40, 40, 10, 10)),
        ("DAR", "0.10"): of_confusion((35, 0, 35, 0), (40, 0, 60, 0)),
        ("DRR", "0"): of_confusion((0, 20, 0, 80), (0, 10, 0, 40)),
        ("TE", "1.167"): of_confusion((46, 8, 6, 40), (23, 5, 2, 20)),
        ("GE", "0 to 0.5"): of_confusion((0, 9, 1, 0), (0, 0, 0, 0)),
        ("JS", "0 to infinity"): of_labels((5, 0), (0, 5)),
    }
    key = (example.metric, example.printed)
    if key in made:
        value = measure(made[key])[example.metric]
    else:
        assert key == ("CDDL", "0.14")
        value = 0.46 - 0.32
    assert value == pytest.approx(example.value, abs=1e-9)
    printed = {"1/2": 0.5, "-1/2": -0.5, "10%": 0.1, "0 to 0.5": 0.5, "0 to infinity": inf}.get(example.printed)
    shown = float(example.printed) if printed is None else printed
    assert example.right == (abs(value - shown) <= 0.005)
    assert example.right or example.note


def test_berkeley_is_simpsons_paradox():
    """+0.144 overall, -0.019 conditioned on the department: the guide's own example, from the published counts."""
    data = load(Params())
    assert len(data.frame) == 4526
    columns = {"facet": "sex", "disadvantaged": ["woman"], "label": "decision", "positive": ["admitted"]}
    assert report(data.frame.assign(all="one"), **columns, group="all")["CDDL"] == pytest.approx(0.1438, abs=5e-5)
    found = report(data.frame, **columns, group="department")
    assert found["CDDL"] == pytest.approx(-0.0193, abs=5e-5)
    assert found["DPL"] == pytest.approx(1198 / 2691 - 557 / 1835)
    counted = data.frame.groupby(["sex", "decision"]).size()
    assert counted.to_dict() == {
        ("man", "admitted"): 1198,
        ("man", "rejected"): 1493,
        ("woman", "admitted"): 557,
        ("woman", "rejected"): 1278,
    }


def test_guide_and_library_part_on_an_outcome_that_one_facet_never_has():
    """Rejected, waitlisted, accepted 5/1/1 against 0/2/5: the library drops what d never has."""
    names = ("rejected", "waitlisted", "accepted")
    frame = pd.DataFrame(
        {
            "facet": ["a"] * 7 + ["d"] * 7,
            "label": [*np.repeat(names, (5, 1, 1)), *np.repeat(names, (0, 2, 5))],
        }
    )
    columns = {"facet": "facet", "disadvantaged": ["d"], "label": "label", "positive": ["accepted"]}
    guide, library = (report(frame, **columns, definition=definition) for definition in ("guide", "smclarify"))
    assert isinf(guide["KL"])
    assert guide["TVD"] == pytest.approx(5 / 7)
    assert library["TVD"] == pytest.approx(4 / 7), "the library folds the outcomes into accepted and other"
    assert guide["DPL"] == library["DPL"]


def test_the_librarys_kl_can_be_negative():
    """One facet is accepted throughout: only 'accepted' is compared, without renormalising."""
    tally = of_labels((2, 2), (0, 4))
    assert measure(tally, "smclarify")["KL"] == pytest.approx(0.5 * log(0.5))
    assert isinf(measure(tally, "guide")["KL"])


def test_disjoint_outcomes_are_extreme_in_the_guide_and_an_error_in_the_library():
    tally = of_labels((0, 4), (3, 0))
    guide, library = measure(tally), measure(tally, "smclarify")
    assert isinf(guide["KL"])
    assert guide["JS"] == pytest.approx(log(2))
    assert guide["LP"] == pytest.approx(sqrt(2))
    assert guide["TVD"] == guide["KS"] == guide["DPL"] == 1
    assert all(isnan(library[name]) for name in ("KL", "JS", "LP", "TVD", "KS"))


@pytest.mark.parametrize(
    ("a", "d", "metric", "guide", "library"),
    [
        ((0, 3, 0, 3), (0, 2, 0, 2), "DI", nan, nan),
        ((3, 0, 0, 3), (0, 2, 0, 2), "DI", 0.0, 0.0),
        ((0, 3, 0, 3), (2, 0, 0, 2), "DI", inf, inf),
        ((3, 0, 0, 3), (2, 0, 0, 2), "TE", nan, 0.0),
        ((3, 1, 0, 3), (2, 1, 0, 2), "TE", nan, 0.0),
        ((3, 1, 0, 3), (2, 1, 1, 2), "TE", -inf, -inf),
        ((0, 0, 2, 3), (2, 1, 0, 2), "RD", nan, -2 / 3),
        ((3, 1, 0, 0), (2, 1, 0, 2), "SD", nan, 1.0),
        ((0, 4, 0, 2), (2, 1, 0, 2), "DAR", nan, -1.0),
        ((0, 4, 0, 2), (2, 1, 0, 2), "DCA", inf, inf),
        ((0, 0, 0, 2), (2, 1, 0, 2), "DCA", nan, -1.5),
        ((3, 0, 2, 0), (2, 0, 2, 0), "DCR", nan, 0.0),
        ((3, 0, 2, 0), (2, 0, 2, 0), "DRR", nan, 0.0),
        ((0, 3, 0, 0), (0, 4, 0, 0), "GE", nan, nan),
    ],
)
def test_impossible_ratios(a, d, metric, guide, library):
    assert same(measure(of_confusion(a, d))[metric], guide)
    assert same(measure(of_confusion(a, d), "smclarify")[metric], library)


def test_the_library_refuses_predictions_of_which_none_is_positive():
    frame = people((0, 3, 0, 3), (0, 2, 0, 2))
    library = report(frame, **COLUMNS, predicted="predicted", definition="smclarify", features=[])
    guide = report(frame, **COLUMNS, predicted="predicted", features=[])
    assert all(isnan(library[name]) for name in POST)
    assert guide["DPPL"] == 0
    assert isnan(guide["DI"])
    assert not isnan(library["DPL"])


@pytest.mark.parametrize("disadvantaged", [["nobody"], ["a", "d"]])
def test_an_empty_facet_is_an_error_in_the_guide_and_undefined_in_the_library(disadvantaged):
    frame = people((30, 10, 10, 30), (20, 10, 10, 20), ["x", "y"])
    columns = {**COLUMNS, "disadvantaged": disadvantaged, "predicted": "predicted", "group": "group"}
    with pytest.raises(ValueError, match=r"found \d+ rows in facet a and \d+ in facet d, wanted some in each"):
        report(frame, **columns)
    found = report(frame, **columns, definition="smclarify", features=[])
    assert {name for name, value in found.items() if not isnan(value)} == {"CDDL", "CDDPL", "GE"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"facet": "sex"}, "facet: found column 'sex'"),
        ({"label": "y"}, "label: found column 'y'"),
        ({"predicted": "yhat"}, "predicted: found column 'yhat'"),
        ({"group": "dept"}, "group: found column 'dept'"),
        ({"disadvantaged": []}, "disadvantaged: found \\[\\]"),
        ({"positive": "1"}, "positive: found '1'"),
        ({"definition": "aws"}, "definition: found 'aws'"),
        ({"predicted": "predicted", "features": ["height"]}, "features: found \\['height'\\]"),
        ({"predicted": "predicted", "features": ["group"]}, "features: found text in group"),
    ],
)
def test_a_wrong_argument_is_told(change, words):
    frame = people((3, 1, 1, 3), (2, 1, 1, 2), ["x", "y"])
    with pytest.raises(ValueError, match=words):
        report(frame, **{**COLUMNS, **change})


def test_predicted_scores_are_not_predicted_labels():
    frame = people((3, 1, 1, 3), (2, 1, 1, 2)).assign(score=0.73)
    with pytest.raises(ValueError, match="found scores in column 'score'"):
        report(frame, **COLUMNS, predicted="score")


@unhurried
@given(ages=some.lists(some.integers(18, 90), min_size=15, max_size=60), threshold=some.integers(25, 80))
def test_one_number_on_a_quantity_selects_what_lies_above_it(ages, threshold):
    """(t, max]: whoever is exactly t old is not in."""
    frame = pd.DataFrame({"age": ages, "label": np.resize([0, 1, 1], len(ages))})
    assume(frame["age"].nunique() > 10)
    above = frame["age"] > threshold
    assume(above.any() and not above.all())
    found = report(frame, facet="age", disadvantaged=[threshold], label="label", positive=[1])
    assert found["CI"] == pytest.approx(1 - 2 * above.mean())


@unhurried
@given(scores=some.lists(some.floats(0, 10).map(lambda x: round(x, 2)), min_size=6, max_size=40))
def test_a_continuous_label_is_split_at_its_threshold(scores):
    frame = pd.DataFrame({"facet": np.resize(["a", "d"], len(scores)), "label": scores})
    frame.loc[0, "label"] = 5.5
    found = report(frame, facet="facet", disadvantaged=["d"], label="label", positive=[5])
    above = frame["label"] > 5
    assert found["DPL"] == pytest.approx(above[frame["facet"] == "a"].mean() - above[frame["facet"] == "d"].mean())
    assert found["TVD"] == pytest.approx(abs(found["DPL"]), abs=1e-12)


@pytest.mark.parametrize("kind", [int, float, bool, "Int64", "category", str])
def test_a_code_is_a_code_whatever_its_type(kind):
    """A 0/1 column means its values, in a table of any size; the library takes small or real ones for quantities."""
    frame = people((6, 2, 1, 3), (2, 3, 1, 4))
    wanted = report(frame, **COLUMNS, predicted="predicted")
    stored = frame.astype({"label": kind, "predicted": kind})
    found = report(stored, **{**COLUMNS, "positive": [1] if kind is not bool else [True]}, predicted="predicted")
    assert all(same(found[name], wanted[name]) for name in wanted)


def test_the_library_reads_a_small_zero_one_label_as_a_quantity():
    small, large = people((6, 2, 1, 3), (2, 3, 1, 4)), people((60, 20, 10, 30), (20, 30, 10, 40))
    read = [report(frame, **COLUMNS, definition="smclarify")["DPL"] for frame in (small, large)]
    assert read == [0.0, pytest.approx(80 / 120 - 50 / 100)]
    assert report(small, **COLUMNS)["DPL"] == pytest.approx(8 / 12 - 5 / 10)


def test_several_sensitive_values_are_one_facet():
    frame = pd.DataFrame({"race": ["w"] * 6 + ["b"] * 3 + ["h"] * 3, "label": [1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0]})
    found = report(frame, facet="race", disadvantaged=["b", "h"], label="label", positive=[1])
    assert found["DPL"] == pytest.approx(4 / 6 - 2 / 6)
    each = reports_by_value(frame, facet="race", label="label", positive=[1])
    assert set(each) == {"w", "b", "h"}
    assert each["w"]["DPL"] == pytest.approx(-found["DPL"])


@pytest.mark.parametrize("definition", ["guide", "smclarify"])
def test_missing_cells_count_as_a_and_as_negative(definition):
    frame = people((30, 20, 10, 40), (20, 30, 10, 40)).astype({"label": object, "predicted": object, "facet": object})
    frame = frame.assign(label=frame["label"].map(str), predicted=frame["predicted"].map(str))
    frame.loc[frame.index[-5:], "facet"] = None
    frame.loc[frame.index[:7], "label"] = None
    frame.loc[frame.index[:9], "predicted"] = None
    columns = {**COLUMNS, "positive": ["1"], "predicted": "predicted", "features": [], "definition": definition}
    filled = frame.assign(
        facet=frame["facet"].fillna("a"), label=frame["label"].fillna("0"), predicted=frame["predicted"].fillna("0")
    )
    found, wanted = report(frame, **columns), report(filled, **columns)
    assert all(same(found[name], wanted[name]) for name in wanted)


def test_rows_without_a_group_are_a_group_of_their_own_in_the_guide_and_left_out_by_the_library():
    frame = people((20, 10, 10, 20), (10, 20, 10, 20), [1.0, 2.0])
    frame.loc[frame.index[::5], "group"] = nan
    guide = report(frame, **COLUMNS, group="group")["CDDL"]
    library = report(frame, **COLUMNS, group="group", definition="smclarify")["CDDL"]
    assert guide == pytest.approx(report(frame.fillna({"group": 3.0}), **COLUMNS, group="group")["CDDL"])
    assert library == pytest.approx(report(frame.dropna(), **COLUMNS, group="group")["CDDL"])


@pytest.mark.parametrize("rows", [100_000, 100_001, 250_003])
def test_very_many_rows_are_counted_like_few(rows):
    """Whole-column counting against pandas's own, for odd and even numbers of rows."""
    rng = np.random.default_rng(rows)
    frame = pd.DataFrame({name: rng.integers(0, top, rows) for name, top in (("f", 2), ("y", 2), ("p", 2), ("g", 7))})
    tally = encode(frame, facet="f", disadvantaged=[1], label="y", positive=[1], predicted="p", group="g").tally()
    wanted = frame.groupby(["g", "f", "y", "p"]).size().to_numpy().reshape(7, 2, 2, 2)
    assert (tally.counts == wanted).all()


def test_a_label_that_would_fill_the_memory_is_refused():
    rows = 4_000
    frame = pd.DataFrame({"facet": np.resize(["a", "d"], rows), "label": [f"l{n}" for n in range(rows)]})
    frame["group"] = [f"g{n}" for n in range(rows)]
    with pytest.raises(ValueError, match="too many to count"):
        report(frame, facet="facet", disadvantaged=["d"], label="label", positive=["l1"], group="group")


def brute_flips(features, is_d, predicted, neighbours):
    """The five nearest by comparing every pair."""
    of_a, favoured = features[~is_d], predicted[~is_d]
    refused = favours = 0
    for row, own in zip(features[is_d], predicted[is_d], strict=True):
        nearest = np.argsort(((of_a - row) ** 2).sum(axis=1), kind="stable")[:neighbours]
        other = favoured[nearest].sum() * 2 > neighbours
        refused, favours = refused + (other and not own), favours + (own and not other)
    return refused, favours


@unhurried
@given(seed=some.integers(0, 10_000), rows=some.integers(4, 80), columns=some.integers(1, 4))
def test_the_flip_test_asks_the_nearest_neighbours(seed, rows, columns):
    rng = np.random.default_rng(seed)
    features, is_d, predicted = rng.normal(size=(rows, columns)), rng.random(rows) < 0.5, rng.random(rows) < 0.5
    is_d[:2] = True, False
    flips = flip_test(features, is_d, predicted)
    wanted = brute_flips(features, is_d, predicted, 5 if (~is_d).sum() > 9 else 1)
    assert (flips.refused, flips.favoured) == wanted
    assert flips.members == is_d.sum()
    assert flips.value("guide") == -flips.value("smclarify") == (wanted[0] - wanted[1]) / is_d.sum()


def test_the_guide_calls_it_positive_when_d_is_refused_and_her_neighbours_are_favoured():
    frame = pd.DataFrame({"facet": ["a"] * 10 + ["d"] * 2, "label": 1, "predicted": [1] * 10 + [0, 0], "x": range(12)})
    frame["label"] = [1, 0] * 6
    guide, library = (
        report(frame, **COLUMNS, predicted="predicted", features=["x"], definition=definition)["FT"]
        for definition in ("guide", "smclarify")
    )
    assert guide == 1
    assert isnan(library) or library == -1


@pytest.mark.parametrize("ties", [False, True])
def test_very_many_searches_give_the_same_answers_as_few(ties):
    """The fast way and the plain one, on points with and without equal distances."""
    rng = np.random.default_rng(3)
    rows = 60_000
    features = rng.normal(size=(rows, 3))
    if ties:
        features = np.round(features, 1)
    is_d, predicted = np.arange(rows) % 2 == 0, rng.random(rows) < 0.4
    whole = flip_test(features, is_d, predicted)
    parts = []
    for part in np.array_split(np.flatnonzero(is_d), 4):
        chosen = np.zeros(rows, dtype=bool)
        chosen[part] = True
        kept = ~is_d | chosen
        parts.append(flip_test(features[kept], is_d[kept], predicted[kept]))
    assert whole.refused == sum(part.refused for part in parts)
    assert whole.favoured == sum(part.favoured for part in parts)
    assert whole.searches > 20_000 or ties


class StopError(Exception):
    """What a page raises to cancel."""


def test_the_flip_test_reports_progress_and_can_be_cancelled():
    rng = np.random.default_rng(0)
    features, is_d, predicted = rng.normal(size=(90_000, 2)), np.arange(90_000) % 2 == 0, rng.random(90_000) < 0.5
    seen = []

    def watch(share, words):
        seen.append(share)
        if share > 0.4:
            raise StopError(words)

    with pytest.raises(StopError, match="neighbour searches"):
        flip_test(features, is_d, predicted, on_progress=watch)
    assert seen == sorted(seen)
    assert seen[-1] < 1


@pytest.mark.parametrize("definition", ["guide", "smclarify"])
@unhurried
@given(a=quadrants, d=quadrants, groups=some.integers(1, 3))
def test_each_explanation_ends_at_the_reported_value(definition, a, d, groups):
    frame = people(a, d, np.arange(groups))
    tally = encode(frame, **COLUMNS, predicted="predicted", group="group").tally()
    values = measure(tally, definition)
    for name, value in values.items():
        worked = work(name, tally, definition)
        assert same(worked.value, value), name
        steps = explain(name, tally, definition, a="men", d="women")
        assert steps[-1] == reading(name, value, a="men", d="women")
        if isfinite(value):
            assert number(value) in worked.steps[-1]
            assert f"{abs(value):.4f}" in worked.formula


def test_an_unknown_metric_is_told():
    with pytest.raises(LookupError, match="found metric 'DCAcc', wanted one of CI"):
        explain("DCAcc", of_labels((1, 1), (1, 1)))


def test_the_direction_of_each_difference_is_what_the_catalogue_says():
    """a does everything right, d everything wrong: who is subtracted from whom shows in the sign."""
    found = measure(of_confusion((40, 10, 10, 40), (10, 40, 40, 10)))
    for name, metric in METRICS.items():
        if metric.order == "a - d" and name in ("RD", "AD", "DAR"):
            assert found[name] > 0, name
        if metric.order == "d - a" and name in ("SD", "DRR"):
            assert found[name] < 0, name
    assert {name for name, metric in METRICS.items() if metric.order == "d - a"} == {"DCR", "SD", "DRR", "TE"}
    assert METRICS["DI"].order == "d / a"
    assert METRICS["GE"].order == "no facet"
