"""Text means what it says: no Markdown, no HTML, no signs put in its place."""

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as some

from content.text import html, markdown, plain


@given(some.text(alphabet=some.characters(exclude_characters="`")))
def test_html_shows_the_text_and_has_no_element_of_its_own(text: str) -> None:
    shown = html(text)
    assert unescape(shown) == text
    assert "<" not in shown


def test_code_is_code_and_its_inside_is_literal() -> None:
    assert html("use `a<b` here") == "use <code>a&lt;b</code> here"
    assert markdown("use `a_b` here_") == "use `a_b` here\\_"
    assert plain("use `a_b` here") == "use a_b here"


@pytest.mark.parametrize("text", ["a -> b", "a >= b", "x -- y", ":smile:", ":material/home:", "https://a.b", "a@b.c"])
def test_what_streamlit_would_replace_is_broken_up(text: str) -> None:
    assert "\u2060" in markdown(text)
    assert markdown(text).replace("\u2060", "").replace("\\", "") == text


@given(some.text(alphabet="ab *_~$#>-+.![]()<>&:|\\\"'"))
def test_every_sign_that_could_mean_something_is_escaped(text: str) -> None:
    shown = markdown(text).replace("\u2060", "")
    assert not [
        sign for before, sign in zip(" " + shown, shown, strict=False) if sign in "*_~$#<[&:|" and before != "\\"
    ]
