"""The app as it is served: a learner cookie, security headers, compressed bundles, imports done before visitors come.

`streamlit run asgi.py` (what `make run` does) or any ASGI server.
"""

import base64
import gzip
import hashlib
import re
import secrets
from contextlib import suppress
from pathlib import Path

import numpy  # noqa: F401 - imported here, on the main thread: two sessions that import pandas at once can break it
import pandas  # noqa: F401
import plotly.graph_objects  # noqa: F401
import pyarrow  # noqa: F401
import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from content import ContentError, default_catalog
from quizzes import default_banks
from simulators import find, slugs

HERE = Path(__file__).parent
YEAR_SECONDS = 31_536_000
_COMPRESSIBLE = (".js", ".css", ".json", ".svg")
_BASE_PATH = "server.baseUrlPath"
_ORIGIN = "window.__streamlit={BACKEND_BASE_URL:location.origin}"
_OF_THE_BODY = {b"content-length", b"content-encoding", b"accept-ranges", b"etag"}
Headers = list[tuple[bytes, bytes]]


class LearnerCookie:
    """Give every browser an id of its own, once, that no script can read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers") or [])
        is_page = scope["type"] == "http" and b"text/html" in headers.get(b"accept", b"")
        if not is_page or re.search(rb"(^|;\s*)learner=", headers.get(b"cookie", b"")):
            await self.app(scope, receive, send)
            return
        cookie = f"learner={secrets.token_urlsafe(16)}; Path=/; Max-Age={YEAR_SECONDS}; HttpOnly; SameSite=Lax"

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
            await send(message)

        await self.app(scope, receive, with_cookie)


class SecurityHeaders:
    """Let the page load nothing but itself, and let no other page frame it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        policy = (
            f"default-src 'self'; script-src 'self' blob: {_inline_hashes()}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
        )
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"x-frame-options", b"DENY"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def _inline_hashes() -> str:
    """The hashes of the scripts inside the page, which the policy must allow by name."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in [*scripts, _ORIGIN])
    return " ".join(f"'sha256-{digest}'" for digest in digests)


class OwnAddress:
    """Tell the page where its server is: a link to /quiz would first ask for /quiz/_stcore/health, in vain."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers") or [])
        if scope["type"] != "http" or b"text/html" not in headers.get(b"accept", b"") or st.get_option(_BASE_PATH):
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start, body = await _whole(self.app, {**scope, "headers": plain}, receive)
        if start["status"] == 200 and b"text/html" in dict(start["headers"]).get(b"content-type", b""):
            body = body.replace(b"<head>", b"<head><script>" + _ORIGIN.encode() + b"</script>", 1)
        await send({**start, "headers": _with_length(start["headers"], body)})
        await send({"type": "http.response.body", "body": body})


async def _whole(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """The start and the whole body of an answer."""
    start: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    return start, bytes(body)


def _with_length(headers: Headers, body: bytes) -> Headers:
    """The headers for a body that is not the one they were made for."""
    kept = [(name, value) for name, value in headers if name not in _OF_THE_BODY]
    return [*kept, (b"content-length", str(len(body)).encode())]


class CompressedBundles:
    """Serve Streamlit's bundles gzip-compressed, each compressed once: their names change with their content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.packed: dict[str, tuple[Headers, bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _wants_packed(scope):
            await self.app(scope, receive, send)
            return
        if scope["path"] not in self.packed:
            start, body = await _whole(self.app, scope, receive)
            if start["status"] != 200 or len(body) < 1000:
                await send(start)
                await send({"type": "http.response.body", "body": body})
                return
            data = gzip.compress(body, 6)
            extra = [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
            self.packed[scope["path"]] = [*_with_length(start["headers"], data), *extra], data
        headers, data = self.packed[scope["path"]]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": data})


def _wants_packed(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = dict(scope["headers"])
    is_bundle = scope["path"].startswith("/static/") and scope["path"].endswith(_COMPRESSIBLE)
    return is_bundle and b"gzip" in headers.get(b"accept-encoding", b"") and b"range" not in headers


def warm_up() -> None:
    """Read the content and import every simulator, so that the first visitor does not wait for it."""
    for slug in slugs():
        find(slug)
    with suppress(ContentError):  # the pages show the problems
        default_catalog()
        default_banks()


warm_up()
app = st.App(
    HERE / "app.py",
    middleware=[
        Middleware(SecurityHeaders),
        Middleware(LearnerCookie),
        Middleware(OwnAddress),
        Middleware(CompressedBundles),
    ],
)
