"""Two students learn before the reader's eyes: one from labels alone, one from a teacher, too."""

import streamlit as st

from dashboard import components

with components.bar():
    components.title("Lab", width="content")
    st.caption(
        "Two students see the same noisy 4×4 digits. One learns from labels alone; the other also "
        "from a teacher that sees 8×8 digits and knew 400 labels."
    )
with st.spinner("Libraries are loaded and the teacher learns, once, for some seconds …"):
    from dashboard import lab_lesson  # with torch: the words above come first

    lab = lab_lesson.own_lab()
lab_lesson.sliders(lab)
lab_lesson.figures(lab)
