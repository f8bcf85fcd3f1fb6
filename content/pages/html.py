"""Small pieces of HTML from values of the catalog. Every text passes `content.text.html`; Markdown never sees it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from urllib.parse import quote

import streamlit as st

from content import Fact
from content.models import Table, Topic, Worked, words
from content.text import html, plain

STATUS = {"closed-to-new": "Closed to new customers", "ended": "Ended", "superseded": "Superseded"}


def show(*pieces: str) -> None:
    """Draw pieces of HTML as one element in the app's style."""
    st.html(f'<div class="cl">{"".join(pieces)}</div>')


def paragraph(text: str, style: str = "") -> str:
    """A paragraph of literal text."""
    return f'<p class="{style}">{html(text)}</p>' if style else f"<p>{html(text)}</p>"


def badge(fact: Fact) -> str:
    """The lifecycle of what a fact is about, or nothing when it is current."""
    if fact.status == "current":
        return ""
    since = f" since {fact.since}" if fact.since else ""
    instead = f"<p><strong>Instead:</strong> {html(fact.instead)}</p>" if fact.instead else ""
    return f'<p><span class="badge">{STATUS[fact.status]}{since}</span></p>{instead}'


def trap(fact: Fact) -> str:
    """The wrong belief and what is true, or nothing."""
    return f'<div class="trap"><strong>Trap.</strong> {html(fact.trap)}</div>' if fact.trap else ""


def links(label: str, names: Iterable[str], topics: Mapping[str, Topic], here: str = "") -> str:
    """Links to facts by their full names, with the topic of those that are not of the topic `here`; or nothing."""
    told = []
    for slug, _, fact in (name.partition("/") for name in names):
        topic = "" if slug == here else f"{html(topics[slug].title)}: "
        told.append(f'{topic}<a href="topic?topic={slug}&amp;fact={fact}">{html(words(fact))}</a>')
    return f'<p class="src">{label}: {" · ".join(told)}</p>' if told else ""


def source(fact: Fact) -> str:
    """Where the fact comes from, when that was checked, and a way to say that it is wrong."""
    host = fact.source.split("/")[2]
    return (
        f'<p class="src"><a href="{html(quote(fact.source, safe=":/?#[]@!$&()*+,;=%~"))}" target="_blank" '
        f'rel="noopener noreferrer">{html(host)}</a>, checked {_day(fact.checked)} · '
        f"{report(fact.id, fact.text, fact.source)}</p>"
    )


def report(what: str, text: str, where: str = "") -> str:
    """A link that opens a mail with the fact or question in it, to whom the learner decides; nothing is sent."""
    ask = "What is wrong:\n\n\nWhat is right, and where that can be read:\n\n\n---"
    body = "\n".join((ask, what, plain(text), where))
    return f'<a href="mailto:?subject={quote(f"Cert Lab: {what}")}&amp;body={quote(body)}">report a problem</a>'


def table(value: Table) -> str:
    """A comparison; on a narrow screen it scrolls by itself."""
    return grid(value.caption, value.columns, value.rows, caption=True)


def grid(label: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, caption: bool = False) -> str:
    """Rows of literal cells under their columns, with a label that is read out, and shown as a caption if asked."""
    head = "".join(f'<th scope="col">{html(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{html(cell)}</td>' for cell in row)}</tr>" for row in rows)
    shown = f"<caption>{html(label)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html(plain(label))}"><table>{shown}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def worked(value: Worked) -> str:
    """An example with numbers."""
    steps = "".join(f"<li>{html(step)}</li>" for step in value.steps)
    return (
        f'<div class="worked"><p><strong>Worked example: {html(value.title)}</strong></p>{paragraph(value.given)}'
        f"<ol>{steps}</ol><p><strong>{html(value.result)}</strong></p></div>"
    )


def bar(share: float, label: str) -> str:
    """A bar that is filled to a share from 0 to 1, with its words."""
    percent = round(100 * min(max(share, 0.0), 1.0))
    return (
        f'<div>{html(label)}</div><div class="bar" role="img" aria-label="{percent} percent">'
        f'<span style="width:{percent}%"></span></div>'
    )


def bullets(texts: Iterable[str]) -> str:
    """A list of literal texts."""
    return f"<ul>{''.join(f'<li>{html(text)}</li>' for text in texts)}</ul>"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
