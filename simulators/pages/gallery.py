"""Simulators: every world to try a concept in."""

import streamlit as st

from simulators import find, slugs

st.title("Simulators")
st.write("Each one really computes. Say what you expect, run it, and see why.")
for slug in slugs():
    simulator = find(slug)
    with st.container(border=True):
        st.page_link(
            "quizzes/pages/simulator.py",
            label=f"**{simulator.title}**",
            icon=":material/experiment:",
            query_params={"simulator": slug},
        )
        st.write(simulator.summary)
