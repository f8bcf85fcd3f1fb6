"""JSON Schemas of the YAML shapes, for editors: written by `make schema`, kept fresh by a test."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

HERE = Path(__file__).parent / "schemas"


def texts(shapes: Mapping[str, TypeAdapter[Any]]) -> dict[str, str]:
    """File name → the schema of that shape."""
    return {
        f"{name}.json": json.dumps(shape.json_schema(), indent=1, ensure_ascii=False) + "\n"
        for name, shape in shapes.items()
    }


def write(shapes: Mapping[str, TypeAdapter[Any]], folder: Path = HERE) -> None:
    """Write each shape's schema into the folder."""
    folder.mkdir(exist_ok=True)
    for name, text in texts(shapes).items():
        (folder / name).write_text(text, encoding="utf-8")
