"""The tuning race as a page sees it: runs, progress, figures, findings, predictions; small races, really trained."""

import json
import pickle
import re
from dataclasses import fields, replace

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy.stats import wilcoxon
from sklearn.neural_network import MLPClassifier

from simulators import find, slugs
from simulators._hyperband.lineup import LOOKS
from simulators._hyperband.words import SPENT, split_of_epochs
from simulators.contract import Cancelled
from simulators.hyperband import PREDICTIONS, SIMULATOR, Params, Race, figures, findings, run, run_seed

SMALL = Params(max_resource=9, rows=200, seeds=2, line_up="all", space="mild")


@pytest.fixture(scope="module")
def small():
    return run(SMALL)


def same(one, other):
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        if isinstance(getattr(one, field.name), np.ndarray)
        else getattr(one, field.name) == getattr(other, field.name)
        for field in fields(one)
    )


def test_it_is_found_by_its_file_name():
    assert "hyperband" in slugs()
    assert find("hyperband") is SIMULATOR
    assert SIMULATOR.slow


def test_the_same_params_give_the_same_race_and_touch_no_global_random_state(small):
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    again = run(SMALL)
    assert np.random.get_state()[1].tolist() == before
    for one, other in zip(small.seeds, again.seeds, strict=True):
        assert all(same(one.runs[key], other.runs[key]) for key in LOOKS)
        assert all(same(one.parallel[at], other.parallel[at]) for at in one.parallel)
        assert one.trained == other.trained


def test_seeds_are_independent_so_they_can_run_in_several_processes(small):
    assert all(same(run_seed(SMALL, 1).runs[key], small.seeds[1].runs[key]) for key in LOOKS)
    shifted = run(replace(SMALL, seed=1, seeds=1))
    assert all(same(shifted.seeds[0].runs[key], small.seeds[1].runs[key]) for key in LOOKS)


def test_a_race_can_be_pickled(small):
    again = pickle.loads(pickle.dumps(small))
    assert isinstance(again, Race)
    assert findings(again) == findings(small)


def test_everybody_gets_the_same_budget(small):
    assert small.budget == 69
    for each in small.seeds:
        assert {run.charged for run in each.runs.values()} == {69}
    assert {run.charged for run in small.seeds[0].parallel.values()} == {69}
    assert small.trained < sum(run.charged for each in small.seeds for run in each.runs.values()) * 3


def test_strategies_share_configurations_within_a_seed_and_not_between_seeds(small):
    first, second = small.seeds
    begin = first.runs["random"].configurations[:5]
    assert first.runs["hyperband"].configurations[:5] == begin == first.runs["asha"].configurations[:5]
    assert second.runs["random"].configurations[:5] != begin


def test_progress_rises_names_the_place_and_comes_every_few_trained_epochs(monkeypatch):
    trained, heard = [0], []
    plain = MLPClassifier.partial_fit

    def counted(self, *args, **kwargs):
        trained[0] += 1
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(MLPClassifier, "partial_fit", counted)
    run(SMALL, lambda share, words: heard.append((share, words, trained[0])))
    shares = [share for share, _, _ in heard]
    assert shares == sorted(shares) and shares[0] < 0.05 and shares[-1] == 1.0
    assert max(np.diff([0, *(count for _, _, count in heard)])) <= 10
    told = " ".join(words for _, words, _ in heard)
    assert "Seed 1 of 2, Hyperband: bracket s = 2, rung 1 of 3: 9 configurations to 1 epoch" in told
    assert all(look.name in told for look in LOOKS.values())


def test_what_progress_raises_ends_the_run_at_once(monkeypatch):
    trained = [0]
    plain = MLPClassifier.partial_fit

    def counted(self, *args, **kwargs):
        trained[0] += 1
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(MLPClassifier, "partial_fit", counted)

    def stop_at_a_tenth(share, words):
        if share > 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(SMALL, stop_at_a_tenth)
    assert trained[0] < 200


def test_best_so_far_never_falls_and_ends_at_the_winner(small):
    for key in small.strategies:
        best = small.best_so_far(key)
        assert best.shape == (2, 69)
        assert (np.diff(best, axis=1) >= 0).all()
        assert np.array_equal(best[:, -1], small.validation[key])


