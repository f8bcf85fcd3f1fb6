"""The schemas that editors use are those of the models."""

from content import schemas
from content.__main__ import SHAPES, check


def test_the_schemas_are_fresh() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in schemas.HERE.glob("*.json")}
    assert kept == schemas.texts(SHAPES), "run `make schema`"


def test_the_content_that_ships_has_no_problem() -> None:
    assert "no problem found" in check()
