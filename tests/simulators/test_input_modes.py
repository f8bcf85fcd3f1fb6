"""The three input modes: against SimPy, AWS's published figures, botocore's own checks, and through the page."""

import re
from html import unescape

import botocore.loaders
import botocore.model
import botocore.validate
import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from content import default_catalog
from simulators.input_modes import (
    MODES,
    PREDICTIONS,
    SCENARIOS,
    Params,
    arrival_seconds,
    best_mode,
    break_even_epochs,
    drill,
    findings,
    learn,
    outcome,
    read_seconds,
    request,
    run,
    time_of,
)
from tests.test_pages import LEARNER, button, open_app, store
from tests.test_pages import words as raw_words

PAGE = "quizzes/pages/simulator.py"


# --- when bytes arrive ------------------------------------------------------------------------------------------------


def simulated(objects, size, rate, latency, in_flight, take):
    """Arrival of each object and the end of reading, by SimPy: slots, one link, one reader."""
    world, arrived, done = simpy.Environment(), [], []
    slots, link = simpy.Resource(world, in_flight), simpy.Resource(world, 1)
    there = [world.event() for _ in range(objects)]

    def fetch(number):
        with slots.request() as slot:
            yield slot
            yield world.timeout(latency)
            with link.request() as turn:
                yield turn
                yield world.timeout(size / rate)
        arrived.append(world.now)
        there[number].succeed()

    def read():
        for number in range(objects):
            yield there[number]
            yield world.timeout(size / take)
        done.append(world.now)

    for number in range(objects):
        world.process(fetch(number))
    world.process(read())
    world.run()
    return arrived, done[0]


@settings(deadline=None, max_examples=150)
@given(
    objects=some.integers(1, 60),
    size=some.floats(0.1, 50),
    rate=some.floats(5, 500),
    latency=some.floats(0.001, 2),
    in_flight=some.integers(1, 20),
    take=some.floats(5, 500),
)
def test_simpy_agrees_on_every_arrival_and_on_the_end(objects, size, rate, latency, in_flight, take):
    arrived, done = simulated(objects, size, rate, latency, in_flight, take)
    ours = [
        arrival_seconds(number, size, rate=rate, latency=latency, in_flight=in_flight)
        for number in range(1, objects + 1)
    ]
    assert ours == pytest.approx(arrived)
    assert read_seconds(objects, size, rate=rate, latency=latency, in_flight=in_flight, take=take) == pytest.approx(
        done
    )


# --- what AWS has published -------------------------------------------------------------------------------------------


def test_fifty_gigabytes_take_five_minutes_at_the_rate_of_the_guide():
    job = Params(data_gb=50, object_mb=100, network_mb_per_second=167)
    assert outcome(job, "File").start_seconds == pytest.approx(300, rel=0.01)


def test_fastfile_saves_what_its_announcement_says():
    """100 GB: 28 minutes with File, 5 with FastFile; the difference is the download, at 72 MB/s."""
    job = Params(data_gb=100, network_mb_per_second=72, epochs=1)
    saved = outcome(job, "File").start_seconds - outcome(job, "FastFile").start_seconds
    assert saved / 60 == pytest.approx(23, rel=0.02)


# --- the modes --------------------------------------------------------------------------------------------------------

jobs = some.builds(
    Params,
    data_gb=some.floats(0.1, 2_000),
    object_mb=some.floats(0.01, 5_000),
    epochs=some.integers(1, 100),
    compute_mb_per_second=some.floats(1, 5_000),
    source=some.sampled_from(["S3Prefix", "ManifestFile", "AugmentedManifestFile"]),
    access=some.sampled_from(["sequential", "random"]),
    instances=some.integers(1, 32),
    distribution=some.sampled_from(["FullyReplicated", "ShardedByS3Key"]),
    network_mb_per_second=some.floats(5, 10_000),
    request_ms=some.floats(1, 1_000),
    requests_in_flight=some.integers(1, 500),
    readers=some.integers(1, 128),
    disk_mb_per_second=some.floats(10, 10_000),
    volume_gb=some.integers(1, 16_384),
    model_gb=some.floats(0, 500),
)


