"""Every problem of every file in one go, each where it stands."""

from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some
from pydantic import TypeAdapter

from content import ContentError, Topic, load_catalog
from content.lines import parse
from content.loader import HERE as CONTENT
from content.loader import read_yaml
from quizzes import load_banks
from quizzes.banks import HERE as BANKS

EXAM = """\
code: X-1
name: An exam
level: associate
as_of: 2026-11-01
state: open
status: Open to all.
scored_questions: 50
unscored_questions: 15
scoring: {scale_min: 100, scale_max: 1000, passing: 720}
question_types: [multiple-choice]
domains:
- {id: 1, name: One, weight_percent: 100, tasks: [{id: "1.1", title: T, skills: [{text: s}]}]}
sources: [https://example.com/guide]
"""
TOPIC = """\
title: A topic
summary: What it is about.
exams: {x-1: ["1.1"]}
sections:
- title: One
  facts:
  - id: first
    text: A statement.
    ask: What is it?
    answer: A statement.
    source: https://example.com/page
    checked: 2026-11-01
"""
BANK = """\
- id: one
  type: multiple-choice
  facts: [good/first]
  difficulty: 1
  prompt: Which?
  choices:
  - {text: a, correct: true, why: because a}
  - {text: b, why: because b}
  - {text: c, why: because c}
  - {text: d, why: because d}
"""


def folder(tmp_path: Path, **topics: str) -> Path:
    for name, text in {
        "exams/x-1": EXAM,
        "topics/good": TOPIC,
        **{f"topics/{k}": v for k, v in topics.items()},
    }.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def problems(tmp_path: Path, **topics: str) -> list[tuple[str, int, str, str]]:
    with pytest.raises(ContentError) as error:
        load_catalog(folder(tmp_path, **topics))
    return [(each.path.name, each.line, each.field, each.message) for each in error.value.problems]


