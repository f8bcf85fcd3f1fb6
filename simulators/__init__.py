"""Worlds to try a concept in: one module each, pure and seeded, found by its file name."""

from functools import cache
from importlib import import_module
from pathlib import Path

from simulators.contract import Simulator

_NOT_SIMULATORS = {"contract", "jobs"}


@cache
def slugs() -> tuple[str, ...]:
    """The name of every simulator there is."""
    names = {path.stem for path in Path(__file__).parent.glob("[a-z]*.py")}
    return tuple(sorted(names - _NOT_SIMULATORS))


def find(slug: str) -> Simulator:
    """The simulator of that name.

    Raises:
        LookupError: there is none.
    """
    if slug not in slugs():
        raise LookupError(f"found simulator {slug!r}, wanted one of {', '.join(slugs())}")
    simulator: Simulator = import_module(f"simulators.{slug}").SIMULATOR
    return simulator
