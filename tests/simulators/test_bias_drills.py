"""Drills: the right choice is right, every slip is a different number, and the same seed asks the same."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from simulators.bias import METRICS, drill, measure, of_confusion, of_labels

unhurried = settings(deadline=None, max_examples=40)


def shown(choice):
    return float(choice.replace("\N{MINUS SIGN}", "-"))


@pytest.mark.parametrize("metric", METRICS)
@unhurried
@given(seed=some.integers(0, 2**31 - 1))
def test_a_drill_has_one_right_choice_and_three_slips(metric, seed):
    asked = drill(seed, metric)
    values = [shown(choice) for choice in asked.choices]
    assert metric in asked.ask
    assert len(asked.choices) == len(asked.whys) == 4
    assert min(abs(a - b) for i, a in enumerate(values) for b in values[:i]) >= 0.006
    assert asked.whys[asked.answer].startswith("Right.")
    assert all(why.startswith("This ") for place, why in enumerate(asked.whys) if place != asked.answer)
    assert asked.steps
    assert not asked.table.empty
    again = drill(seed, metric)
    assert (again.ask, again.choices, again.answer) == (asked.ask, asked.choices, asked.answer)
    assert again.table.equals(asked.table)


@pytest.mark.parametrize("metric", METRICS)
@unhurried
@given(seed=some.integers(0, 2**31 - 1))
def test_the_answer_follows_from_the_table_alone(metric, seed):
    """Worked out from the shown table, not from what the drill kept to itself."""
    asked = drill(seed, metric)
    table, value = asked.table, shown(asked.choices[asked.answer])
    if metric == "FT":
        _, members, refused, favoured = table["rows"].tolist()
        wanted = (refused - favoured) / members
    elif metric in ("CDDL", "CDDPL"):
        rejected, accepted = table.columns[2:]
        wanted = 0.0
        for _, group in table.groupby("group"):
            d = group[group["facet"] == "d"].iloc[0]
            share = d[rejected] / group[rejected].sum() - d[accepted] / group[accepted].sum()
            wanted += share * group[[rejected, accepted]].to_numpy().sum()
        wanted /= table[[rejected, accepted]].to_numpy().sum()
    elif METRICS[metric].stage == "post-training":
        wanted = measure(of_confusion(tuple(table["facet a"]), tuple(table["facet d"])))[metric]
    else:
        wanted = measure(of_labels(tuple(table["facet a"]), tuple(table["facet d"]), tuple(table["outcome"])))[metric]
    assert value == pytest.approx(wanted, abs=0.0005001)


def test_seeds_alone_ask_about_every_metric_and_place_the_answer_anywhere():
    asked = [drill(seed) for seed in range(400)]
    assert all(any(f"what is {metric} " in one.ask for one in asked) for metric in METRICS)
    places = np.bincount([one.answer for one in asked], minlength=4)
    assert places.min() > 60


def test_the_reversed_difference_is_always_on_offer_for_signed_metrics():
    """Who is subtracted from whom is the classic slip."""
    for metric in ("CI", "DPL", "DPPL", "RD", "SD", "AD", "DAR", "DRR", "TE", "DCA", "DCR", "FT"):
        for seed in range(5):
            asked = drill(seed, metric)
            values = [shown(choice) for choice in asked.choices]
            assert any(value == pytest.approx(-values[asked.answer]) for value in values), metric


def test_an_unknown_metric_is_told():
    with pytest.raises(LookupError, match=re.escape("found metric 'ROC', wanted one of CI")):
        drill(0, "ROC")
