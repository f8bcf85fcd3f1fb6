"""A learner's clicks on the quiz page while another's tuning race computes, against the same clicks without a race."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.bench.bench_quiz import clicks, line, open_question
from tests.conftest import CHROMIUM_FLAGS, Server

RACE = "/simulator?simulator=hyperband&hyperband-seeds=10&hyperband-seed="


def main() -> None:
    """Print both medians and 95th percentiles."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "study.db")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        try:
            learner = browser.new_context().new_page()
            pairs = open_question(learner, server.url)
            print(line("alone", clicks(learner, pairs)))
            racer = browser.new_context().new_page()
            racer.goto(server.url + RACE + "7")
            racer.get_by_text("Before you run it").wait_for()
            racer.wait_for_timeout(500)
            racer.keyboard.press("Enter")
            racer.get_by_role("button", name="Stop").wait_for(timeout=60_000)
            print(line("while a race runs", clicks(learner, pairs)))
            print("the race was", "still running" if racer.get_by_role("button", name="Stop").count() else "over")
        finally:
            browser.close()
            server.kill()


if __name__ == "__main__":
    main()
