"""Every Clarify metric on a million rows: ours against AWS's own library, smclarify 0.5, in one run.

    python tests/bench/bench_bias.py [rows]

The library is installed into a throw-away environment under build/ if this interpreter lacks it, and runs there as a
subprocess. Both see the same table, drawn from one seed; whole numbers for facet, label, prediction and group, and four
real features for the flip test. Afterwards the values are compared, and a slider on 100,000 rows is timed.
"""

import json
import math
import subprocess
import sys
import time
import venv
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
PEER = "smclarify==0.5"
FEATURES = ["x0", "x1", "x2", "x3"]


def table(rows: int, *, text: bool = False) -> pd.DataFrame:
    """The same rows for both sides."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.integers(0, 2, rows) for name in ("facet", "label", "predicted")})
    frame["group"] = rng.integers(0, 8, rows)
    for name in FEATURES:
        frame[name] = rng.normal(size=rows)
    if text:
        frame["facet"] = np.array(["man", "woman"], dtype=object)[frame["facet"]]
        frame["group"] = np.array(list("ABCDEFGH"), dtype=object)[frame["group"]]
        frame = frame.astype({"facet": object, "group": object})
    return frame


def peer(rows: int) -> None:
    """Time the library; printed as JSON."""
    import logging

    from smclarify.bias import metrics as known
    from smclarify.bias.report import FacetColumn, LabelColumn, StageType, bias_report

    logging.disable(logging.CRITICAL)
    found: dict[str, object] = {}

    def measure(frame, sensitive, stage, names):
        start = time.perf_counter()
        made = bias_report(
            frame[[*FEATURES, "facet", "label", "predicted"]],
            FacetColumn("facet", [sensitive]),
            LabelColumn("label", frame["label"], [1]),
            stage,
            LabelColumn("predicted", frame["predicted"], None) if stage is StageType.POST_TRAINING else None,
            names,
            frame["group"],
        )
        return time.perf_counter() - start, {one["name"]: one["value"] for one in made[0]["metrics"]}

    after = [one.__name__ for one in known.POSTTRAINING_METRICS if one.__name__ != "FT"]
    values = {}
    for kind, text, sensitive in (("numbers", False, 1), ("text", True, "woman")):
        frame = table(rows, text=text)
        pre, first = measure(frame, sensitive, StageType.PRE_TRAINING, ["all"])
        post, second = measure(frame, sensitive, StageType.POST_TRAINING, after)
        found[kind] = pre + post
        values |= first | second if kind == "numbers" else {}
    found["flip"], third = measure(table(rows), 1, StageType.POST_TRAINING, ["FT"])
    print(json.dumps({**found, "values": values | third}))


def peer_python() -> Path:
    """An interpreter that has the library."""
    if find_spec("smclarify"):
        return Path(sys.executable)
    folder = ROOT / "build" / "bench-venv-bias"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    have = subprocess.run([python, "-c", "import smclarify"], capture_output=True, check=False)
    if have.returncode:
        subprocess.run([python, "-m", "pip", "install", "-qq", PEER], check=True)
    return python


def best(run, times: int = 5) -> float:
    """Seconds of the fastest of a few runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def slider(rows: int = 100_000) -> float:
    """Seconds to judge a table again after the decision threshold moved, charts and words included."""
    from simulators.bias import Columns, Params, as_data, assess, figures, findings, prepare, read_csv

    upload = read_csv(table(rows, text=True).to_csv(index=False).encode())
    choice = Columns("facet", ("woman",), "label", (1,), None, "group", tuple(FEATURES))
    prepared = prepare(as_data(upload, choice), Params())
    thresholds = iter(np.linspace(0.4, 0.6, 20).round(2))

    def move() -> None:
        result = assess(prepared, Params(threshold=float(next(thresholds))))
        figures(result)
        findings(result)

    move()
    return best(move, 9)


def show(what: str, theirs: float, ours: float) -> None:
    """One line of the comparison."""
    print(f"  {what:32} {theirs:8.2f} s  {1_000 * ours:8.1f} ms  {theirs / ours:6.1f} times as fast")


def main() -> None:
    """Print what was compared, and the ratios."""
    sys.path.insert(0, str(ROOT))
    from simulators.bias import report

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    run = [str(peer_python()), __file__, "--peer", str(rows)]
    library = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    asked = {"label": "label", "positive": [1], "predicted": "predicted", "group": "group", "definition": "smclarify"}
    print(f"bias metrics on {rows:,} rows, smclarify 0.5 against ours")
    for kind, sensitive in (("numbers", 1), ("text", "woman")):
        frame = table(rows, text=kind == "text")
        ours = best(partial(report, frame, facet="facet", disadvantaged=[sensitive], features=[], **asked))
        show(f"20 metrics, all but FT, {kind}", library[kind], ours)
    frame = table(rows)
    start = time.perf_counter()
    values = report(frame, facet="facet", disadvantaged=[1], features=FEATURES, **asked)
    show("all 21 metrics, FT included", library["numbers"] + library["flip"], time.perf_counter() - start)
    off = max(abs(value - float(library["values"][name])) for name, value in values.items() if math.isfinite(value))
    print(f"  largest difference of a value: {off:.1e}")
    print(f"  a slider on 100,000 rows, charts and words included: {1_000 * slider():.0f} ms")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer(int(sys.argv[2]))
    else:
        main()
