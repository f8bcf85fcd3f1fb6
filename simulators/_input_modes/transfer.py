"""When bytes arrive: requests overlap, the link between is shared, and the reader takes what has come.

Every request waits for its first byte; up to `in_flight` of them wait at once, and their bytes pass the link one after
the other. A slot is free again when its object is through. The reader takes objects in order, each as soon as it is
there and the one before is done.
"""


def arrival_seconds(number: int, size_mb: float, *, rate: float, latency: float, in_flight: int) -> float:
    """When the object of this number (from 1) is through, in seconds; `rate` in MB/s, `latency` in seconds.

    Either the link is the limit, or the slots are: each serves one object in every latency and passage.
    """
    passage: float = size_mb / rate
    turn, place = divmod(number - 1, in_flight)
    by_link: float = latency + number * passage
    by_slots: float = (turn + 1) * (latency + passage) + place * passage
    return max(by_link, by_slots)


def read_seconds(objects: int, size_mb: float, *, rate: float, latency: float, in_flight: int, take: float) -> float:
    """How long it takes to read every object once while they arrive; `take` is the reader's rate in MB/s."""
    work = size_mb / take
    edge = min(objects, in_flight)
    # Objects come at a steady pace, so what is waited for longest is in the first turn of the slots or the last.
    numbers = {*range(1, edge + 1), *range(objects - edge + 1, objects + 1)}
    longest: float = max(
        arrival_seconds(number, size_mb, rate=rate, latency=latency, in_flight=in_flight)
        + (objects - number + 1) * work
        for number in numbers
    )
    return longest
