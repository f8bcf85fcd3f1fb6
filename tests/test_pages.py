"""Every page through the front door, without a browser: journeys, forged values, bad links, broken content."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from content import ContentError, Problem, default_catalog
from quizzes import default_banks
from quizzes.deck import Deck
from quizzes.grading import expected
from quizzes.models import Matching, MultipleChoice, MultipleResponse
from quizzes.pages.held import Held
from quizzes.schedule import Review
from quizzes.sitting import Sitting
from quizzes.store import Learner, Store

ROOT = Path(__file__).parent.parent
LEARNER = "test-learner-0123456789"
CATALOG, BANKS = default_catalog(), default_banks()
PAGES = sorted(
    f"{room}/pages/{path.name}"
    for room in ("content", "quizzes", "simulators")
    for path in (ROOT / room / "pages").glob("*.py")
    if f'"{room}/pages/{path.name}"' in (ROOT / "app.py").read_text(encoding="utf-8")
)


def open_app(page: str | None = None, *, known: bool = True, **query: str) -> AppTest:
    """The app as a learner finds it; `known` has been here before and chosen her exam."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state["learner_id"] = LEARNER
    if known:
        store().save_learner(Learner(id=LEARNER, exam="mla-c02"))
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page:
        app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
    assert not app.exception, app.exception
    return app


def store() -> Store:
    import os

    return Store(Path(os.environ["CERTLAB_DB"]))


def words(app: AppTest) -> str:
    """Everything on the page, as text."""
    parts = [str(getattr(element, "value", "")) for element in app.main]
    parts += [str(block.proto.body) for block in app.get("html")]
    return re.sub(r"<(?!/?code)[^>]+>", " ", " ".join(parts)).replace("<code>", "").replace("</code>", "")


def plain_text(text: str) -> str:
    """The text as it is read: no marks of code, no entities, single spaces."""
    return " ".join(unescape(text).replace("`", "").split())


def button(app: AppTest, label: str) -> object:
    found = [each for each in app.button if each.label.startswith(label)]
    assert found, f"found {[each.label for each in app.button]}, wanted {label}"
    return found[0]


def test_pages_are_found() -> None:
    assert len(PAGES) == 12


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("known", [True, False])
def test_every_page_opens_without_anything_in_its_link(page: str, known: bool) -> None:
    app = open_app(page, known=known)
    assert words(app).strip()
    assert not app.error


def test_a_first_visit_asks_for_exam_and_date_and_then_has_one_thing_to_do() -> None:
    app = open_app(known=False)
    assert [title.value for title in app.title] == ["Pass your AWS machine-learning exam"]
    app.radio[0].set_value("mla-c01")
    button(app, "Start studying").click().run()
    assert store().learner(LEARNER) == Learner(id=LEARNER, exam="mla-c01")
    assert [title.value for title in app.title] == ["Today"]
    primary = [each.label for each in app.button if each.proto.type == "primary"]
    assert primary == ["Start with the flashcards"]


def test_a_quiz_from_start_to_end() -> None:
    app = open_app("quizzes/pages/quiz.py")
    button(app, "Start the quiz").click().run()
    sitting = store().open_sitting(LEARNER)
    assert sitting is not None
    questions = {question.name: question for bank in BANKS.values() for question in bank}
    for number, name in enumerate(sitting.questions):
        answer(app, questions[name], right=number % 2 == 0)
        assert ("Right." if number % 2 == 0 else "Not right.") in words(app)
        app.button(key="next").click().run()
    done = store().sitting(LEARNER, sitting.id)
    assert done is not None
    assert done.done
    assert done.right == sum(number % 2 == 0 for number in range(len(sitting.questions)))
    assert f"{done.right} of {len(sitting.questions)} right" in words(app)
    facts = {fact for name in sitting.questions for fact in questions[name].facts}
    assert set(store().memories(LEARNER)) == facts


def answer(app: AppTest, question: object, *, right: bool) -> None:
    """Answer the question on screen, all right or wrong in one place."""
    response = list(expected(question))
    if isinstance(question, Matching):
        if not right:
            response[0] = next(i for i in range(len(question.responses)) if i != response[0])
        for box, choice in zip(app.selectbox, response, strict=True):
            box.set_value(choice)
        app.run()
    else:
        if not right and isinstance(question, MultipleChoice):
            response = [(response[0] + 1) % 4]
        elif not right:
            response = (
                response[1:] + [i for i in range(4) if i not in response][:1] if len(response) < 4 else response[::-1]
            )
            if len(response) < 2:
                response.append(next(i for i in range(4) if i not in response and i not in expected(question)))
        for choice in response:
            app.button(key=f"choice-{question.name}-{choice}").click().run()
    app.button(key="check").click().run()
    assert not app.exception, (question.name, app.exception)


