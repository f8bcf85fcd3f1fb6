"""A topic's note: its sections of facts, tables and worked examples, from top to bottom."""

import streamlit as st

from content import Catalog, Fact, Section
from content.pages import html as h
from content.text import html


def show_note(catalog: Catalog, slug: str, found: str | None = None) -> None:
    """Draw a topic's note; the fact with the id `found` is shown first, for who came for it."""
    topic = catalog.topics[slug]
    if any(fact.id == found for fact in topic.facts):
        h.show("<p><strong>What you looked for</strong></p>")
        show_fact(catalog, f"{slug}/{found}", "fact found")
    for section in topic.sections:
        _section(catalog, slug, section)


def show_fact(catalog: Catalog, name: str, style: str = "fact") -> None:
    """Draw one fact with its trap, formula, source and links."""
    fact = catalog.facts[name]
    h.show(*_fact(catalog, name.partition("/")[0], fact, style))
    _formula(fact)


def _section(catalog: Catalog, slug: str, section: Section) -> None:
    pieces = [f"<h2>{html(section.title)}</h2>"]
    if section.intro:
        pieces.append(h.paragraph(section.intro))
    for fact in section.facts:
        pieces += _fact(catalog, slug, fact)
        if fact.formula:  # mathematics is drawn by Streamlit, so the HTML is cut in two
            h.show(*pieces)
            _formula(fact)
            pieces = []
    if section.table:
        pieces.append(h.table(section.table))
    if section.worked:
        pieces.append(h.worked(section.worked))
    if pieces:
        h.show(*pieces)


def _fact(catalog: Catalog, slug: str, fact: Fact, style: str = "fact") -> list[str]:
    name = f"{slug}/{fact.id}"
    confused, related = catalog.confused.get(name, ()), catalog.related.get(name, ())
    inside = [
        h.badge(fact),
        h.paragraph(fact.text),
        h.trap(fact),
        h.links("Often confused with", confused, catalog.topics, slug),
        h.links("See also", related, catalog.topics, slug),
        h.source(fact),
    ]
    return [f'<div class="{style}">', *inside, "</div>"]


def _formula(fact: Fact) -> None:
    if fact.formula:
        st.latex(fact.formula)
