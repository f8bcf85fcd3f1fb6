"""What can be set: the data in S3, the job that reads it, the network and the disk between them."""

from typing import Annotated, Literal

from pydantic.dataclasses import dataclass

from simulators.contract import setting

Mode = Literal["File", "FastFile", "Pipe"]
MODES: tuple[Mode, ...] = ("File", "FastFile", "Pipe")
S3DataType = Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile"]
Access = Literal["sequential", "random"]
Distribution = Literal["FullyReplicated", "ShardedByS3Key"]
KeyOrder = Literal["mixed", "sorted"]


@dataclass(frozen=True, kw_only=True)
class Params:
    """One channel of a training job. MB and GB are decimal; rates are those of one instance."""

    data_gb: Annotated[
        float, setting("Data", "All objects of the channel together.", ge=0.1, le=20_000, unit="GB", step=10)
    ] = 100.0
    object_mb: Annotated[
        float,
        setting("Size of an object", "The average file: 0.1 is a small image.", ge=0.01, le=5_000, unit="MB", step=10),
    ] = 100.0
    epochs: Annotated[int, setting("Epochs", "How often training goes through the data.", ge=1, le=100)] = 5
    compute_mb_per_second: Annotated[
        float,
        setting(
            "The algorithm takes in",
            "Above the rate of the network, training waits for a stream.",
            ge=1,
            le=5_000,
            unit="MB/s",
            step=10,
        ),
    ] = 300.0
    source: Annotated[
        S3DataType,
        setting(
            "What names the objects",
            "S3DataType: a key prefix, a list of keys, or a list with labels in it.",
            names={"S3Prefix": "Prefix", "ManifestFile": "Manifest", "AugmentedManifestFile": "Augmented manifest"},
        ),
    ] = "S3Prefix"
    access: Annotated[
        Access,
        setting(
            "The script reads",
            "From front to back, or records here and there in the files.",
            names={"sequential": "In order", "random": "At random"},
        ),
    ] = "sequential"
    instances: Annotated[int, setting("Instances", "All of one type.", ge=1, le=32)] = 1
    distribution: Annotated[
        Distribution,
        setting(
            "Each instance gets",
            "S3DataDistributionType: all objects, or about one in n.",
            names={"FullyReplicated": "All of the data", "ShardedByS3Key": "Its share"},
        ),
    ] = "FullyReplicated"
    network_mb_per_second: Annotated[
        float,
        setting(
            "Network",
            "From S3 to one instance. AWS's guide gives 5 minutes for 50 GB, which is 167 MB/s.",
            ge=5,
            le=10_000,
            unit="MB/s",
            step=1,
            advanced=True,
        ),
    ] = 167.0
    request_ms: Annotated[
        float,
        setting("First byte after", "Of every request to S3.", ge=1, le=1_000, unit="ms", step=1, advanced=True),
    ] = 60.0
    requests_in_flight: Annotated[
        int,
        setting("Requests at once", "In a download and by the prefetching of Pipe mode.", ge=1, le=500, advanced=True),
    ] = 50
    readers: Annotated[
        int,
        setting("Readers of the script", "Files it has open at once in FastFile mode.", ge=1, le=128, advanced=True),
    ] = 8
    record_kb: Annotated[
        float,
        setting("A random read takes", "Bytes of one record.", ge=1, le=10_000, unit="kB", step=1, advanced=True),
    ] = 128.0
    disk_mb_per_second: Annotated[
        float, setting("Disk", "Of the training volume.", ge=10, le=10_000, unit="MB/s", step=10, advanced=True)
    ] = 250.0
    volume_gb: Annotated[
        int,
        setting("Volume", "VolumeSizeInGB of one instance, up to 16,384.", ge=1, le=16_384, unit="GB", advanced=True),
    ] = 200
    model_gb: Annotated[
        float,
        setting("Model artifacts", "Written to the same volume.", ge=0, le=500, unit="GB", step=1, advanced=True),
    ] = 2.0
    price_per_hour: Annotated[
        float,
        setting("Price", "Of one instance; yours is in AWS's list.", ge=0, le=200, unit="USD/h", step=1, advanced=True),
    ] = 4.0
    key_order: Annotated[
        KeyOrder,
        setting(
            "Rows in the objects",
            "Mixed, or sorted by label, so that an object holds one class.",
            names={"mixed": "Mixed", "sorted": "Sorted by label"},
            advanced=True,
        ),
    ] = "mixed"
    shuffle: Annotated[
        bool, setting("Shuffle the objects in every epoch", "What ShuffleConfig does, by its seed.", advanced=True)
    ] = False
    seed: Annotated[
        int, setting("Seed", "Of the split, the order and the model.", ge=0, le=1_000_000, advanced=True)
    ] = 0

    @property
    def objects(self) -> int:
        """How many objects the channel has."""
        return max(1, round(self.data_gb * 1_000 / self.object_mb))

    @property
    def objects_per_instance(self) -> int:
        """The most that one instance has to read in an epoch."""
        return self.objects if self.distribution == "FullyReplicated" else -(-self.objects // self.instances)

    @property
    def share_gb(self) -> float:
        """The most that one instance has to read in an epoch, in GB."""
        return self.data_gb * self.objects_per_instance / self.objects

    @property
    def idle_instances(self) -> int:
        """Instances that get no object at all."""
        return max(0, self.instances - self.objects) if self.distribution == "ShardedByS3Key" else 0
