"""The corner where the embeddings of a record are taken away, for other programs."""

import io
import zipfile

import streamlit as st

from pkdot.errors import PkdotError
from pkdot.record import RunRecord
from pkdot.record.export import export_files

from . import selection, widgets
from .components import literal
from .selection import HASH_FUNCS

ATLAS = "embedding-atlas teacher.parquet --x projection_x --y projection_y --neighbors neighbors"
PROJECTOR = "unzip projector.zip -d projector && tensorboard --logdir projector"


def offer(record: RunRecord) -> None:
    """Buttons that give the probe's embeddings to Embedding Atlas and to TensorBoard's Projector.

    Args:
        record: the one that all pages show.
    """
    known = record.epochs
    if not known:
        st.caption(selection.no_embeddings(record))
        return
    start = record.best_epoch if record.best_epoch in known else known[-1]
    epoch = start
    if not selection.is_comparison(record):
        epoch = widgets.slide("Epoch of the student", known, start, key="epoch")
    try:
        atlas = _files(record, "atlas", epoch)
    except PkdotError as error:
        st.warning(literal(error), icon=":material/warning:")
        return
    left, right = st.columns(2)
    with left:
        st.markdown("**Embedding Atlas** · a table each: map, neighbours, targets, answers")
        with st.container(horizontal=True):
            for name, content in atlas.items():
                who = name.removesuffix(".parquet")
                _button(who.capitalize(), content, name, "application/vnd.apache.parquet")
        st.code(ATLAS, language=None, wrap_lines=True)
    with right:
        st.markdown("**TensorBoard Projector** · both networks in one folder")
        try:
            folder = packed(_files(record, "projector", epoch))
        except PkdotError as error:
            st.caption(literal(error))
            return
        with st.container(horizontal=True):
            _button("Both", folder, "projector.zip", "application/zip")
        st.code(PROJECTOR, language=None, wrap_lines=True)


@st.cache_data(max_entries=8, show_spinner="Writing tables …", hash_funcs=HASH_FUNCS)
def _files(record: RunRecord, form: str, epoch: int) -> dict[str, bytes]:
    return export_files(record, form, epoch=epoch)


def packed(files: dict[str, bytes]) -> bytes:
    """Some files as one zip archive, the same bytes for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _button(label: str, content: bytes, name: str, kind: str) -> None:
    st.download_button(
        label, content, name, kind, key=f"take {name}", on_click="ignore",
        icon=":material/download:", help=f"The probe of this record: {name}.",
    )  # fmt: skip
