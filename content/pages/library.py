"""Library: every topic, those of the chosen exam by domain."""

import streamlit as st

from content import Catalog
from content.connections import topics_of
from content.text import markdown

STATES = ("beta", "open", "closing", "retired")


def exam_picker(catalog: Catalog) -> str:
    """Which exam, those that can be sat first; its code, kept in the URL."""
    codes = sorted(catalog.exams, key=lambda code: STATES.index(catalog.exams[code].state))
    code = st.segmented_control(
        "Exam",
        codes,
        default=codes[0],
        required=True,
        format_func=lambda code: catalog.exams[code].code,
        key="exam",
        bind="query-params",
    )
    code = code if code in catalog.exams else codes[0]
    st.caption(markdown(catalog.exams[code].status))
    return code


def show_library(catalog: Catalog) -> None:
    """The topics of an exam, domain by domain, and ways across them."""
    st.title("Library")
    with st.container(horizontal=True):
        st.page_link("quizzes/pages/map.py", label="Exam map", icon=":material/map:")
        st.page_link("quizzes/pages/confused.py", label="Often confused", icon=":material/compare_arrows:")
        st.page_link("content/pages/glossary.py", label="Glossary", icon=":material/sort_by_alpha:")
    code = exam_picker(catalog)
    for domain in catalog.exams[code].domains:
        st.subheader(markdown(f"{domain.name} · {domain.weight_percent} %"), anchor=False)
        for slug in topics_of(catalog, code, domain.id):
            _show_topic(slug, catalog)


def _show_topic(slug: str, catalog: Catalog) -> None:
    topic = catalog.topics[slug]
    with st.container(border=True):
        st.page_link("quizzes/pages/topic.py", label=f"**{markdown(topic.title)}**", query_params={"topic": slug})
        st.write(markdown(topic.summary))
        facts = sum(1 for _ in topic.facts)
        st.caption(f"{facts} facts{' · with a simulator' if topic.simulator else ''}")
