"""Flashcards: one card at a time, due ones first, until the end that can be seen. Space reveals, 1 to 4 rate."""

from datetime import UTC, datetime

import streamlit as st

from content import default_catalog
from content.pages import html as h
from content.text import html, markdown
from quizzes.deck import SESSION, Deck, deal, rated, reveal, review_of
from quizzes.pages.held import Held, held
from quizzes.pages.visitor import Visitor, required_learner, show_store_error, visitor
from quizzes.progress import queue
from quizzes.schedule import AGAIN, EASY, GOOD, HARD, intervals
from quizzes.store import Learner, StoreError

NAMES = {AGAIN: "Again", HARD: "Hard", GOOD: "Good", EASY: "Easy"}
catalog = default_catalog()


def new_deck(who: Visitor, learner: Learner, topic: str | None) -> Deck:
    """Today's cards of the exam, or of one topic."""
    memories = who.store.memories(who.id)
    cards = queue(
        catalog,
        learner.exam,
        memories,
        who.store.reviews(who.id),
        today=who.today,
        exam_day=learner.exam_day,
        new_per_day=SESSION if topic else learner.new_per_day,
        topic=topic,
    ).cards
    return deal(cards, memories, topic=topic, at=datetime.now(UTC))


def _is_on_top(name: str, deck: Deck) -> bool:
    """Whether the card is still on top: keys may come faster than the page is drawn."""
    return deck.cards[:1] == (name,)


def _rate(who: Visitor, dealt: Held[Deck], name: str, rating: int) -> None:
    with dealt.lock:
        if (deck := dealt.value) and deck.revealed and _is_on_top(name, deck):
            dealt.value = _rated(who, deck, rating)


def _rated(who: Visitor, deck: Deck, rating: int) -> Deck:
    """The deck after the rating was kept; as it was when it cannot be kept."""
    review = review_of(deck, rating, datetime.now(UTC), who.timezone)
    try:
        who.store.record(who.id, [review], since=deck.shown)
    except StoreError as error:
        show_store_error(error)
        return deck
    return rated(deck, review)


def _reveal(dealt: Held[Deck], name: str) -> None:
    with dealt.lock:
        if (deck := dealt.value) and _is_on_top(name, deck):
            dealt.value = reveal(deck)


def show_card(who: Visitor, learner: Learner, deck: Deck) -> None:
    """The card on top: its question, or both sides and the ratings."""
    name = deck.cards[0]
    fact = catalog.facts[name]
    topic = catalog.topics[name.partition("/")[0]]
    st.caption(f"{markdown(topic.title)} · {len(deck.cards)} to go")
    st.progress(deck.done / deck.total)
    h.show(f'<h1 class="big" style="font-weight:600">{html(fact.ask or "")}</h1>')
    if not deck.revealed:
        st.button(
            "Show the answer", type="primary", on_click=_reveal, args=(dealt, name), shortcut="Space", width="stretch"
        )
        return
    h.show(f'<div class="good"><p class="big">{html(fact.answer or "")}</p></div>')
    days = intervals(deck.memories.get(name), name, who.today, learner.exam_day)
    with st.container(horizontal=True, key="ratings"):
        for rating, label in NAMES.items():
            st.button(
                f"{label} · {_days(days[rating])}",
                key=f"rate-{rating}",
                on_click=_rate,
                args=(who, dealt, name, rating),
                shortcut=str(rating),
                type="primary" if rating == GOOD else "secondary",
                width="stretch",
            )
    h.show(h.badge(fact), h.paragraph(fact.text), h.trap(fact), h.source(fact))
    if fact.formula:
        st.latex(fact.formula)


def _days(days: int) -> str:
    return "today" if days <= 0 else f"{days} d" if days < 60 else f"{days / 30.4:.0f} mo"


def the_end(deck: Deck) -> None:
    """Nothing left in this session."""
    st.title("Done" if deck.done else "Nothing due")
    if deck.done:
        st.write(f"{deck.done} {'card' if deck.done == 1 else 'cards'} reviewed; each comes back on its day.")
    else:
        st.write("No card is due and today's new cards are done. Come back tomorrow, or answer a few questions.")
    if deck.waiting and st.button("Another session", type="primary", shortcut="Enter"):
        dealt.value = None
        st.rerun()
    st.page_link("quizzes/pages/quiz.py", label="Go to the quiz", icon=":material/quiz:")
    st.page_link("quizzes/pages/today.py", label="Back to today", icon=":material/today:")


who = visitor()
learner = required_learner(who)
wanted = st.query_params.get("topic")
topic = wanted if wanted in catalog.topics else None
dealt: Held[Deck] = held("deck")
with dealt.lock:
    deck = dealt.value
    if deck is None or deck.topic != topic or (not deck.cards and not deck.done):
        deck = dealt.value = new_deck(who, learner, topic)
if deck.cards:
    show_card(who, learner, deck)
else:
    the_end(deck)
