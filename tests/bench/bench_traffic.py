"""Ten million requests against the same model in SimPy: time per request, and memory.

    python tests/bench/bench_traffic.py             the comparison
    python tests/bench/bench_traffic.py peer 40000  the SimPy model alone (prints JSON)

The model: Poisson arrivals, routing by weight to one of the instances, one request at a time per instance, first come
first served, client and server errors, rows answered right or wrong by two models, what the old fleet would have done
with the same request, counts and latencies per minute and fleet, an alarm of two of three minutes, a canary with two
bakes. Both count the same things; the times per request are compared, at the same load of the instances.
"""

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from math import log2
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PEER = "simpy==4.1.2"
INSTANCES, LAUNCH, BAKE, MINUTES, LOAD = 10, 120.0, 600.0, 60, 0.5
CLIENT, SERVER, PATIENCE, LIMIT, ROWS = 0.005, 0.001, 1.0, 60.0, 899
PEER_REQUESTS, SMALL_REQUESTS, REQUESTS = 40_000, 400_000, 10_000_000


def _service(requests: int) -> float:
    """Seconds per answer that keep the instances at the same load, however many requests come."""
    return LOAD * INSTANCES * MINUTES * 60 / requests


def peer(requests: int) -> dict[str, float]:
    """The model in SimPy: one process per request, one Resource per instance."""
    import simpy

    rng = random.Random(0)
    world = simpy.Environment()
    fleets = [[simpy.Resource(world) for _ in range(INSTANCES)] for _ in range(2)]
    wrong = [[rng.random() < share for _ in range(ROWS)] for share in (0.053, 0.012)]
    service, rate = _service(requests), requests / (MINUTES * 60)
    served = green_active = 0
    minutes: dict[tuple[int, bool], dict[str, Any]] = {}

    def answer(slot: int) -> Iterator[Any]:
        nonlocal served
        green, arrived = slot < green_active, world.now
        luck, row = rng.random(), rng.randrange(ROWS)
        with fleets[green][slot].request() as turn:
            yield turn
            yield world.timeout(service * (0.5 + 0.5 * rng.expovariate(1)))
        latency = world.now - arrived
        counts = minutes.get((int(arrived // 60), green))
        if counts is None:
            names = ("requests", "4xx", "5xx", "wrong", "late", "hurt", "helped", "sum", "max")
            counts = minutes[int(arrived // 60), green] = dict.fromkeys(names, 0) | {"buckets": [0] * 232}
        refused = luck < CLIENT
        failed = not refused and (luck < CLIENT + SERVER or latency > LIMIT)
        answered = not refused and not failed
        mistaken = answered and wrong[green][row]
        late = answered and latency > PATIENCE
        bad, blue_bad = failed or mistaken or late, luck < CLIENT + SERVER or wrong[0][row]
        counts["requests"] += 1
        counts["4xx"] += refused
        counts["5xx"] += failed
        counts["wrong"] += mistaken
        counts["late"] += late
        counts["hurt"] += green and not refused and bad and not blue_bad
        counts["helped"] += green and not refused and not bad and blue_bad
        counts["sum"] += latency
        counts["max"] = max(counts["max"], latency)
        counts["buckets"][int(7.2725 * log2(1e6 * latency))] += 1
        served += 1

    def arrive() -> Iterator[Any]:
        while world.now < MINUTES * 60:
            yield world.timeout(rng.expovariate(rate))
            world.process(answer(int(rng.random() * INSTANCES)))

    def deploy() -> Iterator[Any]:
        nonlocal green_active
        yield world.timeout(LAUNCH)
        for active in (1, INSTANCES):
            green_active = active
            points: list[bool] = []
            for _ in range(int(BAKE // 60)):
                yield world.timeout(60)
                counts = minutes.get((int(world.now // 60) - 1, True), {"requests": 0})
                points.append(counts["requests"] > 0 and counts["5xx"] / counts["requests"] > 0.02)
                if sum(points[-3:]) >= 2:
                    green_active = 0
                    return

    begin = time.perf_counter()
    world.process(arrive())
    world.process(deploy())
    world.run()
    return {"requests": served, "seconds": time.perf_counter() - begin}


def ours(requests: int) -> dict[str, float]:
    """The simulator, through its front door."""
    from simulators.traffic import Params, run

    params = Params(
        requests_per_minute=requests / MINUTES,
        instances=INSTANCES,
        service_ms=1000 * _service(requests),
        green_error_percent=100 * SERVER,
        blue_error_percent=100 * SERVER,
        client_error_percent=100 * CLIENT,
        launch_seconds=int(LAUNCH),
        wait_seconds=int(BAKE),
        termination_wait_seconds=int(BAKE),
        watch_minutes=MINUTES,
        history_minutes=0,
        compare=False,
    )
    begin = time.perf_counter()
    result = run(params)
    return {"requests": float(result.trail.metrics.invocations.sum()), "seconds": time.perf_counter() - begin}


def _peer_elsewhere(requests: int) -> dict[str, float]:
    """Run the peer where its library is: here, or in a throw-away environment."""
    python = sys.executable
    if find_spec("simpy") is None:
        home = ROOT / "build" / "bench-venv-traffic"
        if not home.exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            subprocess.run([home / "bin" / "pip", "install", "-q", PEER], check=True)
        python = str(home / "bin" / "python")
    command = [python, __file__, "peer", str(requests)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    """Print what was compared, and the ratio."""
    sys.path.insert(0, str(ROOT))
    ours(10_000)  # the models are fitted once, whatever is served
    theirs = min((_peer_elsewhere(PEER_REQUESTS) for _ in range(3)), key=lambda found: found["seconds"])
    each = theirs["seconds"] / theirs["requests"]
    print(f"{PEER}: {theirs['requests']:,.0f} requests in {theirs['seconds']:.2f} s, {1e6 * each:.2f} us each")
    for requests in (SMALL_REQUESTS, REQUESTS):
        mine = min((ours(requests) for _ in range(2)), key=lambda found: found["seconds"])
        own = mine["seconds"] / mine["requests"]
        print(
            f"traffic: {mine['requests']:,.0f} requests in {mine['seconds']:.2f} s, {1e6 * own:.3f} us each: "
            f"{each / own:,.0f} times faster per request (bar at 10,000,000: 100)"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the whole process: {memory:,.0f} MB (bar: 1,000)")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.argv[1:2] == ["peer"]:
        print(json.dumps(peer(int(sys.argv[2]))))
    else:
        main()