@settings(deadline=None, max_examples=200)
@given(job=jobs)
def test_no_mode_beats_the_algorithm_the_network_or_its_own_start(job):
    for mode in MODES:
        found = outcome(job, mode)
        work = job.share_gb * 1_000 / job.compute_mb_per_second
        assert found.epoch_seconds >= work * (1 - 1e-9)
        assert found.waiting_seconds == pytest.approx(found.epoch_seconds - work, abs=1e-6 * found.epoch_seconds)
        assert found.total_seconds == pytest.approx(found.start_seconds + job.epochs * found.epoch_seconds)
        if mode != "File":
            assert found.epoch_seconds >= job.share_gb * 1_000 / job.network_mb_per_second * (1 - 1e-9)
            assert found.disk_gb == job.model_gb
    assert outcome(job, "File").disk_gb == pytest.approx(job.model_gb + job.share_gb)


@settings(deadline=None, max_examples=200)
@given(job=jobs)
def test_file_wins_from_the_break_even_on_and_not_before(job):
    even = break_even_epochs(job)
    file, fast = outcome(job, "File"), outcome(job, "FastFile")

    def total(each, epochs):
        return each.start_seconds + epochs * each.epoch_seconds

    if even is None:
        assert file.epoch_seconds >= fast.epoch_seconds
        return
    assert total(file, even * 1.01 + 1e-6) <= total(fast, even * 1.01 + 1e-6) * (1 + 1e-9)
    if even > 0:
        assert total(file, even * 0.99) >= total(fast, even * 0.99) * (1 - 1e-9)


def test_each_mode_refuses_what_it_cannot_do():
    def possible(**given):
        return {each.mode for each in run(Params(epochs=1, **given)).possible}

    assert possible() == {"File", "FastFile", "Pipe"}
    assert possible(source="ManifestFile") == {"File", "Pipe"}
    assert possible(source="AugmentedManifestFile") == {"Pipe"}
    assert possible(access="random") == {"File", "FastFile"}
    assert possible(data_gb=500, volume_gb=100) == {"FastFile", "Pipe"}
    assert possible(source="AugmentedManifestFile", access="random") == set()
    assert "No mode can run" in " ".join(findings(run(Params(source="AugmentedManifestFile", access="random"))))


def test_shares_are_by_object_and_instances_without_one_are_idle():
    job = Params(data_gb=20, object_mb=5_000, instances=8, distribution="ShardedByS3Key")
    assert (job.objects, job.objects_per_instance, job.idle_instances) == (4, 1, 4)
    assert job.share_gb == pytest.approx(5)
    assert outcome(job, "File").cost == pytest.approx(8 * outcome(job, "File").total_seconds / 3_600 * 4)
    assert Params(instances=8).share_gb == Params().data_gb


def test_a_model_learns_less_from_sorted_keys_and_unlike_shards():
    good = learn(Params(epochs=8))
    sorted_keys = learn(Params(epochs=8, key_order="sorted"))
    unlike = learn(Params(epochs=8, key_order="sorted", instances=8, distribution="ShardedByS3Key"))
    assert good.as_set[-1] > 0.93
    assert sorted_keys.as_set[-1] < good.as_set[-1] - 0.2
    assert unlike.as_set[-1] < good.as_set[-1] - 0.05
    assert unlike.classes_per_instance < 4
    assert good == learn(Params(epochs=8))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.06, "0.06 s"),
        (9.4, "9.4 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (599, "9 min 59 s"),
        (3_600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "1 day"),
        (1_051_200, "12 days 4 h"),
    ],
)
def test_durations_are_said_as_people_do(seconds, said):
    assert time_of(seconds) == said


# --- the AWS side -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def operation():
    model = botocore.loaders.Loader().load_service_model("sagemaker", "service-2")
    return botocore.model.ServiceModel(model).operation_model("CreateTrainingJob").input_shape


@settings(deadline=None, max_examples=100)
@given(job=jobs)
def test_every_request_is_one_that_botocore_takes(operation, job):
    mode = best_mode(job)
    if mode is None:
        with pytest.raises(ValueError, match="File: "):
            request(job)
        return
    name, body = request(job)
    assert name == "CreateTrainingJob"
    assert botocore.validate.ParamValidator().validate(body, operation).generate_report() == ""
    (channel,) = body["InputDataConfig"]
    assert channel["InputMode"] == mode in operation.members["AlgorithmSpecification"].members["TrainingInputMode"].enum


