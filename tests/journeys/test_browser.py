"""The app as a learner meets it: a real server, a real browser, her real keys."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from content import default_catalog
from content.text import html, markdown
from quizzes import Question, default_banks
from quizzes.models import MultipleResponse
from quizzes.sitting import Sitting
from quizzes.store import Store
from tests.conftest import ROOT, Server, Visit

pytestmark = pytest.mark.browser
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TOPICS = sorted(default_catalog().topics)
PATHS = [
    "/",
    "/library",
    "/simulators",
    "/flashcards",
    "/quiz",
    "/progress",
    "/search?q=hyper+band",
    "/topic?topic=bias-metrics",
    "/topic?topic=deployment-guardrails",
    "/topic?topic=tuning-strategies&part=Check+yourself",
    "/simulator?simulator=bias",
    "/simulator?simulator=hyperband",
    "/simulator?simulator=traffic",
    "/simulator?simulator=input_modes",
    "/simulator?simulator=input_modes&input_modes-part=Drills",
    "/topic?topic=nobody",
    "/map",
    "/confused",
    "/glossary",
]
Open = Callable[..., Visit]


def clean(visit: Visit) -> None:
    assert visit.outside == [], "a request left the machine"
    assert visit.errors == [], "an error in the browser's console"


def question_number(page: object) -> str:
    return re.search(r"question (\d+) of \d+", page.get_by_text(re.compile(r"question \d+ of")).inner_text())[1]


def test_first_visit_note_simulator_quiz_card_and_a_reload_keeps_everything(visit: Open) -> None:
    seen = visit()
    page = seen.begin()
    page.get_by_role("link", name="Library").click()
    page.get_by_role("link", name="Bias metrics").first.click()
    expect(page.get_by_text("Simpson").first).to_be_visible()
    seen.settle()
    page.get_by_role("tab", name="Simulator").click()
    seen.settle()
    expect(page.get_by_role("button", name=re.compile("^(Run|Compute)")).first).to_be_visible()
    page.get_by_role("tab", name="Check yourself").click()
    page.get_by_role("button", name="Five questions").click()
    expect(page.get_by_text(re.compile("question 1 of"))).to_be_visible()
    for number in ("1", "2"):
        assert question_number(page) == number
        answer_by_keyboard(seen)
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile(f"question {int(number) + 1} of"))).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile("question 3 of"))).to_be_visible()
    page.get_by_role("link", name="Flashcards").click()
    expect(page.get_by_role("button", name="Show the answer")).to_be_visible()
    seen.settle()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("^Good"))).to_be_visible()
    page.keyboard.press("3")
    expect(page.get_by_role("button", name="Show the answer")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Progress").click()
    expect(page.get_by_text(re.compile("Fairly sure: [012] of 2 right"))).to_be_visible()
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_text("in the middle of a quiz")).to_be_visible()
    clean(seen)


def answer_by_keyboard(seen: Visit) -> None:
    """Pick by number, or by the boxes of a matching question, then check with Enter."""
    page = seen.page
    boxes = page.get_by_role("combobox")
    if boxes.count():
        for i in range(boxes.count()):
            boxes.nth(i).click()
            page.get_by_role("option").first.click()
            seen.settle()
        page.get_by_role("button", name=re.compile("^Check")).click()
    else:
        check = page.get_by_role("button", name=re.compile("^Check Shortcut|^Check Enter|^Check$"))
        for key in "12345":
            page.keyboard.press(key)
            seen.settle()
            if page.locator(".st-key-check button").is_enabled():
                break
        assert check is not None
        page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=re.compile("^(Right|Not right)"))).to_be_visible()
    seen.settle()


def test_enter_on_a_choice_that_has_the_focus_checks_it_once(visit: Open) -> None:
    """A click leaves the focus on the choice; Enter must not take the choice back or answer twice."""
    seen = visit()
    page = seen.begin()
    page.goto(seen.url + "/quiz")
    page.get_by_role("button", name="Start the quiz").click()
    expect(page.get_by_text(re.compile("question 1 of"))).to_be_visible()
    seen.settle()
    if not page.get_by_role("combobox").count():
        for i in range(3):
            page.locator("[class*='st-key-choice-'] button").nth(i).click()
            seen.settle()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text=re.compile("^(Right|Not right)"))).to_be_visible()
        expect(page.get_by_text(re.compile("question 1 of"))).to_be_visible()
    clean(seen)


def test_a_kill_in_the_middle_of_a_quiz_loses_nothing(visit: Open, tmp_path: Path) -> None:
    server = Server(tmp_path / "study.db")
    try:
        seen = visit(url=server.url)
        page = seen.begin()
        page.goto(seen.url + "/quiz")
        page.get_by_role("button", name="Start the quiz").click()
        expect(page.get_by_text(re.compile("question 1 of"))).to_be_visible()
        seen.settle()
        for number in (2, 3, 4):
            answer_by_keyboard(seen)
            page.keyboard.press("Enter")
            expect(page.get_by_text(re.compile(f"question {number} of"))).to_be_visible()
            seen.settle()
        heading = page.get_by_role("heading", level=1).inner_text()
        server.kill()
        server.start()
        page.goto(seen.url + "/quiz")
        expect(page.get_by_text(re.compile("question 4 of"))).to_be_visible()
        assert page.get_by_role("heading", level=1).inner_text() == heading
        page.get_by_role("link", name="Progress").click()
        expect(page.get_by_text(re.compile("Fairly sure: [0-3] of 3 right"))).to_be_visible()
    finally:
        server.kill()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_accessible_and_fits(visit: Open, width: int, dark: bool) -> None:
    seen = visit(width, 844, dark=dark)
    page = seen.begin()
    found = []
    for path in PATHS:
        seen.go(path)
        found += [f"{path}: {each}" for each in violations(page)]
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path}: {spill} px too wide"] if spill > 1 else []
        links = page.locator("[data-testid=stPageLink-NavLink] > span:last-child")
        cut = links.evaluate_all("es => es.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)")
        found += [f"{path}: {text!r} is cut off" for text in cut]
    page = seen.go("/flashcards")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("^Good"))).to_be_visible()
    seen.settle()
    found += [f"card: {each}" for each in violations(page)]
    seen.go("/quiz")
    page.get_by_role("button", name="Start the quiz").click()
    expect(page.get_by_text(re.compile("question 1 of"))).to_be_visible()
    seen.settle()
    found += [f"question: {each}" for each in violations(page)]
    answer_by_keyboard(seen)
    found += [f"explanation: {each}" for each in violations(page)]
    assert found == []
    clean(seen)


def violations(page: object) -> list[str]:
    """Serious and critical violations by axe-core, with what they are about."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']} {[node['html'][:140] for node in each['nodes'][:3]]}"
        for each in result["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def copy_of_the_app(folder: Path) -> Path:
    """The app alone, in a folder where its content may be broken."""
    copy = folder / "app"
    for name in ("content", "quizzes", "simulators", ".streamlit"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "asgi.py", "Makefile"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def test_an_author_sees_what_she_saves_without_a_reload(visit: Open, tmp_path: Path) -> None:
    """With the options of `make dev`: a new title shows by itself, and so does a fault, and its mending."""
    copy = copy_of_the_app(tmp_path)
    recipe = re.search(r"^dev:.*\n((?:\t.*\n)+)", (copy / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    options = re.findall(r"(--server\.(?:fileWatcherType|runOnSave|folderWatchList)) (\S+)", recipe[1])
    flags = tuple(part for option in options for part in option)
    server = Server(tmp_path / "study.db", app=copy / "app.py", cwd=copy, options=flags)
    path = copy / "content" / "topics" / "bias-metrics.yaml"
    text = re.sub("^title: .*$", "title: Saved just now", path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    try:
        page = visit(url=server.url).go("/topic?topic=bias-metrics")
        expect(page.get_by_role("tab", name="Note")).to_be_visible()
        path.write_text(text, encoding="utf-8")
        expect(page.get_by_role("heading", name="Saved just now")).to_be_visible(timeout=30_000)
        path.write_text(text.replace("summary:", "sumary:", 1), encoding="utf-8")
        expect(page.get_by_role("heading", name="The content has problems")).to_be_visible(timeout=30_000)
        path.write_text(text, encoding="utf-8")
        expect(page.get_by_role("heading", name="Saved just now")).to_be_visible(timeout=30_000)
    finally:
        server.kill()


FAULTS = [
    (r"^summary: ", "title: Twice\nsummary: ", "the key again"),
    (r"^( +)checked: \S+$", r"\1checked: 2999-01-01", "wanted a day that has been"),
    (r"^title: .*$", "title: no", "the yes/no value false"),
    (r"^( +)source: .*$", r"\1source: javascript:alert(1)", "wanted text like"),
    (r"^( +)checked: \S+$", r"\1checkd: 2026-11-01\n\g<0>", "an unknown key"),
    (r"^title: .*$", "title: 1.10", "the number 1.1"),
    (r"^( +)checked: \S+$", r"\g<0>\n\1status: gone", "wanted one of 'current'"),
    (r"^title: .*$", "title: @home", "wanted valid YAML"),
    (r"^title: .*$", "title: ''", "text that is not empty"),
    (r"^title: .*$", "title: &x An anchor", "anchor or alias"),
]


def test_faults_in_the_content_are_a_page(visit: Open, tmp_path: Path) -> None:
    copy = copy_of_the_app(tmp_path)
    planted = []
    for slug, (found, put, words) in zip(TOPICS, FAULTS, strict=False):
        path = copy / "content" / "topics" / f"{slug}.yaml"
        before = path.read_text(encoding="utf-8")
        after = re.sub(found, put, before, count=1, flags=re.MULTILINE)
        assert after != before, words
        path.write_text(after, encoding="utf-8")
        pairs = zip(before.splitlines(), after.splitlines(), strict=False)
        planted.append((f"{slug}.yaml", 1 + next(i for i, (old, new) in enumerate(pairs) if old != new), words))
    server = Server(tmp_path / "study.db", app=copy / "asgi.py", cwd=copy)
    try:
        seen = visit(url=server.url)
        page = seen.go("/")
        expect(page.get_by_role("heading", name="The content has problems")).to_be_visible()
        rows = [row.inner_text() for row in page.locator("tbody tr").all()]
        assert len(rows) == len(planted) == 10
        for name, line, words in planted:
            assert any(row.startswith(f"{name}:{line}\t") and words in row for row in rows), (name, line, words, rows)
        assert violations(page) == []
        clean(seen)
    finally:
        server.kill()


HOSTILE = [
    "a -> b <- c >= d -- e ~= f <-> g",
    "$5 to $r$ and $$x^2$$",
    ":red[x] :smile: :material/home: :streamlit: :blue-badge[y]",
    "1. one - two + three # four > five",
    "# heading",
    "- item",
    "> quote",
    "~3 weeks~ ~~gone~~ **bold** _it_ __init__ `not closed",
    "&lt; &amp; <b>bold</b> <script>alert(1)</script> <img src=x onerror=alert(1)>",
    "[link](https://example.com) ![image](https://example.com/x.png) www.example.com me@example.com",
    "see https://example.com/a?b=c for more",
    "| a | b |",
    "arn:aws:s3:::bucket/<prefix>_<epoch> **/*.csv \\ back\\slash",
    "[^1] [x] - [ ] task",
    "\t    indented",
]


def test_text_means_what_it_says_in_a_browser(visit: Open, tmp_path: Path) -> None:
    """Each hostile text as HTML and as the label of a button and of a radio choice: shown to the letter."""
    script = tmp_path / "literal.py"
    script.write_text(
        f"import streamlit as st\nst.title('Texts')\ntexts = {[(html(text), markdown(text)) for text in HOSTILE]!r}\n"
        "for i, (h, m) in enumerate(texts):\n"
        "    st.html(f'<p class=\"h{i}\">{h}</p>')\n"
        "    st.button(m, key=f'b{i}')\n"
        "    st.radio('r', [m], key=f'r{i}', label_visibility='collapsed')\n"
        "    with st.container(key=f'w{i}'):\n        st.write(m)\n",
        encoding="utf-8",
    )
    shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
    server = Server(tmp_path / "study.db", app=script, cwd=tmp_path)
    try:
        page = visit(url=server.url).go("/")
        for i, text in enumerate(HOSTILE):
            wanted = " ".join(text.split())
            shown = {
                "html": page.locator(f".h{i}").inner_text(),
                "button": page.locator(f".st-key-b{i} button").inner_text(),
                "radio": page.locator(f".st-key-r{i} label p").last.inner_text(),
                "write": page.locator(f".st-key-w{i} [data-testid=stMarkdownContainer]").inner_text(),
            }
            for place, found in shown.items():
                assert " ".join(found.replace("\u2060", "").split()) == wanted, place
            assert page.locator(f".st-key-w{i} a, .st-key-w{i} img, .st-key-b{i} a").count() == 0
    finally:
        server.kill()


def test_the_flashcards_go_to_anki_and_the_data_to_their_owner(visit: Open) -> None:
    seen = visit()
    seen.begin()
    page = seen.go("/flashcards")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("^Good"))).to_be_visible()
    page.keyboard.press("3")
    seen.settle()
    page = seen.go("/progress")
    for name, start in (("Take the flashcards to Anki", b"PK"), ("Download everything kept of you", b"{")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(start)
    clean(seen)


def test_one_browser_does_not_see_anothers_answers(visit: Open) -> None:
    first, second = visit(), visit()
    first.begin()
    page = second.go("/")
    expect(page.get_by_role("button", name="Start studying")).to_be_visible()


COUNT_HEADINGS = """
window.mostHeadings = 0;
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  window.mostHeadings = Math.max(window.mostHeadings, document.querySelectorAll("h1").length);
}).observe(document.body, { childList: true, subtree: true }));
"""


def test_without_our_server_the_browser_still_remembers_its_learner(visit: Open, tmp_path: Path) -> None:
    """`streamlit run app.py`, as hosting services start it, sets no cookie."""
    server = Server(tmp_path / "study.db", app=ROOT / "app.py")
    try:
        seen = visit(url=server.url)
        seen.context.add_init_script(COUNT_HEADINGS)
        page = seen.begin()
        for _ in range(4):
            page.reload()
            expect(page.get_by_role("heading", name="Today").first).to_be_visible()
            expect(page.get_by_text("Where you stand")).to_be_visible()
            # However briefly, nothing stands twice: what is above the page neither comes nor goes.
            assert page.evaluate("window.mostHeadings") == 1
        clean(seen)
    finally:
        server.kill()


def seeded(seen: Visit, server: Server, question: Question) -> None:
    """A quiz of this one question lies open for the browser's learner."""
    (id,) = [cookie["value"] for cookie in seen.context.cookies() if cookie["name"] == "learner"]
    sitting = Sitting(
        id=uuid4().hex,
        learner=id,
        title="One question",
        exam="mla-c02",
        questions=(question.name,),
        started=datetime.now(UTC),
    )
    Store(server.database).start(sitting)


def test_a_key_pressed_again_before_the_page_answers_counts_once(visit: Open, server: Server) -> None:
    """Enter twice on an answer, or the same rating three times."""
    several = next(
        question
        for bank in default_banks().values()
        for question in bank
        if isinstance(question, MultipleResponse) and sum(choice.correct for choice in question.choices) == 2
    )
    seen = visit()
    seen.begin()
    seeded(seen, server, several)
    page = seen.go("/quiz")
    for key in ("1", "2"):
        page.keyboard.press(key)
        seen.settle()
    picked = page.locator("[class*=st-key-choice-]").filter(has_text=re.compile("check_box(?!_outline)"))
    expect(picked).to_have_count(2)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Your answer|question 1 of 1|of 1 right")).first).to_be_visible()
    seen.settle()
    assert page.get_by_text("answered in another tab").count() == 0
    page = seen.go("/flashcards")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("^Good"))).to_be_visible()
    seen.settle()
    for _ in range(3):
        page.keyboard.press("3")
    seen.settle()
    (id,) = [cookie["value"] for cookie in seen.context.cookies() if cookie["name"] == "learner"]
    cards = [review.fact for review in Store(server.database).reviews(id) if review.kind == "card"]
    assert len(cards) == len(set(cards)) == 1, "one card was rated, once"
    clean(seen)
