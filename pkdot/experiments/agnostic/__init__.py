"""One cross: modality × fusion × student encoder × task, on simulated and bundled data.

The paper says that its method does not care about any of the four. A *setting* is one choice of
each; its gain is that of a distilled student over a student alone of the same fusion, seed by seed.
A seed draws new people of a simulated corpus and another test set of a bundled table, besides the
first weights and batches.

problems    corpora, modalities and tasks
cross       settings of a profile, and running them
probe       what a privileged modality adds
"""

from .cross import ENCODERS, USUAL_ENCODER, Setting, run_settings, setting_arms, settings_of
from .probe import probe_corpus, probe_problem
from .problems import FUSIONS, QUICK, USUAL_FUSION, Problem, all_problems

__all__ = [
    "ENCODERS",
    "FUSIONS",
    "QUICK",
    "USUAL_ENCODER",
    "USUAL_FUSION",
    "Problem",
    "Setting",
    "all_problems",
    "probe_corpus",
    "probe_problem",
    "run_settings",
    "setting_arms",
    "settings_of",
]
