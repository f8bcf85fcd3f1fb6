"""What a run says: findings, scenarios with their lessons, predictions."""

from simulators._input_modes.params import MODES, Params
from simulators._input_modes.run import Outcome, Result, break_even_epochs
from simulators.contract import Prediction, Scenario


def time_of(seconds: float) -> str:
    """A duration as people say it: `45 s`, `9 min 59 s`, `3 h 20 min`, `12 days 4 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{whole} s"
    for name, smaller, size, part in (("days", "h", 86_400, 3_600), ("h", "min", 3_600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            count, rest = divmod(whole, size)
            unit = name.removesuffix("s") if name == "days" and count == 1 else name
            return f"{count:,} {unit}" + (f" {rest // part} {smaller}" if rest // part else "")
    raise AssertionError("a minute is the least of these")


def findings(result: Result) -> list[str]:
    """The run in words and numbers."""
    params = result.params
    told = [_first(result)]
    told += [f"{each.mode} is out: {'; '.join(each.problems)}." for each in result.outcomes if not each.possible]
    told.append(_race(result))
    if params.idle_instances:
        told.append(
            f"{params.idle_instances} of {params.instances} instances get no object: there are only {params.objects}. "
            "They are billed all the same."
        )
    if params.object_mb < 10 and params.access == "sequential":
        told.append(
            f"{params.objects:,} objects of {params.object_mb:g} MB are {params.objects:,} requests for each reading. "
            "Packed into objects of 150 MB the bytes would be the limit, not the requests."
        )
    told.append(_learned(result))
    return told


def _first(result: Result) -> str:
    file, fast = result.of("File"), result.of("FastFile")
    return (
        f"File mode downloads {result.params.share_gb:,.4g} GB to each instance first: {time_of(file.start_seconds)}, "
        f"which is billed, and {file.disk_gb:,.4g} GB of disk. FastFile only lists {result.params.objects:,} objects, "
        f"{time_of(fast.start_seconds)}, and Pipe opens a stream."
    )


def _race(result: Result) -> str:
    if not result.possible:
        return "No mode can run this job as it is."
    best, first = result.possible[0], result.first
    names = " and ".join(each.mode for each in first)
    told = f"{names} {'is' if len(first) == 1 else 'are'} done first, after {time_of(best.total_seconds)} and "
    told += f"{best.cost:,.2f} USD"
    others = [f"{each.mode} takes {time_of(each.total_seconds)}" for each in result.possible if each not in first]
    told += f"; {' and '.join(others)}." if others else "."
    if best.waiting_seconds > 0.05 * best.epoch_seconds:
        waits = 100 * best.waiting_seconds / best.epoch_seconds
        told += f" Even so the algorithm waits for data {waits:.0f} % of each epoch."
    even = break_even_epochs(result.params)
    if even is not None and result.of("File").possible and result.of("FastFile").possible:
        told += f" From {_epochs(even)} on File beats FastFile: a download is paid once, a stream every time."
    return told


def _epochs(even: float) -> str:
    """The first whole number of epochs beyond that."""
    count = int(even) + 1
    return f"{count:,} epoch{'s' if count > 1 else ''}"


def _learned(result: Result) -> str:
    learning = result.learning
    told = f"A real classifier reads digits in that order: {100 * learning.as_set[-1]:.0f} % right after "
    told += f"{len(learning.as_set)} epoch{'s' if len(learning.as_set) > 1 else ''}"
    if learning.as_set[-1] > learning.mixed[-1] - 0.02:
        return f"{told}, as good as well-mixed data."
    if learning.classes_per_instance < 10:
        why = f"an instance meets only {learning.classes_per_instance:.3g} of 10 labels"
    elif result.params.key_order == "sorted":
        why = "it forgets a label while it reads the next"
    else:
        why = "each instance sees a part of the rows, and an epoch has as many steps fewer"
    return f"{told}, against {100 * learning.mixed[-1]:.0f} % with mixed rows and shuffling: {why}."


SCENARIOS = {
    "launch": Scenario(
        "100 GB, one pass",
        "With one epoch there is nothing to gain from a local copy: a stream saves the whole download. AWS announced "
        "FastFile with 100 GB that took 28 minutes in File mode and 5 without the download.",
        {"epochs": 1, "network_mb_per_second": 72.0},
    ),
    "many-epochs": Scenario(
        "Many epochs",
        "A download is paid once, a stream in every epoch. Where the network is slower than the algorithm, File mode "
        "wins after a few epochs.",
        {"epochs": 40},
    ),
    "tiny-files": Scenario(
        "A million small images",
        "Small objects cost requests, not bytes. FastFile asks for each when the script opens it; many requests at "
        "once or packed shards are the cure.",
        {"object_mb": 0.1, "epochs": 3},
    ),
    "packed": Scenario(
        "The same images, packed",
        "In objects of 150 MB the same data streams at the rate of the network: pack small files before you tune "
        "anything else.",
        {"object_mb": 150.0, "epochs": 3},
    ),
    "full-disk": Scenario(
        "The volume is too small",
        "File mode needs room for the data and the model, or the job fails. A stream needs room for the model only.",
        {"data_gb": 2_000.0, "volume_gb": 500, "epochs": 1},
    ),
    "augmented": Scenario(
        "An augmented manifest",
        "Labels and data in one manifest: that takes Pipe mode, whatever else would be faster.",
        {"source": "AugmentedManifestFile", "data_gb": 50.0},
    ),
    "random": Scenario(
        "Random reads",
        "A pipe cannot go back, and FastFile pays a request for every record. With random access a local copy, or a "
        "file system such as FSx for Lustre, is the answer.",
        {"access": "random", "epochs": 2},
    ),
    "sharded": Scenario(
        "Eight instances, a share each",
        "With ShardedByS3Key the download and the disk shrink to an eighth. Each instance then sees other rows, so the "
        "shards must be alike.",
        {"instances": 8, "distribution": "ShardedByS3Key"},
    ),
    "unlike-shards": Scenario(
        "Shards that are not alike",
        "Objects sorted by label and one share for each instance: no instance meets every label, and the averaged "
        "model shows it. Mix the rows before you shard.",
        {"instances": 8, "distribution": "ShardedByS3Key", "key_order": "sorted", "shuffle": True, "epochs": 8},
    ),
    "idle": Scenario(
        "More instances than objects",
        "S3 is shared out by object. Four objects feed four instances; the other four are billed for nothing.",
        {"instances": 8, "distribution": "ShardedByS3Key", "data_gb": 20.0, "object_mb": 5_000.0},
    ),
}


def _fastest(result: Result) -> int:
    if not result.possible:
        return 4
    return 3 if len(result.first) > 1 else MODES.index(result.first[0].mode)


def _starts_last(result: Result) -> int:
    slowest: Outcome = max(result.outcomes, key=lambda each: each.start_seconds)
    return MODES.index(slowest.mode)


def _why_start(result: Result) -> str:
    told = [f"{each.mode} {time_of(each.start_seconds)}" for each in result.outcomes]
    return f"Until the first byte can be read: {', '.join(told)}. A download grows with bytes, a listing with objects."


def _epochs_decide(result: Result) -> int:
    even = break_even_epochs(result.params)
    if even is None:
        return 0
    return 1 if even < result.params.epochs else 2


def _why_epochs(result: Result) -> str:
    even = break_even_epochs(result.params)
    file, fast = result.of("File"), result.of("FastFile")
    told = (
        f"An epoch takes {time_of(file.epoch_seconds)} from the disk and {time_of(fast.epoch_seconds)} as a stream; "
        f"File starts {time_of(file.start_seconds - fast.start_seconds)} later."
    )
    if even is None:
        return f"{told} The stream is no slower, so the download is never earned back."
    return f"{told} The download is earned back after {_epochs(even)}; this job has {result.params.epochs}."


def _room(result: Result) -> int:
    return 0 if "File" in [each.mode for each in result.possible] else 1


def _why_room(result: Result) -> str:
    file = result.of("File")
    return (
        f"File mode needs {file.disk_gb:,.4g} GB on each instance, data and model together; the volume has "
        f"{result.params.volume_gb:,} GB. A stream needs {result.of('Pipe').disk_gb:,.4g} GB, for the model."
    )


def _by_disk(params: Params) -> bool:
    return params.source != "AugmentedManifestFile"


def _file_and_fast(params: Params) -> bool:
    return params.source == "S3Prefix"


PREDICTIONS = (
    Prediction(
        "Which mode is done first?",
        ("File", "FastFile", "Pipe", "Two or more, within 1 %", "None of them can run"),
        _fastest,
        _race,
        ("input-modes/three-modes", "input-modes/file-for-small-sets"),
    ),
    Prediction(
        "Which mode lets the script wait longest for its first byte?",
        ("File", "FastFile", "Pipe"),
        _starts_last,
        _why_start,
        ("input-modes/what-slows-the-start", "input-modes/file-downloads-first"),
    ),
    Prediction(
        "File against FastFile: is the download earned back?",
        ("Never, however many epochs", "Yes, within this job", "Only with more epochs than this job has"),
        _epochs_decide,
        _why_epochs,
        ("input-modes/file-for-small-sets", "input-modes/fastfile-streams-on-demand"),
        _file_and_fast,
    ),
    Prediction(
        "Does File mode fit on the volume?",
        ("Yes", "No"),
        _room,
        _why_room,
        ("input-modes/file-disk-holds-data-and-model", "input-modes/pipe-disk-is-for-the-model"),
        _by_disk,
    ),
)
