"""What an author starts from: a new topic and its bank, whole and valid, with the places to fill marked by words."""

from datetime import date
from pathlib import Path

TOPIC = """\
# yaml-language-server: $schema=../schemas/topic.json
title: {title}
summary: One or two sentences on what this is for, and what goes wrong without it.
exams: {{{exam}: ["{task}"]}}
sections:
  - title: What it is
    facts:
      - id: first-fact
        text: One idea in one to three sentences, in your own words; `code` in backticks.
        ask: A question with one clear short answer?
        answer: The answer.
        source: https://docs.aws.amazon.com/
        checked: {today}
"""
BANK = """\
# yaml-language-server: $schema=../../content/schemas/bank.json
- id: first-question
  type: multiple-choice
  facts: [{slug}/first-fact]
  difficulty: 2
  prompt: A team needs something. What should it use?
  choices:
    - {{text: What fits, correct: true, why: Say why it is right.}}
    - {{text: A near twin, why: Say what it would be right for.}}
    - {{text: A real thing used wrongly, why: Say why it fails here.}}
    - {{text: An old belief, why: Say what is true today.}}
"""


def new_topic(slug: str, *, topics: Path, banks: Path, exam: str, task: str, today: date) -> list[Path]:
    """Write a topic and its bank to start from; what is there already is never touched.

    Returns:
        The two files.

    Raises:
        FileExistsError: one of them exists.
    """
    title = slug.replace("-", " ").capitalize()
    texts = {
        topics / f"{slug}.yaml": TOPIC.format(title=title, exam=exam, task=task, today=today),
        banks / f"{slug}.yaml": BANK.format(slug=slug),
    }
    for path in texts:
        if path.exists():
            raise FileExistsError(f"found {path}, wanted a slug that is new")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)