FAULTS = {
    "unknown-key": (TOPIC.replace("summary:", "sumary:"), 2, "sumary", "an unknown key"),
    "repeated-key": (TOPIC + "title: Again\n", 13, "title", "the key again"),
    "boolean": (
        TOPIC.replace("A statement.\n    ask", "no\n    ask"),
        8,
        "sections[0].facts[0].text",
        "yes/no value false",
    ),
    "number": (TOPIC.replace('["1.1"]', "[1.10]"), 3, "exams.x-1[0]", "the number 1.1"),
    "dangling-exam": (TOPIC.replace("x-1:", "x-9:"), 3, "exams.x-9", "found exam 'x-9'"),
    "dangling-task": (TOPIC.replace('"1.1"', '"7.7"'), 3, "exams.x-1[0]", "found task '7.7'"),
    "duplicate-id": (
        TOPIC + "  - {id: first, text: B., source: https://example.com, checked: 2026-11-01}\n",
        4,
        "sections",
        "fact id 'first' twice",
    ),
    "no-source": (
        TOPIC.replace("    source: https://example.com/page\n", ""),
        7,
        "sections[0].facts[0].source",
        "nothing",
    ),
    "future": (TOPIC.replace("checked: 2026", "checked: 2999"), 12, "sections[0].facts[0].checked", "found 2999-11-01"),
    "broken": (TOPIC + "  - [\n", 14, "(yaml)", "wanted valid YAML"),
    "half-a-card": (
        TOPIC.replace("    answer: A statement.\n", ""),
        7,
        "sections[0].facts[0]",
        "one of ask and answer",
    ),
    "bad-link": (
        TOPIC.replace("https://example.com/page", "javascript:alert(1)"),
        11,
        "sections[0].facts[0].source",
        "text like",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_where_it_stands(fault: str, tmp_path: Path) -> None:
    text, line, field, words = FAULTS[fault]
    found = problems(tmp_path, bad=text)
    message = next(message for name, *where, message in found if (name, *where) == ("bad.yaml", line, field))
    assert words in message
    assert "wanted" in message


def test_all_faults_come_in_one_go(tmp_path: Path) -> None:
    """References are checked once all files can be read, so those two wait for the rest to be mended."""
    shapes = {name: text for name, (text, *_) in FAULTS.items() if not name.startswith("dangling")}
    found = problems(tmp_path, **shapes)
    # The misspelt key is unknown, and the one it stands for is missing.
    expected = sorted(
        [(f"{name}.yaml", FAULTS[name][1], FAULTS[name][2]) for name in shapes] + [("unknown-key.yaml", 1, "summary")]
    )
    assert sorted((name, line, field) for name, line, field, _ in found) == expected


def test_a_problem_says_path_line_field_found_wanted(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as error:
        load_catalog(folder(tmp_path, bad=TOPIC.replace("title: A topic", "title: no")))
    path = tmp_path / "topics" / "bad.yaml"
    reason = "found the yes/no value false, wanted text (YAML reads it as something else: put it in quotes)"
    assert str(error.value) == f"{path}:1: title: {reason}"


def bank_problems(tmp_path: Path, text: str, slug: str = "good") -> list[tuple[int, str, str]]:
    catalog = load_catalog(folder(tmp_path))
    banks = tmp_path / "banks"
    banks.mkdir()
    (banks / f"{slug}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as error:
        load_banks(catalog, banks)
    return [(each.line, each.field, each.message) for each in error.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "field", "words"),
    [
        (BANK.replace("good/first", "good/gone"), 3, "[0].facts[0]", "found 'good/gone'"),
        (BANK + BANK, 11, "[1].id", "found 'one' again"),
        (BANK.replace("type: multiple-choice", "type: riddle"), 1, "[0]", "found"),
        (BANK.replace("correct: true, ", ""), 6, "[0].choices", "found 0 correct choices, wanted 1"),
        (BANK.replace("difficulty: 1", "difficulty: 7"), 4, "[0].difficulty", "found the number 7"),
        (BANK.replace(", why: because b", ""), 8, "[0].choices[1].why", "found nothing"),
        (BANK.replace("  - {text: d, why: because d}\n", ""), 6, "[0].choices", "found 3, wanted at least 4"),
    ],
)
def test_a_fault_in_a_bank_is_found_where_it_stands(
    text: str, line: int, field: str, words: str, tmp_path: Path
) -> None:
    found = bank_problems(tmp_path, text)
    assert found[0][:2] == (line, field)
    assert words in found[0][2]


def test_a_bank_without_a_topic_is_a_problem(tmp_path: Path) -> None:
    assert "wanted the slug of a topic" in bank_problems(tmp_path, BANK, slug="nobody")[0][2]


def test_a_case_names_its_questions(tmp_path: Path) -> None:
    catalog = load_catalog(folder(tmp_path))
    (tmp_path / "banks").mkdir()
    inner = "\n".join("  " + line for line in (BANK + BANK.replace("id: one", "id: two")).splitlines())
    text = f"- id: story\n  type: case\n  scenario: Once.\n  questions:\n{inner}\n"
    (tmp_path / "banks" / "good.yaml").write_text(text, encoding="utf-8")
    questions = load_banks(catalog, tmp_path / "banks")["good"]
    assert [(q.name, q.case, q.scenario) for q in questions] == [
        ("good/one", "good/story", "Once."),
        ("good/two", "good/story", "Once."),
    ]


@given(text=some.text(max_size=300))
def test_no_text_gives_anything_but_problems(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    found: list = []
    assert read_yaml(path, TypeAdapter(Topic), found) is None
    assert found


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00a", b"a: \x00", b"a: *nobody", b"? [a]: b", b"!!python/object:os.system x"]
)
def test_hostile_bytes_are_a_problem(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(data)
    found: list = []
    assert read_yaml(path, TypeAdapter(Topic), found) is None
    assert found[0].line == 1


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=20) | some.dates(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, some.booleans())
def test_values_are_read_as_pyyaml_reads_them(value: object, flow: bool) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    parsed = parse(text)
    wanted = yaml.safe_load(text)
    assert not parsed.faults or "&" in text
    assert parsed.faults or parsed.data == wanted


def test_the_files_that_ship_are_read_as_pyyaml_reads_them() -> None:
    for path in [*CONTENT.glob("*/*.yaml"), *BANKS.glob("*.yaml")]:
        text = path.read_text(encoding="utf-8")
        assert parse(text).data == yaml.load(text, Loader=yaml.CSafeLoader), path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1\nb: *x", "anchor or alias 'x'"),
        ("a: !!python/name:os.system x", "the tag"),
        ("a: 1\n---\nb: 2", "second document"),
        ("? [a]\n: b", "a key that is a list"),
        ("[" * 5_000, "wanted valid YAML"),
        ("a: 0x" + "f" * 5_000 + "\nb: 2026-13-45", "wanted valid YAML"),
    ],
)
def test_what_yaml_could_do_but_content_must_not(text: str, words: str) -> None:
    assert any(words in message for _, _, message in parse(text).faults)


def test_values_are_frozen_and_dedented_text_is_kept(tmp_path: Path) -> None:
    text = TOPIC.replace("text: A statement.", dedent("text: >-\n      Two\n      lines."))
    catalog = load_catalog(folder(tmp_path, two=text))
    assert catalog.facts["two/first"].text == "Two lines."
    with pytest.raises(ValueError, match="frozen"):
        catalog.topics["two"].title = "x"  # type: ignore[misc]
