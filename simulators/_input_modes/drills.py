"""Exercises without end: a job drawn by seed, a question about it, answered by computing it."""

import numpy as np

from simulators._input_modes.params import Params
from simulators._input_modes.run import break_even_epochs, outcome
from simulators._input_modes.words import time_of
from simulators.contract import Drill, shuffled


def drill(seed: int) -> Drill:
    """The exercise of that number; the same number gives the same one."""
    rng = np.random.default_rng([seed, 6])
    kinds = (_download, _disk, _break_even, _billed)
    kind = kinds[int(rng.integers(len(kinds)))]
    while True:
        posed = kind(rng)
        # Slips may coincide for some jobs, and some have no answer; then others are drawn.
        if posed and len(posed.choices) == 4:
            return posed


def _drawn(rng: np.random.Generator) -> Params:
    return Params(
        data_gb=float(rng.choice([30, 60, 90, 120, 240, 360, 600])),
        object_mb=100.0,
        network_mb_per_second=float(rng.choice([50, 100, 125, 200, 250])),
        request_ms=1.0,
        instances=int(rng.choice([2, 3, 4, 6, 10])),
        distribution="ShardedByS3Key" if rng.random() < 0.5 else "FullyReplicated",
        model_gb=float(rng.choice([2, 5, 10])),
        epochs=int(rng.choice([1, 3, 10])),
        compute_mb_per_second=float(rng.choice([250, 400, 500])),
        disk_mb_per_second=1_000.0,
        price_per_hour=float(rng.choice([2, 3, 6])),
    )


def _job(params: Params) -> str:
    each = "each gets all of it" if params.distribution == "FullyReplicated" else "each gets its share of the objects"
    return (
        f"A training job reads {params.data_gb:g} GB in objects of 100 MB from S3. It has {params.instances} instances "
        f"({each}), and each takes {params.network_mb_per_second:g} MB/s from S3."
    )


def _facts(*ids: str) -> tuple[str, ...]:
    return tuple(f"input-modes/{fact}" for fact in ids)


def _minutes(megabytes: float, rate: float) -> str:
    return time_of(megabytes / rate)


def _download(rng: np.random.Generator) -> Drill:
    params = _drawn(rng)
    share, whole, rate = params.share_gb * 1_000, params.data_gb * 1_000, params.network_mb_per_second
    other = whole / params.instances if params.distribution == "FullyReplicated" else whole
    said = "This shares the data out, but each instance gets all of it." if other < share else (
        "This takes all of the data, but each instance gets its share."
    )  # fmt: skip
    return shuffled(
        rng,
        f"{_job(params)} How long is File mode's download, first-byte times aside?",
        (_minutes(share, rate), f"{share:,.0f} MB to each instance / {rate:g} MB/s; the instances load at once."),
        [
            (_minutes(other, rate), said),
            (_minutes(share * params.instances, rate), "This adds up the instances, but they load at the same time."),
            (_minutes(share * 8, rate), "This takes the rate for megabits. It is given in megabytes."),
            (_minutes(share / 2, rate), "This halves the data: nothing is compressed here."),
        ],
        facts=_facts("file-downloads-first", "sharding-is-by-object"),
    )


def _disk(rng: np.random.Generator) -> Drill:
    params = _drawn(rng)
    share, model = params.share_gb, params.model_gb
    other = params.data_gb if params.distribution == "ShardedByS3Key" else params.data_gb / params.instances
    return shuffled(
        rng,
        f"{_job(params)} The model takes {model:g} GB. How large must the volume of an instance be in File mode?",
        (f"{share + model:,.4g} GB", "What the instance gets of the data, and the model artifacts beside it."),
        [
            (f"{share:,.4g} GB", "This forgets the model artifacts, which are written to the same volume."),
            (f"{other + model:,.4g} GB", "This takes the other way to share out the data."),
            (f"{model:g} GB", "This is what a stream needs: FastFile and Pipe keep no copy of the data."),
            (f"{2 * share + model:,.4g} GB", "This counts the data twice."),
        ],
        facts=_facts("file-disk-holds-data-and-model", "pipe-disk-is-for-the-model"),
    )


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' if count > 1 else ''}"


def _break_even(rng: np.random.Generator) -> Drill | None:
    params = _drawn(rng)
    even = break_even_epochs(params)
    if even is None or even % 1 < 0.05 or even % 1 > 0.95:
        return None  # never, or too near a whole number for rounding to be fair
    file, fast = outcome(params, "File"), outcome(params, "FastFile")
    right = int(even) + 1
    from_start = int(file.start_seconds / fast.epoch_seconds) + 1
    ratio = int(file.start_seconds / file.epoch_seconds) + 1
    return shuffled(
        rng,
        f"File mode downloads for {time_of(file.start_seconds)}, then an epoch takes {time_of(file.epoch_seconds)}. "
        f"With FastFile training starts at once, and an epoch takes {time_of(fast.epoch_seconds)}. From how many "
        "epochs on is File mode faster?",
        (_epochs(right), "The download, divided by what an epoch gains: the next whole number."),
        [
            (_epochs(from_start), "This divides the download by an epoch of the stream, not by the difference."),
            (_epochs(ratio), "This divides the download by an epoch from disk, not by the difference."),
            (_epochs(right + 1), "This is one too many: the gain is larger than the download already."),
            (_epochs(2 * right), "This counts the download twice."),
            (_epochs(right + 3), "Near, but work it out: download / (stream epoch - disk epoch)."),
        ],
        facts=_facts("file-for-small-sets", "fastfile-streams-on-demand"),
    )


def _billed(rng: np.random.Generator) -> Drill:
    params = _drawn(rng)
    seconds = params.share_gb * 1_000 / params.network_mb_per_second
    cost = params.instances * seconds / 3_600 * params.price_per_hour
    return shuffled(
        rng,
        f"{_job(params)} An instance costs {params.price_per_hour:g} USD an hour. What is billed for the download of "
        "File mode alone?",
        (f"{cost:,.2f} USD", f"{params.instances} instances, {time_of(seconds)} each: the download is billable time."),
        [
            (f"{cost / params.instances:,.2f} USD", "This bills one instance; all of them wait for their data."),
            ("0.00 USD", "Billing begins when the job starts on the instances, not when training does."),
            (f"{cost * params.instances:,.2f} USD", "This counts the instances twice."),
            (f"{cost * 2:,.2f} USD", "This bills the data on its way in and out."),
        ],
        facts=_facts("downloading-is-billed"),
    )
