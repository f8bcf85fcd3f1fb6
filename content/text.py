"""Words from YAML or a CSV, made safe to show: nothing in them is Markdown or HTML, but `code` in backticks is code."""

import re
from html import escape

_CODE = re.compile(r"`([^`\n]+)`")
_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_JOINER = "\u2060"  # invisible, and not a space: it only keeps two characters from being read as one sign
# What Streamlit replaces after Markdown is read, so that a backslash does not help: arrows and signs between
# spaces, :emoji: and :icon: names.
_SIGN = re.compile(r"(?<!\S)(<->|->|<-|--|>=|<=|~=)(?!\S)")
_NAME = re.compile(r":(?=[\w+\-/]+:)")
_STARTS_A_LINK = re.compile(r"\b(https?|www)(?=[:.])", re.IGNORECASE)
_AT = re.compile(r"@")


def html(text: str) -> str:
    """The text as HTML that shows it literally, with `code` in a code element."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def markdown(text: str) -> str:
    """The text as Markdown (Streamlit's kind) that shows it literally on one line, with `code` as code."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(f"`{part}`" if index % 2 else _escaped(part) for index, part in enumerate(parts))


def plain(text: str) -> str:
    """The text without the backticks of its code."""
    return _CODE.sub(r"\1", text)


def _escaped(text: str) -> str:
    text = _SIGN.sub(lambda sign: sign[0][0] + _JOINER + sign[0][1:], text)
    text = _NAME.sub(":" + _JOINER, text)
    text = _STARTS_A_LINK.sub(lambda start: start[0] + _JOINER, text)
    text = _AT.sub("@" + _JOINER, text)
    return _PUNCTUATION.sub(r"\\\1", text)
