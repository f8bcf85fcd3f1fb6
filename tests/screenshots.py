"""The pictures of the README: `make screenshots` serves the app, walks through it and writes docs/*.png."""

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.conftest import CHROMIUM_FLAGS, ROOT, Server

DOCS = ROOT / "docs"


def take(page: Any, name: str) -> None:
    """Wait until nothing moves, then keep the picture."""
    page.wait_for_timeout(1500)
    page.screenshot(path=str(DOCS / f"{name}.png"))


def main() -> None:
    """Walk through the app once in each theme."""
    DOCS.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "study.db")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        try:
            walk(browser.new_context(viewport={"width": 1180, "height": 820}).new_page(), server.url)
            dark = browser.new_context(viewport={"width": 390, "height": 820}, color_scheme="dark").new_page()
            begin(dark, server.url)
            dark.goto(server.url + "/flashcards")
            dark.get_by_role("button", name="Show the answer").wait_for()
            dark.keyboard.press("Space")
            dark.get_by_role("button", name=re.compile("^Good")).wait_for()
            take(dark, "card-dark")
        finally:
            browser.close()
            server.kill()


def begin(page: Any, url: str) -> None:
    """The first visit."""
    page.goto(url)
    page.get_by_role("button", name="Start studying").click()
    page.get_by_text("Where you stand").wait_for()


def walk(page: Any, url: str) -> None:
    """Today, a note, a question with its reasons, a simulator."""
    begin(page, url)
    take(page, "today")
    page.goto(url + "/topic?topic=deployment-guardrails")
    page.get_by_role("tab", name="Note").wait_for()
    take(page, "note")
    page.goto(url + "/topic?topic=bias-metrics&part=Check+yourself")
    page.get_by_role("button", name="Five questions").click()
    page.get_by_text("How sure are you").wait_for()
    while page.locator("[class*='st-key-choice-']").count() == 0:
        page.get_by_role("button", name="End this quiz").click()
        page.goto(url + "/topic?topic=bias-metrics&part=Check+yourself")
        page.get_by_role("button", name="Five questions").click()
        page.get_by_text("How sure are you").wait_for()
    for key in "123":
        page.keyboard.press(key)
        page.wait_for_timeout(400)
    page.keyboard.press("Enter")
    page.get_by_text("The facts behind it").wait_for()
    take(page, "question")
    page.goto(url + "/simulator?simulator=bias&bias-scenario=simpson")
    page.get_by_role("button", name=re.compile("^Run")).first.click()
    page.get_by_role("img").first.wait_for(timeout=60_000)
    take(page, "simulator")


if __name__ == "__main__":
    main()
