"""A job under each of the three modes: whether it can run, when it starts, how long it takes, what it costs."""

from dataclasses import dataclass

from simulators._input_modes.learning import Learning, learn
from simulators._input_modes.params import MODES, Mode, Params
from simulators._input_modes.transfer import arrival_seconds, read_seconds
from simulators.contract import OnProgress

LIST_SECONDS, LISTED = 0.1, 1_000
"""One page of a listing of S3: how long it takes here, and how many keys it holds."""
_LOCAL_LATENCY = 0.0002  # of a read from an SSD


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One mode. Seconds are those of the slowest instance."""

    mode: Mode
    problems: tuple[str, ...]
    """Why the job cannot run like this; empty when it can."""
    start_seconds: float
    """From the start of the instances to the first byte that the script can read; billed."""
    epoch_seconds: float
    """One pass over the data, waiting for it included."""
    waiting_seconds: float
    """Of that, what the algorithm spends without data."""
    total_seconds: float
    disk_gb: float
    """Room that one instance needs."""
    cost: float
    """USD of all instances, the idle ones included."""

    @property
    def possible(self) -> bool:
        return not self.problems


@dataclass(frozen=True, kw_only=True)
class Result:
    """The same job three times, and what a real model learns from objects in that order."""

    params: Params
    outcomes: tuple[Outcome, ...]
    learning: Learning

    def of(self, mode: Mode) -> Outcome:
        """The outcome of a mode."""
        return next(each for each in self.outcomes if each.mode == mode)

    @property
    def possible(self) -> tuple[Outcome, ...]:
        """Modes the job can run in, the fastest first."""
        return by_speed(self.outcomes)

    @property
    def first(self) -> tuple[Outcome, ...]:
        """The fastest mode the job can run in, and those within one percent of it."""
        return tuple(each for each in self.possible if each.total_seconds <= 1.01 * self.possible[0].total_seconds)


def run(params: Params, on_progress: OnProgress | None = None) -> Result:
    """The job under every mode; the same params give the same result."""
    del on_progress  # a blink
    return Result(params=params, outcomes=outcomes(params), learning=learn(params))


def outcomes(params: Params) -> tuple[Outcome, ...]:
    """The job under every mode."""
    return tuple(outcome(params, mode) for mode in MODES)


def by_speed(found: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """Modes the job can run in, the fastest first."""
    return tuple(sorted((each for each in found if each.possible), key=lambda each: each.total_seconds))


def outcome(params: Params, mode: Mode) -> Outcome:
    """The job under one mode; times and sizes are told even where it cannot run, as what it would take."""
    start, epoch = start_seconds(params, mode), epoch_seconds(params, mode)
    total = start + params.epochs * epoch
    work = params.share_gb * 1_000 / params.compute_mb_per_second
    return Outcome(
        mode=mode,
        problems=tuple(problems(params, mode)),
        start_seconds=start,
        epoch_seconds=epoch,
        waiting_seconds=max(epoch - work, 0.0),
        total_seconds=total,
        disk_gb=params.model_gb + (params.share_gb if mode == "File" else 0.0),
        cost=params.instances * total / 3_600 * params.price_per_hour,
    )


def problems(params: Params, mode: Mode) -> list[str]:
    """Why a mode is out of the question."""
    found = []
    if mode == "File" and (needed := params.share_gb + params.model_gb) > params.volume_gb:
        found.append(f"it needs {needed:,.4g} GB of disk, and the volume has {params.volume_gb:,}")
    if mode != "File" and params.model_gb > params.volume_gb:
        found.append(f"the model needs {params.model_gb:,.4g} GB of disk, and the volume has {params.volume_gb:,}")
    if params.source == "AugmentedManifestFile" and mode != "Pipe":
        found.append("an augmented manifest takes Pipe mode")
    if params.source == "ManifestFile" and mode == "FastFile":
        found.append("FastFile takes a prefix only, no manifest")
    if params.access == "random" and mode == "Pipe":
        found.append("a pipe is read from front to back only")
    return found


def start_seconds(params: Params, mode: Mode) -> float:
    """Until the script can read its first byte: the download, the listing, or one request."""
    latency = params.request_ms / 1_000
    if mode == "File":
        return arrival_seconds(
            params.objects_per_instance,
            params.share_gb * 1_000 / params.objects_per_instance,
            rate=params.network_mb_per_second,
            latency=latency,
            in_flight=params.requests_in_flight,
        )
    return -(-params.objects // LISTED) * LIST_SECONDS if mode == "FastFile" else latency


def epoch_seconds(params: Params, mode: Mode) -> float:
    """One pass over an instance's data, while it arrives or from its disk."""
    objects, megabytes = params.objects_per_instance, params.share_gb * 1_000
    if params.access == "random":
        objects = max(objects, round(megabytes / (params.record_kb / 1_000)))
    local = mode == "File"
    return read_seconds(
        objects,
        megabytes / objects,
        rate=params.disk_mb_per_second if local else params.network_mb_per_second,
        latency=_LOCAL_LATENCY if local else params.request_ms / 1_000,
        in_flight=params.requests_in_flight if mode == "Pipe" else params.readers,
        take=params.compute_mb_per_second,
    )


def break_even_epochs(params: Params, stream: Mode = "FastFile") -> float | None:
    """From how many epochs on File is faster than a stream; None when it never is, 0 when it always is."""
    file, other = outcome(params, "File"), outcome(params, stream)
    gained = other.epoch_seconds - file.epoch_seconds
    lost = file.start_seconds - other.start_seconds
    if gained <= 0:
        return None
    return max(lost / gained, 0.0)
