"""What is shown instead of the app when its content has problems: every one, with its file and line."""

import streamlit as st

from content import ContentError
from content.pages import html as h


def show_problems(error: ContentError) -> None:
    """Draw the problems as a table."""
    st.title("The content has problems")
    count = len(error.problems)
    st.write(
        f"Nothing was lost. {count} {'problem has' if count == 1 else 'problems have'} to be mended in the YAML files; "
        "then start the app again."
    )
    rows = [(f"{each.path.name}:{each.line}", each.field, each.message) for each in error.problems]
    h.show(h.grid("Problems", ["File and line", "Field", "Problem"], rows))
