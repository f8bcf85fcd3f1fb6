"""What hangs together: facts that are taken for each other, what an exam's tasks rest on, and the glossary of terms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from content.models import Catalog, Task
from content.text import plain

_NAMED = re.compile(
    r"(?P<long>(?:[A-Za-z][\w/-]*[ ]){0,7}[A-Za-z][\w/-]*) \((?P<short>[A-Z][A-Za-z]{0,3}[A-Z0-9]{1,5}s?)\)"
)
"""`difference in proportions of labels (DPL)`: words, and the capitals that stand for them."""
_SMALL = {"a", "an", "and", "for", "in", "of", "on", "or", "the", "to", "with", "by", "per", "from"}


def pairs(catalog: Catalog) -> list[tuple[str, str]]:
    """Facts that are taken for each other, each pair once, in the catalog's order."""
    found: dict[frozenset[str], tuple[str, str]] = {}
    for name, others in catalog.confused.items():
        for other in others:
            found.setdefault(frozenset((name, other)), (name, other))
    return list(found.values())


def topics_of(catalog: Catalog, exam: str, domain: int | None = None) -> list[str]:
    """The slugs of the topics that serve an exam, or one domain of it: first those at home there, in the guide's order.

    Raises:
        KeyError: there is no such exam.
    """
    wanted = {task.id for each in catalog.exams[exam].domains if domain in (None, each.id) for task in each.tasks}

    def place(slug: str) -> tuple[float, str, str]:
        tasks = catalog.topics[slug].exams[exam]
        here = [task for task in tasks if task in wanted]
        return -len(here) / len(tasks), min(here), slug

    return sorted(
        (slug for slug, topic in catalog.topics.items() if wanted & set(topic.exams.get(exam, ()))), key=place
    )


def topics_of_task(catalog: Catalog, exam: str, task: str) -> list[str]:
    """The slugs of the topics that serve a task."""
    return [slug for slug, topic in catalog.topics.items() if task in topic.exams.get(exam, ())]


def tasks(catalog: Catalog, exam: str) -> Iterator[tuple[Task, list[str]]]:
    """Every task of an exam with the topics that serve it."""
    for task in catalog.exams[exam].tasks.values():
        yield task, topics_of_task(catalog, exam, task.id)


@dataclass(frozen=True)
class Term:
    """An entry of the glossary: a term or an acronym, and the fact that explains it."""

    head: str
    fact: str
    stands_for: str | None = None
    """The words of an acronym."""


def glossary(catalog: Catalog) -> list[Term]:
    """The terms that facts explain and the acronyms that they write out, in order of the alphabet."""
    terms = [Term(head, name) for name, fact in catalog.facts.items() for head in fact.terms]
    explained = {term.head.lower(): term.fact for term in terms}
    longs: dict[tuple[str, str], Term] = {}
    for name, fact in catalog.facts.items():
        for text in (fact.text, fact.trap, fact.answer):
            for match in _NAMED.finditer(plain(text or "")):
                short = match["short"].rstrip("s")
                if long := _stands_for(match["long"], match["short"]):
                    # The same words may begin a sentence in one fact and not in another; other words are another term.
                    best = explained.get(long.lower()) or explained.get(short.lower()) or name
                    longs.setdefault((short, long.lower()), Term(short, best, long))
    written_out = {short.lower() for short, _ in longs}
    terms = [term for term in terms if term.head.lower() not in written_out]
    return sorted([*terms, *longs.values()], key=lambda term: (term.head.lower(), term.stands_for or ""))


def _stands_for(words: str, short: str) -> str | None:
    """The last words whose initials, small words aside, are the letters; None when there are none such."""
    letters = [letter.lower() for letter in short.rstrip("s") if letter.isalpha()]
    parts = words.split()
    for start in range(len(parts) - 1, -1, -1):
        chosen = parts[start:]
        if chosen[0].lower() in _SMALL:
            continue
        initials = [piece[0].lower() for word in chosen if word.lower() not in _SMALL for piece in _pieces(word)]
        if initials == letters or [word[0].lower() for word in chosen] == letters:
            return " ".join(chosen)
    return None


def _pieces(word: str) -> list[str]:
    return [piece for piece in re.split(r"[-/]", word) if piece]
