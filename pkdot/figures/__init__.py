"""Figures: arrays or tables in, a plotly figure out; notebooks and page draw with the same ones.

Each function takes ``simulated`` (the title then says so) and ``theme`` (``light`` or ``dark``).
Nothing here computes more than what a picture needs; measures live in :mod:`pkdot.measures`.
"""

from .anchors import anchor_images, anchor_maps
from .curves import training_curves
from .features import hallucination
from .images import image_grid
from .maps import embedding_maps
from .matrices import anchor_rows, sample_row, similarity_matrices
from .results import result_dots, result_print
from .studies import study_dots
from .style import class_name
from .subjects import group_gains, subject_gains, tnet_subjects
from .transport import transport_plan
from .windows import sample_windows

__all__ = [
    "anchor_images",
    "anchor_maps",
    "anchor_rows",
    "class_name",
    "embedding_maps",
    "group_gains",
    "hallucination",
    "image_grid",
    "result_dots",
    "result_print",
    "sample_row",
    "sample_windows",
    "similarity_matrices",
    "study_dots",
    "subject_gains",
    "tnet_subjects",
    "training_curves",
    "transport_plan",
]
