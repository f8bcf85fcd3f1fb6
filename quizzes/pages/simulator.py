"""One simulator on its own page: what an instructor's link opens."""

import streamlit as st

from quizzes.pages.predictions import graded_by
from quizzes.pages.visitor import visitor
from simulators import slugs
from simulators.pages.simulator import show_simulator

slug = st.query_params.get("simulator", "")
if slug not in slugs():
    st.title("No such simulator")
    st.write("The link is old or mistyped. Every simulator is on one page.")
    st.page_link("simulators/pages/gallery.py", label="All simulators", icon=":material/experiment:")
    st.stop()
show_simulator(slug, graded=graded_by(visitor()), heading=True)
