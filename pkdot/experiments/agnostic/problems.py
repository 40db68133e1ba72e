"""The problems of the cross: a corpus, who sees what, and what is learnt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...data import pinned
from ...data.simulate.own import write_examples
from ...networks.backbones import BackboneSettings
from ...networks.settings import Fusion
from ..config import ExperimentConfig

FUSIONS: tuple[Fusion, ...] = ("concat", "gated_transformer", "joint_cross_attention")

USUAL_FUSION = FUSIONS[0]


@dataclass(frozen=True)
class Problem:
    """A corpus, who sees what, and what is learnt.

    Attributes:
        name: short name.
        title: in words.
        base: the experiment, with the usual fusion and encoder.
        drawn: seed -> dotted changes that draw this seed's data; folder and seed are given to it.
        has_tokens: whether every modality gives tokens, which the fusions that attend need.
    """

    name: str
    title: str
    base: ExperimentConfig
    drawn: Callable[[Path, int], Mapping[str, Any]] = lambda folder, seed: {}
    has_tokens: bool = False

    @property
    def fusions(self) -> tuple[Fusion, ...]:
        """The fusions that can read this corpus."""
        return FUSIONS if self.has_tokens else (USUAL_FUSION,)

    def at(self, folder: Path, seed: int) -> ExperimentConfig:
        """The experiment of one seed, its data drawn and bound to what they hold.

        Args:
            folder: where simulated data of this problem are written, or found again.
            seed: of data, weights and batches.
        """
        config = self.base.changed({"seed": seed, **self.drawn(folder, seed)})
        return config.changed({"data": pinned(config.data, progress=False).model_dump()})


def _other_test(folder: Path, seed: int) -> dict[str, Any]:
    return {"data.fold_seed": seed}


def _other_fold(folder: Path, seed: int) -> dict[str, Any]:
    """Five seeds share a simulated crowd, and each tests another fifth of it."""
    return {"data.fold": seed % 5, "data.simulated_seed": seed // 5}


def _other_people(people: int, folder: Path, seed: int) -> dict[str, Any]:
    found = write_examples(
        folder / f"own-{people}-{seed}", people=people, samples=20, seed=seed, progress=False
    )
    return {"data.path": str(found.table.resolve())}


def _problem(
    name: str, title: str, data: Mapping[str, Any], *, epochs: int, **rest: Any
) -> Problem:
    training = {"epochs": epochs, "batch_size": 64}
    backbones = {"epochs": min(epochs, BackboneSettings().epochs)}
    base = ExperimentConfig(data=data, method="none", training=training, backbones=backbones)
    return Problem(name, title, base, **rest)


def all_problems(
    *, label_fraction: float = 0.1, people: int = 40, epochs: int = 100
) -> dict[str, Problem]:
    """All problems by name.

    Labels are few throughout, and other recordings have none: where every label is there, no method
    gains (see the reports on the defaults), and the cross would compare zeros.

    Args:
        label_fraction: of the training samples; digits always have 100 labels of 1,000 images.
        people: in the simulated own data, 20 samples each, a new crowd a seed; in the simulated
            BioVid three quarters of them, 12 windows each.
        epochs: at most so many a stage; each stops early by the inner split.

    Raises:
        ConfigError: for a number out of range.
    """
    make = partial(_problem, epochs=epochs)
    # A fifth, the usual inner split, would leave the probe few groups.
    few = {"label_fraction": label_fraction, "validation_fraction": 0.3}
    digits = {"name": "digits", "n_validation": 200}
    own = {
        **few,
        **{"name": "own", "simulated": True, "group": "person", "test_fraction": 0.4},
        "media": {"picture_size": 24, "sound_rate": 4000},
    }
    crowd = partial(_other_people, people)
    biovid = {
        **few,
        **{"name": "biovid", "video": {"size": 48, "frames": 4}},
        **{"simulated_subjects": 3 * people // 4, "simulated_windows": 6},
    }

    def simulated(seen: str, hidden: str, target: str = "mood") -> dict[str, Any]:
        return {**own, "prevalent": seen, "privileged": hidden, "target": target}

    tokens = {"has_tokens": True}
    found = (
        make("digits", "digits: coarse | full", digits),
        make(
            "digits_blurred",
            "digits: coarse | full with noise 0.5",
            {**digits, "privileged_noise": 0.5},
        ),
        make(
            "digits_noise",
            "digits: coarse | noise alone",
            {**digits, "privileged_noise": 20.0},
        ),
        make("attributes", "digits: coarse | full", {**digits, "target": "attributes"}),
        make("skin", "simulated people: face | skin", simulated("face", "skin"), drawn=crowd),
        make(
            "voice",
            "simulated people: face | voice",
            simulated("face", "voice"),
            drawn=crowd,
            **tokens,
        ),
        make("weak", "simulated people: skin | face", simulated("skin", "face"), drawn=crowd),
        make(
            "tension",
            "simulated people: face | skin",
            simulated("face", "skin", "tension"),
            drawn=crowd,
        ),
        make(
            "tension_voice",
            "simulated people: face | voice",
            simulated("face", "voice", "tension"),
            drawn=crowd,
            **tokens,
        ),
        make(
            "diabetes", "diabetes: vitals | blood", {"name": "diabetes", **few}, drawn=_other_test
        ),
        make("biovid", "simulated BioVid: video | EDA", biovid, drawn=_other_fold, **tokens),
        make(
            "biovid_ecg",
            "simulated BioVid: video | ECG",
            {**biovid, "privileged": "ecg"},
            drawn=_other_fold,
            **tokens,
        ),
    )
    return {problem.name: problem for problem in found}


QUICK = (
    *("digits", "digits_blurred", "digits_noise", "attributes"),
    *("skin", "voice", "weak", "tension", "diabetes", "biovid"),
)
"""Problems of the quick profile. Fusions and encoders vary on the first that all fusions read."""