# --- drills, scenarios, predictions -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(seed=some.integers(0, 999_999))
def test_drills_are_well_posed(seed):
    posed = drill(seed)
    assert posed == drill(seed)
    assert len(set(posed.choices)) == len(posed.choices) == len(posed.whys) == 4
    assert set(posed.facts) <= default_catalog().facts.keys()


def test_drills_put_the_answer_anywhere_and_ask_of_everything():
    posed = [drill(seed) for seed in range(200)]
    assert np.bincount([each.answer for each in posed], minlength=4).min() > 25
    kinds = ("download, first-byte", "How large must", "From how many epochs", "What is billed")
    assert all(any(kind in each.ask for each in posed) for kind in kinds)


def test_a_download_drill_can_be_worked_out_from_its_words():
    posed = next(each for each in map(drill, range(100)) if "first-byte" in each.ask)
    gigabytes = float(re.search(r"reads ([\d.]+) GB", posed.ask)[1])
    instances = int(re.search(r"has (\d+) instances", posed.ask)[1])
    rate = float(re.search(r"takes ([\d.]+) MB/s", posed.ask)[1])
    share = gigabytes / instances if "its share" in posed.ask else gigabytes
    assert posed.choices[posed.answer] == time_of(share * 1_000 / rate)


def test_scenarios_show_their_lessons():
    found = {name: run(Params(**scenario.params)) for name, scenario in SCENARIOS.items()}
    assert found["launch"].possible[-1].mode == "File"
    assert found["many-epochs"].possible[0].mode == "File"
    assert found["tiny-files"].of("FastFile").total_seconds > 5 * found["packed"].of("FastFile").total_seconds
    assert "File" not in [each.mode for each in found["full-disk"].possible]
    assert [each.mode for each in found["augmented"].possible] == ["Pipe"]
    assert [each.mode for each in found["random"].possible] == ["File", "FastFile"]
    assert found["unlike-shards"].learning.classes_per_instance < 4
    assert found["idle"].params.idle_instances == 4


# --- the page ---------------------------------------------------------------------------------------------------------


def opened(**query: str) -> AppTest:
    return open_app(PAGE, simulator="input_modes", **{f"input_modes-{name}": value for name, value in query.items()})


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_runs_on_the_page(scenario: str) -> None:
    app = opened(scenario=scenario)
    asked = next(each for each in app.radio if each.label.startswith("Before you run it"))
    asked.set_value(0).run()
    button(app, "Run").click().run()
    assert not app.exception
    told = unescape(raw_words(app))
    for text in findings(run(Params(**SCENARIOS[scenario].params))):
        assert text in told
    assert SCENARIOS[scenario].lesson in told
    right = PREDICTIONS[0].answer(run(Params(**SCENARIOS[scenario].params))) == 0
    assert {each.rating > 1 for each in store().reviews(LEARNER)} == {right}


def test_a_drill_of_the_plain_page_is_answered_and_remembered() -> None:
    app = opened(part="Drills", drill="7")
    posed = drill(7)
    assert posed.ask in unescape(raw_words(app))
    app.radio(key="input_modes-drill-7").set_value(posed.answer).run()
    button(app, "Check").click().run()
    assert not app.exception
    assert {each.fact for each in store().reviews(LEARNER)} == set(posed.facts)
    button(app, "Next drill").click().run()
    assert drill(8).ask in unescape(raw_words(app))


@pytest.mark.parametrize("value", ["1e400", "-1", "nobody", "<script>", "99999999999999999999"])
def test_forged_values_give_the_defaults(value: str) -> None:
    app = opened(**dict.fromkeys([*Params.__pydantic_fields__, "part", "scenario", "drill"], value))
    assert not app.exception
    assert "<script>" not in raw_words(app)


def test_a_job_that_no_mode_can_run_is_told() -> None:
    app = opened(source="AugmentedManifestFile", access="random")
    button(app, "Run").click().run()
    assert not app.exception
    told = unescape(raw_words(app))
    assert "No mode can run this job as it is." in told
    assert "AWS would refuse this" in told
