"""A topic's note: its sections of facts, tables and worked examples, from top to bottom."""

import streamlit as st

from content import Fact, Section, Topic
from content.pages import html as h
from content.text import html


def show_note(topic: Topic, found: str | None = None) -> None:
    """Draw the note; the fact with the id `found` is shown first, for who came for it."""
    if fact := next((fact for fact in topic.facts if fact.id == found), None):
        h.show("<p><strong>What you looked for</strong></p>", *_fact(fact, "fact found"))
        _formula(fact)
    for section in topic.sections:
        _section(section)


def show_fact(fact: Fact) -> None:
    """Draw one fact with its trap, formula and source."""
    h.show(*_fact(fact))
    _formula(fact)


def _section(section: Section) -> None:
    pieces = [f"<h2>{html(section.title)}</h2>"]
    if section.intro:
        pieces.append(h.paragraph(section.intro))
    for fact in section.facts:
        pieces += _fact(fact)
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


def _fact(fact: Fact, style: str = "fact") -> list[str]:
    inside = [h.badge(fact), h.paragraph(fact.text), h.trap(fact), h.confused(fact), h.source(fact)]
    return [f'<div class="{style}">', *inside, "</div>"]


def _formula(fact: Fact) -> None:
    if fact.formula:
        st.latex(fact.formula)