def test_validation_picks_and_test_only_reports(small):
    for key in small.strategies:
        for number, each in enumerate(small.seeds):
            ours = each.runs[key]
            assert small.validation[key][number] == ours.validation.max()
            assert small.test[key][number] == ours.test[np.argmax(ours.validation)]


def test_every_epoch_is_accounted_for(small):
    for key in small.strategies:
        spent = split_of_epochs(small, key)
        assert list(spent) == [kind for kind, _, _ in SPENT]
        assert sum(spent.values()) == pytest.approx(69)
    assert split_of_epochs(small, "random")["stopped"] == 0
    assert split_of_epochs(small, "hyperband")["stopped"] > 0
    restarted = run(replace(SMALL, resume=False, line_up="duel", seeds=1))
    assert split_of_epochs(restarted, "hyperband")["again"] == 78 - 69


def test_the_paired_test_is_wilcoxons():
    result = run(Params(max_resource=9, rows=150, seeds=7, line_up="duel"))
    difference = result.validation["hyperband"] - result.validation["random"]
    assert result.paired_p("hyperband", "random") == pytest.approx(wilcoxon(difference).pvalue)
    assert result.paired_p("random", "random") == 1.0
    assert "Wilcoxon" in findings(result)[0]


def test_random_search_that_runs_on_draws_level_or_not():
    result = run(Params(max_resource=9, rows=150, seeds=3, line_up="duel", random_budgets=3))
    needs = result.random_needs()
    for each, need in zip(result.seeds, needs, strict=True):
        longer = each.longer_random
        assert longer.charged == 3 * result.budget
        assert longer.validation[: result.budget].tolist() == each.runs["random"].validation.tolist()
        wanted = each.runs["hyperband"].validation.max()
        if np.isfinite(need):
            at = round(need * result.budget)
            assert longer.best_validation[at - 1] >= wanted
            assert at == 1 or longer.best_validation[at - 2] < wanted
        else:
            assert longer.validation.max() < wanted
    assert any("drew level" in sentence for sentence in findings(result))


def test_figures_can_be_drawn_read_and_sent(small):
    drawn = figures(small)
    assert [figure.title for figure in drawn] == [
        "Best so far",
        "The brackets",
        "Learning curves",
        "Where the epochs went",
        "Validation and test",
        "Wall-clock time",
        "Who waits",
    ]
    for figure in drawn:
        sent = json.loads(figure.chart.to_json())
        layout = sent["layout"]
        assert sent["data"] and layout["title"]["text"] and layout["xaxis"]["title"]["text"]
        assert "width" not in layout and layout["legend"]["orientation"] == "h"
        assert 40 < len(figure.caption) < 500 and re.search(r"\d", figure.caption)
        assert 1 <= len(figure.table) <= 200
        assert all(len(str(column)) <= 24 for column in figure.table.columns)
        assert len(figure.chart.to_json()) < 400_000


def test_lines_are_told_apart_without_colour(small):
    chart = figures(small)[0].chart
    named = [trace for trace in chart.data if trace.name]
    assert len(named) == len({trace.line.dash for trace in named}) == 7


def test_the_brackets_fill_rung_by_rung(small):
    chart = next(figure for figure in figures(small) if figure.title == "The brackets").chart
    filled = [list(frame.data[0].marker.symbol).count("circle") for frame in chart.frames]
    assert filled == list(range(7))
    labels = next(trace for trace in chart.data if trace.text is not None)
    assert list(labels.text) == ["9", "3", "1", "5", "1", "3"]
    assert list(labels.x) == [1, 3, 9, 3, 9, 9]


def test_learning_curves_are_cut_where_they_were_stopped(small):
    figure = next(figure for figure in figures(small) if figure.title == "Learning curves")
    ours = small.seeds[0].runs["hyperband"]
    stopped, marks, full, winner = figure.chart.data
    assert len(marks.x) == ours.endings.count("stopped") - (ours.endings[ours.trial[ours.winner]] == "stopped")
    assert set(marks.x) <= {1, 3}
    assert max(x for x in stopped.x if x is not None) <= 3
    assert max(y for y in winner.y if y is not None) == ours.validation.max()
    assert max(x for x in full.x if x is not None) == 9
    assert figure.table["epochs"].max() == 9
    trained = [sum(x is not None for trace in frame.data for x in (trace.x or ()) if trace.mode == "lines")
               for frame in figure.chart.frames]  # fmt: skip
    assert trained == sorted(trained) and trained[-1] == 69