@pytest.mark.parametrize("slug", sorted(BANKS))
def test_every_question_opens_and_explains_itself(slug: str) -> None:
    bank = BANKS[slug]
    names = tuple(question.name for question in bank)
    open_app()
    now = datetime.now(UTC)
    store().start(Sitting(id=f"all-{slug}", learner=LEARNER, title="All", exam=None, questions=names, started=now))
    app = open_app("quizzes/pages/quiz.py")
    for question in bank:
        answer(app, question, right=True)
        assert "Right." in words(app), question.name
        app.button(key="next").click().run()
    assert f"{len(bank)} of {len(bank)} right" in words(app)


@pytest.mark.parametrize("slug", sorted(CATALOG.topics))
def test_every_topic_shows_every_fact_and_its_cards_turn(slug: str) -> None:
    topic = CATALOG.topics[slug]
    app = open_app("quizzes/pages/topic.py", topic=slug)
    shown = words(app)
    assert topic.title in shown.replace("\\", "")
    pieces = " ".join(str(block.proto.body) for block in app.get("html"))
    assert pieces.count("report a problem") == sum(1 for _ in topic.facts)
    cards = tuple(f"{slug}/{fact.id}" for fact in topic.facts if fact.ask)
    app = open_app("quizzes/pages/cards.py", topic=slug)
    dealt: Held[Deck] = Held()
    dealt.value = Deck(topic=slug, cards=cards, waiting=0, memories={}, shown=datetime.now(UTC))
    app.session_state["deck"] = dealt
    app.run()
    for name in cards:
        assert plain_text(CATALOG.facts[name].ask) in plain_text(words(app))
        button(app, "Show the answer").click().run()
        assert plain_text(CATALOG.facts[name].answer) in plain_text(words(app))
        app.button(key="rate-4").click().run()
        assert not app.exception, (name, app.exception)
    assert [review.fact for review in store().reviews(LEARNER)] == list(cards)
    assert f"{len(cards)} cards reviewed" in words(app)


@pytest.mark.parametrize("label", ["Five questions", "Its flashcards"])
def test_check_yourself_leads_on(label: str) -> None:
    app = open_app("quizzes/pages/topic.py", topic="bias-metrics", part="Check yourself")
    button(app, label).click().run()
    assert not app.exception
    if label == "Five questions":
        sitting = store().open_sitting(LEARNER)
        assert sitting is not None
        assert {name.partition("/")[0] for name in sitting.questions} == {"bias-metrics"}
        assert "question 1 of" in words(app)
    else:
        assert all(name.startswith("bias-metrics/") for name in app.session_state["deck"].value.cards)


def test_a_forgotten_card_comes_again_before_the_end() -> None:
    app = open_app("quizzes/pages/cards.py")
    first = app.session_state["deck"].value.cards
    button(app, "Show the answer").click().run()
    app.button(key="rate-1").click().run()
    assert app.session_state["deck"].value.cards == (*first[1:], first[0])
    assert store().reviews(LEARNER)[0].rating == 1


def test_a_reload_in_the_middle_of_a_quiz_comes_back_to_the_same_question() -> None:
    app = open_app("quizzes/pages/quiz.py")
    button(app, "Start the quiz").click().run()
    sitting = store().open_sitting(LEARNER)
    questions = {question.name: question for bank in BANKS.values() for question in bank}
    for name in sitting.questions[:2]:
        answer(app, questions[name], right=True)
        app.button(key="next").click().run()
    again = open_app("quizzes/pages/quiz.py")
    assert f"question 3 of {len(sitting.questions)}" in words(again).replace("\\", "")
    assert "2 of" not in again.session_state["desk"].value.question
    assert again.session_state["desk"].value.question == sitting.questions[2]


def test_an_answer_given_in_another_tab_counts_and_this_one_is_told() -> None:
    first = open_app("quizzes/pages/quiz.py")
    button(first, "Start the quiz").click().run()
    second = open_app("quizzes/pages/quiz.py")
    questions = {question.name: question for bank in BANKS.values() for question in bank}
    name = store().open_sitting(LEARNER).questions[0]
    answer(first, questions[name], right=True)
    answer(second, questions[name], right=False)
    assert "answered in another tab" in " ".join(each.value for each in second.info)
    kept = store().open_sitting(LEARNER)
    assert [each.correct for each in kept.answers] == [True]


def test_nothing_can_be_checked_before_something_is_picked() -> None:
    app = open_app("quizzes/pages/quiz.py")
    button(app, "Start the quiz").click().run()
    assert app.button(key="check").disabled


@pytest.mark.parametrize("page", ["quizzes/pages/topic.py", "quizzes/pages/simulator.py", "quizzes/pages/cards.py"])
@pytest.mark.parametrize("value", ["", "nobody", "../../etc/passwd", "<script>alert(1)</script>", "💥" * 50])
def test_a_mangled_link_gives_a_message(page: str, value: str) -> None:
    app = open_app(page, topic=value, simulator=value, fact=value, part=value)
    assert not app.error
    assert words(app).strip()


