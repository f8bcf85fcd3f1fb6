"""What many tests need: a study database of their own, and for the browser a server and Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parent.parent
expect.set_options(timeout=20_000)  # a busy machine is slow, not broken
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(autouse=True)
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees another's answers, or the answers of whoever runs the tests."""
    path = tmp_path / "study.db"
    monkeypatch.setenv("CERTLAB_DB", str(path))
    return path


class Server:
    """The app as `make run` serves it, on a port of its own."""

    def __init__(
        self, database: Path, *, app: Path = ROOT / "asgi.py", cwd: Path = ROOT, options: tuple[str, ...] = ()
    ) -> None:
        self.database, self.app, self.cwd, self.options = database, app, cwd, options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", str(self.app), "--server.port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--server.address", "localhost", *self.options],
            cwd=self.cwd,
            env={**os.environ, "CERTLAB_DB": str(self.database)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(240):
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                if answer.read() == b"ok":
                    return
            assert self.process.poll() is None, "the server ended at once"
            time.sleep(0.25)
        raise AssertionError("the server did not come up in a minute")

    def kill(self) -> None:
        """SIGKILL, for the server and its workers: nothing gets to tidy up."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server") / "study.db")
    yield running
    running.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("found no Chromium; in CI the browser tests may not be skipped")
        pytest.skip("found no Chromium: install it to run the browser tests")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """A browser of its own, that notes what must not happen: console errors and requests that leave the machine."""

    def __init__(self, context: Any, url: str) -> None:
        self.context, self.url = context, url
        self.page = context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._request)

    def _request(self, request: Any) -> None:
        here = self.url.removeprefix("http")
        if not request.url.startswith(("data:", "blob:", f"http{here}", f"ws{here}")):
            self.outside.append(request.url)

    def go(self, path: str = "/") -> Any:
        self.page.goto(self.url + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until the page has been drawn and no script runs."""
        self.page.wait_for_selector("[data-testid='stAppViewContainer'] [data-testid='stVerticalBlock'] *:visible")
        self.page.wait_for_function(
            "() => !document.querySelector(\"[data-testid='stStatusWidget']\") && "
            "document.querySelector('[data-test-script-state=\"notRunning\"]')",
            timeout=60_000,
        )
        self.page.wait_for_timeout(150)

    def begin(self) -> Any:
        """The first visit, over with: the exam is chosen."""
        page = self.go("/")
        page.get_by_role("button", name="Start studying").click()
        page.get_by_role("heading", name="Today").wait_for()
        self.settle()
        return page


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Visit]]:
    """Opens visits: `visit(width=390, dark=True)`."""
    contexts = []

    def open_visit(width: int = 1280, height: int = 900, *, dark: bool = False, url: str | None = None) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale="en-GB"
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        return Visit(context, url or server.url)

    yield open_visit
    for context in contexts:
        context.close()