def test_the_wall_clock_shows_every_worker_count(small):
    table = next(figure for figure in figures(small) if figure.title == "Wall-clock time").table
    assert set(table["workers"]) == {1, 4, 10}
    minutes = table.pivot(index="strategy", columns="workers", values="minutes")
    assert (minutes[1] > minutes[4]).all() and (minutes[4] >= minutes[10]).all()
    busy = table[table["workers"] == 1]["busy %"]
    assert (busy == 100).all()
    known = table.pivot(index="strategy", columns="workers", values="results known")
    assert known.loc["Bayesian", 10] < known.loc["Bayesian", 1]


def test_findings_are_few_and_have_the_runs_numbers(small):
    said = findings(small)
    assert 2 <= len(said) <= 5
    medians = {key: float(np.median(small.validation[key])) for key in small.strategies}
    assert f"{medians['hyperband']:.3f}" in said[0]
    assert "69 epochs each" in said[0]


def _with(result, hyperband, random):
    """The same race, had these two scored differently."""
    seeds = []
    for each in result.seeds:
        runs = dict(each.runs)
        for key, score in (("hyperband", hyperband), ("random", random)):
            runs[key] = replace(runs[key], validation=np.full_like(runs[key].validation, score))
        seeds.append(replace(each, runs=runs))
    return replace(result, seeds=tuple(seeds))


def test_findings_say_it_when_the_expected_winner_lost(small):
    assert findings(_with(small, 0.8, 0.9))[0].startswith(
        "Random search won this one: median validation accuracy 0.900"
    )
    assert findings(_with(small, 0.9, 0.8))[0].startswith("Hyperband beat random search")
    assert findings(_with(small, 0.9, 0.9))[0].startswith("Hyperband and random search drew")
    alone = replace(small, seeds=small.seeds[:1])
    assert "One seed is an anecdote" in findings(alone)[0]


@pytest.mark.parametrize("number", range(len(PREDICTIONS)))
def test_a_prediction_is_graded_from_the_run(small, number):
    asked = PREDICTIONS[number]
    assert 3 <= len(asked.choices) == len(set(asked.choices))
    assert asked.answer(small) in range(len(asked.choices))
    assert re.search(r"\d", asked.why(small))


def test_predictions_follow_the_numbers(small):
    who, how_often, size, share, gap, busy = PREDICTIONS
    better, worse, level = _with(small, 0.99, 0.2), _with(small, 0.2, 0.99), _with(small, 0.995, 0.995)
    assert [who.choices[who.answer(each)] for each in (better, worse, level)] == [
        "Hyperband's alone",
        "Random search's alone",
        "Two or more tie for it",
    ]
    assert [how_often.answer(each) for each in (better, worse, level)] == [0, 3, 3]
    assert size.choices[size.answer(small)] == "Fewer than 20"  # 9 + 5 + 3
    assert share.choices[share.answer(small)] == "A quarter to less than half"
    assert gap.choices[gap.answer(_with(small, 1.0, 1.0))] == "A point or more lower"
    assert busy.answer(small) in (0, 1, 2)


def test_bounds_are_kept():
    for wrong in ({"max_resource": 8}, {"eta": 1}, {"seeds": 0}, {"space": "odd"}, {"rows": 10_000}):
        with pytest.raises(ValidationError):
            Params(**wrong)
    schema = TypeAdapter(Params).json_schema()["properties"]
    assert all(field.get("title") for field in schema.values())
    assert all("names" in field for field in schema.values() if "enum" in field and field is not schema["api_strategy"])


def test_more_passes_and_more_workers_keep_the_budget():
    result = run(
        Params(max_resource=9, eta=2, rows=150, seeds=1, line_up="stoppers", passes=2, workers=3, overlap=True)
    )
    assert result.worker_counts == (1, 3, 4, 10)
    assert {each.charged for each in result.seeds[0].parallel.values()} == {result.budget}
    assert result.seeds[0].runs["hyperband"].brackets.count(0) == 2 * result.schedule[-1][0][0]
    assert "starts the next bracket meanwhile" in " ".join(findings(result))
    assert figures(result)