def test_search_finds_and_links() -> None:
    app = open_app("quizzes/pages/search.py")
    app.text_input(key="q").set_value("hyper band").run()
    assert "Hyperband" in words(app)
    app.text_input(key="q").set_value("<script>*`$x$`").run()
    assert not app.exception
    app.text_input(key="q").set_value("zzzzqqqq").run()
    assert "Nothing found" in words(app)


def test_progress_shows_what_was_answered() -> None:
    open_app()
    now = datetime.now(UTC)
    fact = "bias-metrics/" + next(iter(CATALOG.topics["bias-metrics"].facts)).id
    review = Review(fact=fact, rating=3, kind="question", source="q", at=now, day=date.today(), confidence=3)
    store().record(LEARNER, [review])
    app = open_app("quizzes/pages/progress.py")
    assert "Certain: 1 of 1 right" in words(app)
    assert "1 of 71" in words(app) or "1 of" in words(app)


def test_settings_are_kept() -> None:
    app = open_app()
    app.slider[0].set_value(25)
    app.selectbox[0].set_value("mls-c01")
    button(app, "Save").click().run()
    assert store().learner(LEARNER) == Learner(id=LEARNER, exam="mls-c01", new_per_day=25)


def test_a_damaged_database_gives_a_message_on_every_page(own_database: Path) -> None:
    own_database.write_bytes(b"not a database at all" * 100)
    for page in PAGES:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.session_state["learner_id"] = LEARNER
        app.run()
        app.switch_page(page).run()
        assert not app.exception
    assert own_database.read_bytes() == b"not a database at all" * 100


def test_broken_content_is_a_page_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [
        Problem(Path(f"/x/topics/t{i}.yaml"), i + 1, "title", f"found nothing, wanted text {i}") for i in range(10)
    ]

    def broken() -> Iterator[None]:
        raise ContentError(problems)

    monkeypatch.setattr("content.default_catalog", broken)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert "10 problems" in words(app)
    for problem in problems:
        assert f"{problem.path.name}:{problem.line}" in words(app)


# --- keys that come faster than the page ------------------------------------------------------------------------------


def test_two_choices_picked_before_the_page_is_drawn_again_are_both_taken() -> None:
    """Both callbacks run with what the page had drawn; neither may undo the other."""
    several = next(question for bank in BANKS.values() for question in bank if isinstance(question, MultipleResponse))
    sitting = Sitting(
        id="quick", learner=LEARNER, title="T", exam="mla-c02", questions=(several.name,), started=datetime.now(UTC)
    )
    app = open_app()
    store().start(sitting)
    app.switch_page("quizzes/pages/quiz.py").run()
    for choice in (0, 2):
        app.button(key=f"choice-{several.name}-{choice}").click()
    app.run()
    assert not app.exception
    assert set(app.session_state["desk"].value.picked) == {0, 2}


def test_two_ratings_before_the_page_is_drawn_again_are_one() -> None:
    app = open_app("quizzes/pages/cards.py")
    card = app.session_state["deck"].value.cards[0]
    button(app, "Show the answer").click().run()
    for rating in (3, 4):
        app.button(key=f"rate-{rating}").click()
    app.run()
    assert not app.exception
    assert [(review.fact, review.rating) for review in store().reviews(LEARNER)] == [(card, 3)]
    assert card not in app.session_state["deck"].value.cards


# --- the glossary and the links between facts -------------------------------------------------------------------------


def html_of(app: AppTest) -> str:
    return " ".join(str(block.proto.body) for block in app.get("html"))


def test_the_glossary_finds_a_term_and_leads_to_its_topic() -> None:
    app = open_app("content/pages/glossary.py")
    assert not app.exception
    assert "accuracy" in html_of(app)
    app.text_input[0].set_value("warm pool").run()
    assert not app.exception
    told = html_of(app)
    assert "<strong>managed warm pool</strong>" in told
    assert "topic?topic=training-jobs" in told
    app.text_input[0].set_value("no such term <b>").run()
    assert not app.exception
    assert "<b>" not in html_of(app)


@pytest.mark.parametrize("letter", ["#", "Z", "nothing", "<b>"])
def test_a_letter_of_the_glossary_can_come_by_link(letter: str) -> None:
    app = open_app("content/pages/glossary.py", letter=letter)
    assert not app.exception
    assert "<strong>" in html_of(app)


def test_a_fact_links_to_others_from_either_side() -> None:
    name, others = next(iter(CATALOG.related.items()))
    for here, there in ((name, others[0]), (others[0], name)):
        (slug, _, fact), (other_slug, _, other) = here.partition("/"), there.partition("/")
        app = open_app("quizzes/pages/topic.py", topic=slug, fact=fact)
        assert f"topic?topic={other_slug}&amp;fact={other}" in html_of(app)
