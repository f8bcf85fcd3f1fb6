"""Glossary: the acronyms that the facts write out, made from the facts themselves."""

import streamlit as st

from content import default_catalog
from content.connections import glossary
from content.text import markdown

catalog = default_catalog()
st.title("Glossary")
st.write("Acronyms and what they stand for, each with the fact that says so.")
for term in glossary(catalog):
    slug, _, fact = term.facts[0].partition("/")
    st.page_link(
        "quizzes/pages/topic.py",
        label=f"**{markdown(term.short)}** · {markdown(term.long)}",
        query_params={"topic": slug, "fact": fact},
    )
