"""A new topic starts whole: the files an author is given have no problem."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from content import load_catalog
from content.__main__ import main
from content.authoring import new_topic
from content.loader import HERE
from quizzes import load_banks


def test_a_new_topic_is_valid_and_nothing_is_overwritten(tmp_path: Path) -> None:
    shutil.copytree(HERE / "exams", tmp_path / "exams")
    topics, banks = tmp_path / "topics", tmp_path / "banks"
    topics.mkdir()
    banks.mkdir()
    today = date(2026, 11, 21)
    new_topic("spot-training", topics=topics, banks=banks, exam="mla-c02", task="2.2", today=today)
    catalog = load_catalog(tmp_path)
    assert catalog.topics["spot-training"].title == "Spot training"
    assert catalog.facts["spot-training/first-fact"].checked == today
    assert len(load_banks(catalog, banks)["spot-training"]) == 1
    with pytest.raises(FileExistsError, match="wanted a slug that is new"):
        new_topic("spot-training", topics=topics, banks=banks, exam="mla-c02", task="2.2", today=today)


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["new", "topic", "../x"], ["new", "topic", "bias-metrics"], ["new"]]
)
def test_a_wrong_command_says_what_was_wanted(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="wanted"):
        main(arguments)
