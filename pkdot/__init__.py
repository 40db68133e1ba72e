"""PKDOT: structural knowledge distillation with entropic optimal transport.

The names in ``__all__`` are promises; everything else may move. Each is loaded on first use, so
that ``import pkdot`` needs neither torch nor time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

_HOMES = {
    "PkdotError": "errors",
    "Corpus": "data.corpus",
    "ExperimentConfig": "experiments.config",
    "cosine_similarity_matrix": "method.similarity",
    "select_anchors": "method.anchors",
    "gather_anchor_rows": "method.anchors",
    "Transport": "method.transport",
    "sinkhorn": "method.transport",
    "sinkhorn_divergence": "method.transport",
    "PKDOTLoss": "method.loss",
    "run_experiment": "experiments.experiment",
    "load_student": "experiments.student.loaded",
    "RunRecord": "record",
    "open_record": "record",
    "Recorder": "record",
    "Probe": "record",
}

__all__ = sorted([*_HOMES, "__version__"])

if TYPE_CHECKING:
    from .data.corpus import Corpus
    from .errors import PkdotError
    from .experiments.config import ExperimentConfig
    from .experiments.experiment import run_experiment
    from .experiments.student.loaded import load_student
    from .method.anchors import gather_anchor_rows, select_anchors
    from .method.loss import PKDOTLoss
    from .method.similarity import cosine_similarity_matrix
    from .method.transport import Transport, sinkhorn, sinkhorn_divergence
    from .record import Probe, Recorder, RunRecord, open_record


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pkdot' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
