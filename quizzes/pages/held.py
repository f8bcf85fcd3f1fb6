"""A page's state in a place of its own, which callbacks change without a word to Streamlit.

When a second key comes quickly, Streamlit stops the script of the first wherever that next touches the session state: a
callback that did so would be stopped half-way, and its key lost. One that touches only what it was given runs to its
end; the lock keeps two scripts apart where they run side by side.
"""

from threading import Lock
from typing import Generic, TypeVar

import streamlit as st

T = TypeVar("T")


class Held(Generic[T]):
    """A value or None, and the lock to change it under."""

    def __init__(self) -> None:
        """Nothing is held at first."""
        self.value: T | None = None
        self.lock = Lock()


def held(name: str) -> Held[T]:
    """The page's state of that name."""
    kept: Held[T] = st.session_state.setdefault(name, Held())
    return kept
