"""Corpora ``diabetes`` and ``breast_cancer``: real tables that scikit-learn bundles.

Each column is standardised by its training samples, since columns have units of their own.
"""

import hashlib
from typing import Literal

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes

from ..tasks import Classification, Regression, Task
from .corpus import Corpus
from .splits import SplitSettings, make_split


class _TableSettings(SplitSettings):
    name: str

    @property
    def has_unlabelled(self) -> bool:
        """Whether there are training samples without a target that is read."""
        return self.label_fraction < 1

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator makes the data."""
        return False


class DiabetesSettings(_TableSettings):
    """442 patients: the student sees four vitals, the teacher six blood values too."""

    name: Literal["diabetes"] = "diabetes"


class BreastCancerSettings(_TableSettings):
    """569 masses: the student sees means over cells, the teacher errors and worst values too."""

    name: Literal["breast_cancer"] = "breast_cancer"


def load_diabetes_corpus(settings: DiabetesSettings, seed: int) -> Corpus:
    """Progression of diabetes within a year (regression) from vitals; blood values privileged.

    Raises:
        DataError: if the parts leave no patient for one of them.
    """
    table = load_diabetes(scaled=False)
    return _corpus(
        settings,
        seed,
        modalities={"vitals": table.data[:, :4], "blood": table.data[:, 4:]},
        targets=table.target[:, None],
        task=Regression(targets=("progression",)),
        unit="patient",
        source="scikit-learn load_diabetes (Efron, Hastie, Johnstone and Tibshirani, 2004)",
    )


def load_breast_cancer_corpus(settings: BreastCancerSettings, seed: int) -> Corpus:
    """Malignant or benign, from means over cell nuclei; errors and worst values privileged.

    Raises:
        DataError: if the parts leave no mass for one of them.
    """
    table = load_breast_cancer()
    means, errors, worst = np.split(table.data, 3, axis=1)
    return _corpus(
        settings,
        seed,
        modalities={"means": means, "errors": errors, "worst": worst},
        targets=table.target.astype(np.int64),
        task=Classification(classes=tuple(str(name) for name in table.target_names)),
        unit="mass",
        source="scikit-learn load_breast_cancer (UCI breast cancer Wisconsin, diagnostic)",
    )


def _corpus(
    settings: _TableSettings,
    seed: int,
    *,
    modalities: dict[str, np.ndarray],
    targets: np.ndarray,
    task: Task,
    unit: str,
    source: str,
) -> Corpus:
    """The first modality is prevalent, the others are privileged; a row is its own group."""
    ids = np.array([f"{unit}-{row:03d}" for row in range(len(targets))])
    prevalent, *privileged = modalities
    content = hashlib.sha256(f"{settings.model_dump_json()}|{seed}".encode())
    for values in (*modalities.values(), targets):
        content.update(np.ascontiguousarray(values).tobytes())
    return Corpus(
        name=settings.name,
        modalities={key: value.astype(np.float32) for key, value in modalities.items()},
        prevalent=(prevalent,),
        privileged=tuple(privileged),
        targets=targets,
        given_targets=targets,
        groups=ids,
        ids=ids,
        task=task,
        split=make_split(task, targets, None, settings, seed),
        simulated=False,
        fingerprint=content.hexdigest()[:16],
        kinds=dict.fromkeys(modalities, "columns"),
        unit=unit,
        facts={"source": source},
    )
