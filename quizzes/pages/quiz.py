"""Quiz: set one up, answer it question by question with the reasons at once, and see what to read again."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from content import default_catalog
from content.connections import topics_of
from content.pages import html as h
from content.pages.note import show_fact
from content.text import html, markdown, plain
from quizzes import Question, default_banks
from quizzes.desk import Desk, check, following, pick
from quizzes.grading import is_complete
from quizzes.models import Matching, MultipleChoice, MultipleResponse, Ordering
from quizzes.pages.held import Held, held
from quizzes.pages.start import start_sitting
from quizzes.pages.visitor import Visitor, required_learner, show_store_error, visitor
from quizzes.progress import CONFIDENCE
from quizzes.schedule import UNSURE
from quizzes.selection import SIZES, choose, mixed, of_topics
from quizzes.sitting import Sitting, order_on_screen, reviews_of, without_missing
from quizzes.store import Overtaken, StoreError

LEVELS = {1: "recall", 2: "application", 3: "trade-off"}
catalog = default_catalog()
questions: dict[str, Question] = {question.name: question for bank in default_banks().values() for question in bank}
who = visitor()
learner = required_learner(who)


def desk_of(who: Visitor) -> Desk | None:
    """What lies on the desk: as this tab left it, or as it was kept."""
    with on_desk.lock:
        if on_desk.value is None and (sitting := who.store.open_sitting(who.id)):
            sitting = without_missing(sitting, questions)
            if sitting.done:
                who.store.end(sitting, who.now)
            else:
                on_desk.value = Desk(sitting=sitting, shown=who.now)
        return on_desk.value


def set_up() -> None:
    """Choose what to be asked."""
    st.title("Quiz")
    st.write("Each answer is followed by the reason for every choice. Nothing is timed; every answer is kept at once.")
    domains = {f"Domain {each.id}": each for each in catalog.exams[learner.exam].domains}
    scope = st.segmented_control(
        "What about?", ["Everything", "A domain", "A topic"], default="Everything", required=True
    )
    topics = topics_of(catalog, learner.exam)
    domain = topic = None
    if scope == "A domain":
        domain = st.selectbox("Domain", list(domains), format_func=lambda key: f"{key}: {domains[key].name}")
        topics = topics_of(catalog, learner.exam, domains[domain].id) if domain in domains else []
    elif scope == "A topic":
        every = list(catalog.topics)
        topic = st.selectbox("Topic", every, format_func=lambda slug: catalog.topics[slug].title)
        topics = [topic] if topic in catalog.topics else []
    count = st.segmented_control("How many questions?", SIZES, default=SIZES[1], required=True) or SIZES[1]
    pool = of_topics(catalog, default_banks(), topics)
    if not pool:
        st.info("There are no questions for this yet; choose another domain or topic.")
        return
    if st.button("Start the quiz", type="primary", icon=":material/play_arrow:", shortcut="Enter"):
        count = count if count in SIZES else SIZES[1]
        memories, log = who.store.memories(who.id), who.store.reviews(who.id)
        seed = int(who.now.timestamp())
        if scope == "Everything":
            names = mixed(
                catalog, learner.exam, default_banks(), memories, log, count=count, today=who.today, seed=seed
            )
        else:
            names = choose(pool, memories, log, count=count, today=who.today, seed=seed)
        title = catalog.topics[topic].title if topic else f"{domain}" if domain else "Mixed questions"
        start_sitting(who, title, learner.exam, names)


def ask(desk: Desk) -> None:
    """One question, with everything needed to answer it."""
    question = questions[desk.question]
    _head(desk, question)
    order = order_on_screen(desk.sitting.id, question)
    if isinstance(question, Matching):
        _match(question, order)
    else:
        _choose(desk, question, order)
    st.segmented_control(
        "How sure are you?",
        list(CONFIDENCE),
        default=UNSURE,
        required=True,
        format_func=CONFIDENCE.__getitem__,
        key=f"confidence-{question.name}",
    )
    st.button(
        "Check",
        key="check",
        type="primary",
        on_click=_check,
        args=(on_desk, question),
        disabled=not is_complete(question, _matched(question) if isinstance(question, Matching) else desk.picked),
        shortcut="Enter",
        width="stretch",
    )


def _head(desk: Desk, question: Question) -> None:
    total = len(desk.sitting.questions)
    st.caption(f"{markdown(desk.sitting.title)} · question {desk.number} of {total} · {LEVELS[question.difficulty]}")
    st.progress((desk.number - 1) / total)
    if question.scenario:
        h.show(f'<div class="plain">{h.paragraph(question.scenario)}</div>')
    h.show(f'<h1 class="big" style="font-weight:600">{html(question.prompt)}</h1>')


def _choose(desk: Desk, question: MultipleChoice | MultipleResponse | Ordering, order: Sequence[int]) -> None:
    if isinstance(question, Ordering):
        st.caption("Choose the steps in their order; choose one again to take it back. Some may not belong.")
        texts = [step.text for step in question.steps]
    else:
        texts = [choice.text for choice in question.choices]
    for number, choice in enumerate(order, 1):
        picked = choice in desk.picked
        if isinstance(question, Ordering):
            place = f"**{desk.picked.index(choice) + 1}.** " if picked else ""
            icon = ":material/check_circle:" if picked else ":material/circle:"
        else:
            place = ""
            shape = "radio_button" if isinstance(question, MultipleChoice) else "check_box"
            off = "unchecked" if isinstance(question, MultipleChoice) else "outline_blank"
            icon = f":material/{shape}_checked:" if picked else f":material/{shape}_{off}:"
            icon = icon.replace("check_box_checked", "check_box")
        st.button(
            place + markdown(texts[choice]),
            key=f"choice-{question.name}-{choice}",
            icon=icon,
            on_click=_pick,
            args=(on_desk, question, choice),
            shortcut=str(number),
            type="secondary",
            width="stretch",
            wrap=True,
        )


def _match(question: Matching, order: Sequence[int]) -> None:
    for index, pair in enumerate(question.pairs):
        st.selectbox(
            markdown(pair.prompt),
            order,
            index=None,
            placeholder="Choose what belongs to it",
            format_func=lambda place: plain(question.responses[place]),
            key=f"match-{question.name}-{index}",
        )


def _matched(question: Matching) -> tuple[int, ...]:
    chosen = [st.session_state.get(f"match-{question.name}-{index}") for index in range(len(question.pairs))]
    return tuple(-1 if place is None else place for place in chosen)


def _waits(desk: Desk, question: Question) -> bool:
    """Whether the question still waits for its answer: keys may come faster than the page is drawn."""
    return desk.checked is None and not desk.sitting.done and desk.question == question.name


def _pick(on_desk: Held[Desk], question: Question, choice: int) -> None:
    with on_desk.lock:
        if (desk := on_desk.value) and _waits(desk, question):
            on_desk.value = pick(desk, question, choice)


def _check(on_desk: Held[Desk], question: Question) -> None:
    confidence = st.session_state.get(f"confidence-{question.name}")
    matched = _matched(question) if isinstance(question, Matching) else None
    with on_desk.lock:
        if (desk := on_desk.value) and _waits(desk, question):
            on_desk.value = _checked(desk, question, matched, confidence)


def _checked(desk: Desk, question: Question, matched: tuple[int, ...] | None, confidence: int | None) -> Desk:
    """The desk with its answer kept and marked; as it was when there is no answer yet, or it cannot be kept."""
    response = desk.picked if matched is None else matched
    if not is_complete(question, response):
        return desk
    now = datetime.now(UTC)
    after = check(desk, question, response, confidence=confidence if confidence in CONFIDENCE else UNSURE, at=now)
    assert after.checked
    try:
        who.store.answer(desk.sitting, after.sitting, reviews_of(question, after.checked, who.timezone))
    except Overtaken as error:
        # In another tab, or by the same key pressed twice: the answer that was kept is the one that counts.
        sitting = without_missing(error.sitting, questions)
        kept = next((each for each in sitting.answers if each.question == question.name), None)
        differs = kept is None or kept.response != response
        after = Desk(sitting=sitting, shown=now, checked=kept, elsewhere=differs)
    except StoreError as error:
        show_store_error(error)
        return desk
    return after


def explain(desk: Desk) -> None:
    """The mark, the reason for every choice, and the facts behind the question."""
    question, checked = questions[desk.question], desk.checked
    assert checked
    _head(desk, question)
    if desk.elsewhere:
        st.info("This question was answered in another tab; that answer counts.")
    verdict = "Right." if checked.correct else "Not right."
    style = "good" if checked.correct else "bad"
    tail = "" if checked.correct else " These facts come back for review today."
    h.show(f'<div class="{style}" role="status"><strong>{verdict}</strong>{tail}</div>')
    h.show(*_reasons(question, checked.response, order_on_screen(desk.sitting.id, question)))
    h.show(f'<p class="src">{h.report(question.name, question.prompt)}</p>')
    st.button(
        "See the result" if desk.sitting.done else "Next question",
        key="next",
        type="primary",
        on_click=_next,
        args=(on_desk, desk),
        shortcut="Enter",
        width="stretch",
    )
    st.subheader("The facts behind it", anchor=False)
    for name in question.facts:
        show_fact(catalog, name)
        slug, _, fact = name.partition("/")
        st.page_link(
            "quizzes/pages/topic.py",
            label=markdown(catalog.topics[slug].title),
            icon=":material/menu_book:",
            query_params={"topic": slug, "fact": fact},
        )


def _reasons(question: Question, response: tuple[int, ...], order: Sequence[int]) -> list[str]:
    if isinstance(question, Matching):
        rows = []
        for pair, given in zip(question.pairs, response, strict=True):
            ok = question.responses[given] == pair.response
            yours = "" if ok else f" <em>(you chose: {html(question.responses[given])})</em>"
            rows.append(
                _reason(
                    "good" if ok else "bad",
                    f"{html(pair.prompt)} → <strong>{html(pair.response)}</strong>{yours}",
                    pair.why,
                )
            )
        return rows
    if isinstance(question, Ordering):
        rows = []
        steps = sorted(enumerate(question.steps), key=lambda each: each[1].place or 99)
        for index, step in steps:
            place = response.index(index) + 1 if index in response else None
            ok = place == step.place
            where = f"{step.place}." if step.place else "Does not belong:"
            yours = "" if ok else f" <em>(you: {f'place {place}' if place else 'left out'})</em>"
            rows.append(
                _reason("good" if ok else "bad", f"<strong>{where}</strong> {html(step.text)}{yours}", step.why)
            )
        return rows
    rows = []
    for index in order:
        choice = question.choices[index]
        tag = " <em>(your answer)</em>" if index in response else ""
        sign = "Right: " if choice.correct else "Wrong: "
        style = "good" if choice.correct else "bad" if index in response else "plain"
        rows.append(_reason(style, f"<strong>{sign}{html(choice.text)}</strong>{tag}", choice.why))
    return rows


def _reason(style: str, head: str, why: str) -> str:
    return f'<div class="{style}"><p>{head}</p>{h.paragraph(why)}</div>'


def _next(on_desk: Held[Desk], desk: Desk) -> None:
    with on_desk.lock:
        if on_desk.value is desk:
            on_desk.value = following(desk, datetime.now(UTC))


def summary(sitting: Sitting) -> None:
    """How it went, and what to read again."""
    st.title(f"{sitting.right} of {len(sitting.answers)} right")
    missed = [answer.question for answer in sitting.answers if not answer.correct]
    sure = [answer for answer in sitting.answers if not answer.correct and answer.confidence == max(CONFIDENCE)]
    st.write(
        "Every answer is kept, and what you missed comes back for review today."
        if missed
        else "All right. The facts behind these questions now come back later."
    )
    if sure:
        were, them = ("answer was", "it") if len(sure) == 1 else ("answers were", "them")
        st.write(f"{len(sure)} {were} wrong and certain: read {them} first.")
    if st.button("Another quiz", type="primary", icon=":material/replay:", shortcut="Enter"):
        on_desk.value = None
        st.rerun()
    for name in missed:
        if question := questions.get(name):
            with st.expander(markdown(question.prompt)):
                answered = next(answer for answer in sitting.answers if answer.question == name)
                h.show(*_reasons(question, answered.response, order_on_screen(sitting.id, question)))


on_desk: Held[Desk] = held("desk")
desk = desk_of(who)
if desk is None:
    set_up()
elif desk.checked:
    explain(desk)
elif desk.sitting.done:
    summary(desk.sitting)
else:
    ask(desk)
if desk and not desk.sitting.done and st.button("End this quiz", type="tertiary", icon=":material/stop_circle:"):
    ended = who.store.end(desk.sitting, who.now)
    on_desk.value = Desk(sitting=ended, shown=who.now) if ended.answers else None
    st.rerun()
