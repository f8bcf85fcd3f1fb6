"""Glossary: the terms that the facts explain and the acronyms they write out, made from the facts themselves."""

import streamlit as st

from content import default_catalog
from content.connections import Term, glossary
from content.pages import html as h
from content.text import html

catalog = default_catalog()


@st.cache_resource(show_spinner=False)
def every_term() -> list[Term]:
    """The whole glossary."""
    return glossary(catalog)


def letter_of(term: Term) -> str:
    """Where the alphabet has it; digits and signs have a place of their own."""
    return term.head[0].upper() if term.head[0].isalpha() else "#"


def matching(wanted: str) -> list[Term]:
    """Terms that contain these letters, those that begin with them first."""
    found = [term for term in every_term() if wanted in f"{term.head} {term.stands_for or ''}".lower()]
    return sorted(found, key=lambda term: not term.head.lower().startswith(wanted))


def entry(term: Term) -> str:
    """A term with the fact that explains it, and the way to its topic."""
    slug, _, fact = term.fact.partition("/")
    long = f" · {html(term.stands_for)}" if term.stands_for else ""
    pieces = (
        f"<p><strong>{html(term.head)}</strong>{long}</p>",
        h.badge(catalog.facts[term.fact]),
        h.paragraph(catalog.facts[term.fact].text),
        f'<p class="src"><a href="topic?topic={slug}&amp;fact={fact}">{html(catalog.topics[slug].title)}</a></p>',
    )
    return f'<div class="fact">{"".join(pieces)}</div>'


st.title("Glossary")
st.write(f"{len(every_term())} terms and acronyms, each with the fact that explains it.")
wanted = st.text_input("Find a term", placeholder="shadow test, DPL, warm pool …", max_chars=60).strip().lower()
if wanted:
    terms = matching(wanted)
    if not terms:
        st.page_link(
            "quizzes/pages/search.py",
            label="No such term. Search all facts and questions",
            icon=":material/search:",
            query_params={"q": wanted},
        )
else:
    letters = sorted({letter_of(term) for term in every_term()})
    letter = st.pills("Letter", letters, default="A", required=True, key="letter", bind="query-params")
    terms = [term for term in every_term() if letter_of(term) == letter]
h.show(*map(entry, terms))
