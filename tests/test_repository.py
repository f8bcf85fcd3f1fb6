"""What is true of the repository as a whole."""

import re
import subprocess

from tests.conftest import ROOT


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.split()


def test_every_requirement_is_pinned_with_hashes_and_no_index_is_named() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.split(r"\n(?=[a-z])", text.strip(), flags=re.IGNORECASE)
        assert len(blocks) > 30
        for block in blocks:
            assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==", block), block[:60]
            assert "--hash=sha256:" in block, block[:60]
        assert "://" not in text
        assert "index" not in text.lower().replace("jsonschema", "")


def test_what_runs_the_app_is_part_of_what_tests_it() -> None:
    pins = {
        name: set(re.findall(r"^([a-z0-9._-]+==[^ \\;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    }
    assert pins["requirements.txt"] <= pins["requirements-dev.txt"]


def test_no_file_names_a_package_index_or_a_path_of_a_machine() -> None:
    forbidden = re.compile(r"pypi\.org|--(extra-)?index-url|registry\.npmjs|/home/\w+/|/work/|/root/")
    found = []
    for name in tracked():
        path = ROOT / name
        if path.suffix in {".png"} or name == "tests/test_repository.py" or not path.is_file():
            continue
        found += [f"{name}: {match[0]}" for match in forbidden.finditer(path.read_text(encoding="utf-8"))]
    assert found == []


def test_the_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"\]\((docs/[^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(pictures) >= 5
    assert [name for name in pictures if not (ROOT / name).is_file()] == []
