"""Search: facts and questions by their words, prefixes and near misses included."""

import streamlit as st

from content import Hit, default_catalog
from content.pages import html as h
from content.search import Document, Index, fact_documents
from content.text import html, markdown, plain
from quizzes import Question, default_banks
from quizzes.models import Matching, Ordering

catalog = default_catalog()


def question_document(question: Question) -> Document:
    """A question as something to be found: its scenario, prompt and what is on offer."""
    if isinstance(question, Matching):
        offered = [f"{pair.prompt} {pair.response}" for pair in question.pairs]
    else:
        offered = [each.text for each in (question.steps if isinstance(question, Ordering) else question.choices)]
    parts = [question.prompt, question.scenario or "", *offered]
    return Document("question", question.name, question.prompt, " · ".join(plain(part) for part in parts if part))


@st.cache_resource(max_entries=1, show_spinner=False)
def index() -> Index:
    """Everything there is to find, indexed once per process."""
    documents = [*fact_documents(catalog)]
    documents += [question_document(question) for bank in default_banks().values() for question in bank]
    return Index(documents)


def show_hit(hit: Hit) -> None:
    """Where it stands, and the words around the match."""
    slug, _, name = hit.name.partition("/")
    excerpt = "".join(f"<mark>{html(text)}</mark>" if found else html(text) for text, found in hit.excerpt)
    with st.container(border=True):
        if hit.kind == "fact":
            st.page_link(
                "quizzes/pages/topic.py",
                label=f"**{markdown(hit.title)}**",
                icon=":material/lightbulb:",
                query_params={"topic": slug, "fact": name},
            )
        else:
            st.page_link(
                "quizzes/pages/topic.py",
                label=f"**Question** in {markdown(catalog.topics[slug].title)}",
                icon=":material/quiz:",
                query_params={"topic": slug, "part": "Check yourself"},
            )
        h.show(f"<p>{excerpt}</p>")


st.title("Search")
text = st.text_input(
    "Search facts and questions",
    key="q",
    type="search",
    live=True,
    bind="query-params",
    max_chars=200,
    placeholder="hyper band, DPL, canary, FastFile …",
)
if text and text.strip():
    hits = index().search(text)
    facts = [hit for hit in hits if hit.kind == "fact"]
    others = [hit for hit in hits if hit.kind != "fact"]
    if not hits:
        st.write("Nothing found. Try fewer words, or another spelling.")
    for hit in [*facts[:15], *others[:10]]:
        show_hit(hit)
else:
    st.write("Type a word, or the beginning of one.")
