"""Figures: arrays or tables in, a plotly figure out; notebooks and page draw with the same ones.

Every function takes a :class:`FigureStyle` (theme, width, simulated data), and those that draw
samples a :class:`SampleTable` (targets, names, subjects) in the order of their arrays. Nothing here
computes more than what a picture needs; measures live in :mod:`pkdot.analysis`.
"""

from .anchors import anchor_images, anchor_maps
from .answer_errors import answer_residuals, label_answers
from .answers import answered_outputs, answered_values, confusion_matrices
from .bundles import Grouping, SampleTable
from .curves import training_curves
from .features import hallucination
from .film import map_film
from .flows import sample_mass
from .forest import gain_forest, gain_lines
from .gains import gain_scatter
from .images import image_grid
from .maps import embedding_maps
from .palette import marker_palette
from .plan_flows import group_flows, sample_flows
from .plans import convergence, plan_panels
from .progress import agreement_curves, coverage_curves, run_curves
from .ranks import rank_axis
from .results import result_dots, result_print
from .rows import anchor_rows, sample_row
from .samples import sample_answers, sample_features
from .similarity import similarity_matrices, similarity_row
from .studies import study_dots
from .style import FigureStyle, class_name
from .subjects import group_gains, subject_gains, tnet_subjects
from .trajectories import value_plane, value_trajectories
from .transport import transport_plan
from .units import unit_gains
from .windows import sample_windows

__all__ = [
    "FigureStyle",
    "Grouping",
    "SampleTable",
    "agreement_curves",
    "anchor_images",
    "anchor_maps",
    "anchor_rows",
    "answer_residuals",
    "answered_outputs",
    "answered_values",
    "class_name",
    "confusion_matrices",
    "convergence",
    "coverage_curves",
    "embedding_maps",
    "gain_forest",
    "gain_lines",
    "gain_scatter",
    "group_flows",
    "group_gains",
    "hallucination",
    "image_grid",
    "label_answers",
    "map_film",
    "marker_palette",
    "plan_panels",
    "rank_axis",
    "result_dots",
    "result_print",
    "run_curves",
    "sample_answers",
    "sample_features",
    "sample_flows",
    "sample_mass",
    "sample_row",
    "sample_windows",
    "similarity_matrices",
    "similarity_row",
    "study_dots",
    "subject_gains",
    "tnet_subjects",
    "training_curves",
    "transport_plan",
    "unit_gains",
    "value_plane",
    "value_trajectories",
]
