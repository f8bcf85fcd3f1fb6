"""What is wrong with the files: every problem, where it stands, what was found and what was wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in one file: `topics/spot.yaml:9: sections[0].title: found nothing, wanted text`."""

    path: Path
    line: int  # from 1
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.field}: {self.message}"


class ContentError(Exception):
    """Raised once, with every problem of every file that was read."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))
