"""PKDOT: structural knowledge distillation with entropic optimal transport.

The names in ``__all__`` are promises; everything else may move. Each is loaded on first use, so
that ``import pkdot`` needs neither torch nor time.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

_HOMES = {
    "PkdotError": "errors",
    "ExperimentConfig": "config",
    "cosine_similarity_matrix": "similarity",
    "select_anchors": "anchors",
    "gather_anchor_rows": "anchors",
    "Transport": "transport",
    "sinkhorn": "transport",
    "sinkhorn_divergence": "transport",
    "PKDOTLoss": "objective",
    "run_experiment": "experiment",
    "RunRecord": "record",
    "open_record": "record",
    "Recorder": "recorder",
    "Probe": "recorder",
}

try:
    __version__ = version("pkdot")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"

__all__ = sorted([*_HOMES, "__version__"])

if TYPE_CHECKING:
    from .anchors import gather_anchor_rows, select_anchors
    from .config import ExperimentConfig
    from .errors import PkdotError
    from .experiment import run_experiment
    from .objective import PKDOTLoss
    from .record import RunRecord, open_record
    from .recorder import Probe, Recorder
    from .similarity import cosine_similarity_matrix
    from .transport import Transport, sinkhorn, sinkhorn_divergence


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pkdot' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
