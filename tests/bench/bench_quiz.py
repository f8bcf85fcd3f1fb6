"""A click on the quiz page against a click on a hello-world page, under the same settings, in one run.

The time is from the click to the painted change, measured inside the browser. Prints both medians and their ratio.
"""

import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.conftest import CHROMIUM_FLAGS, ROOT, Server

CLICKS = 60
WARM_UP = 10
HELLO = "import streamlit as st\nn = st.session_state.get('n', 0)\nst.title('Hello')\n" + (
    "st.button('Count', key='count', on_click=lambda: st.session_state.update(n=n + 1))\nst.write(f'count {n}')\n"
)
CLICK_AND_WAIT = """([button, watched]) => new Promise(done => {
  const before = document.querySelector(watched).textContent;
  const start = performance.now();
  const look = () => {
    const now = document.querySelector(watched);
    if (now && now.textContent !== before) requestAnimationFrame(() => done(performance.now() - start));
    else requestAnimationFrame(look);
  };
  document.querySelector(button).click();
  requestAnimationFrame(look);
})"""


def clicks(page: Any, pairs: list[tuple[str, str]]) -> list[float]:
    """Milliseconds of each click, the first few left out."""
    times = [page.evaluate(CLICK_AND_WAIT, list(pairs[i % len(pairs)])) for i in range(CLICKS + WARM_UP)]
    page.wait_for_timeout(100)
    return times[WARM_UP:]


def hello(page: Any, folder: Path) -> list[float]:
    """A page with a button and a number."""
    script = folder / "hello.py"
    script.write_text(HELLO, encoding="utf-8")
    (folder / ".streamlit").mkdir(exist_ok=True)
    config = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    (folder / ".streamlit" / "config.toml").write_text(config, encoding="utf-8")
    server = Server(folder / "study.db", app=script, cwd=folder)
    try:
        page.goto(server.url)
        page.get_by_role("button", name="Count").wait_for()
        page.wait_for_timeout(500)
        return clicks(page, [(".st-key-count button", "[data-testid='stMarkdownContainer'] p:not(button p)")])
    finally:
        server.kill()


def open_question(page: Any, url: str) -> list[tuple[str, str]]:
    """A first visit up to a question with choices; for two of them, what to click and what changes then."""
    page.goto(url)
    page.get_by_role("button", name="Start studying").click()
    page.get_by_text("Where you stand").wait_for()
    page.goto(url + "/quiz")
    page.get_by_role("button", name="Start the quiz").click()
    page.get_by_text("How sure are you").wait_for()
    while page.locator("[class*='st-key-choice-']").count() == 0:  # a matching question has no choices to click
        page.get_by_role("button", name="End this quiz").click()
        page.get_by_role("button", name="Start the quiz").click()
        page.get_by_text("How sure are you").wait_for()
    page.wait_for_timeout(800)
    names = page.evaluate(
        "[...document.querySelectorAll(\"[class*='st-key-choice-']\")].map(e => [...e.classList].find(c => "
        "c.startsWith('st-key-choice-')))"
    )
    return [(f".{name.replace('/', chr(92) + '/')} button",) * 2 for name in names[:2]]


def quiz(page: Any, folder: Path) -> list[float]:
    """The quiz page: one choice, then another, over and over."""
    server = Server(folder / "quiz.db")
    try:
        return clicks(page, open_question(page, server.url))
    finally:
        server.kill()


def line(name: str, times: list[float]) -> str:
    """Median and 95th percentile in words."""
    p95 = statistics.quantiles(times, n=20)[18]
    return f"{name:18} click to paint: p50 {statistics.median(times):6.1f} ms, p95 {p95:6.1f} ms, {len(times)} clicks"


def main() -> None:
    """Print both medians and the ratio."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        times = {}
        for name, measure in (("hello-world", hello), ("quiz", quiz)):
            page = browser.new_context().new_page()
            times[name] = measure(page, Path(folder))
        browser.close()
    for name, values in times.items():
        print(line(name, values))
    ratio = statistics.median(times["quiz"]) / statistics.median(times["hello-world"])
    print(f"quiz / hello-world, p50: {ratio:.2f}")


if __name__ == "__main__":
    main()
