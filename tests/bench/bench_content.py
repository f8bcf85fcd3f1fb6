"""Loading all content, checked and with the line of every value, against PyYAML merely reading the same files.

Also prints how long a search takes. Everything is measured in one run, the best of several rounds.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))
from content.loader import HERE, load_catalog
from content.search import Index, fact_documents
from quizzes.banks import HERE as BANKS
from quizzes.banks import load_banks

ROUNDS = 7
QUERIES = ["hyper band", "hyperbnad", "canary", "fastfile", "what is the default limit of serverless concurrency"]


def best(what: Callable[[], object]) -> float:
    """Milliseconds of the fastest round."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        what()
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


def main() -> None:
    """Print the times and their ratio."""
    files = [path.read_text(encoding="utf-8") for path in [*HERE.glob("*/*.yaml"), *BANKS.glob("*.yaml")]]
    ours = best(lambda: load_banks(load_catalog()))
    peer = best(lambda: [yaml.load(text, Loader=yaml.CSafeLoader) for text in files])
    print(f"{len(files)} files, {sum(map(len, files)) / 1e6:.1f} MB of YAML")
    print(f"ours, read, checked, with lines  {ours:6.0f} ms")
    print(f"PyYAML CSafeLoader, read only    {peer:6.0f} ms")
    print(f"ours / PyYAML: {ours / peer:.2f}")
    index = Index(fact_documents(load_catalog()))
    for query in QUERIES:
        print(f"search {query!r}: {best(lambda query=query: index.search(query)):.1f} ms")


if __name__ == "__main__":
    main()
