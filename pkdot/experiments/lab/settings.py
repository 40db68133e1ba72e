"""What a reader may change while the students learn, and the experiment behind it."""

from typing import Any, Literal

import torch
from pydantic import Field

from ...distillers import available_distillers, parse_method
from ...settings import Settings
from ..config import ExperimentConfig

METHODS = ("pkdot", "kd", "kd+pkdot", "rows", "sp", "rkd", "dist")
"""Methods that reach the student through its embedding and need no layers of their own."""
BATCH_SIZE = 64
LABELS = (20, 50, 100, 200, 400)
"""Labelled samples that the students may be given; the teacher had the most."""


class LabSettings(Settings):
    """What holds from the next batch on."""

    method: Literal["pkdot", "kd", "kd+pkdot", "rows", "sp", "rkd", "dist"] = Field(
        "pkdot", description="how the first student learns from the teacher"
    )
    strength: float = Field(
        1.0, ge=0, le=100, description="λ as a multiple of the method's usual one; 0: none"
    )
    k: int | None = Field(
        None, ge=1, lt=BATCH_SIZE, description="anchors; null: every sample of the batch is one"
    )
    blur: float = Field(0.5, ge=0.05, le=5, description="square root of ε, in units of the rows")
    n_labelled: int = Field(
        100, ge=LABELS[0], le=LABELS[-1], description="samples with a label, of both students"
    )
    wrong: float = Field(
        0.0, ge=0, le=1, description="share of the pairs without label that are wrong"
    )

    @property
    def anchor_options(self) -> dict[str, Any]:
        """How anchors are chosen, as methods and :class:`pkdot.PKDOTLoss` take it."""
        return {"policy": "all"} if self.k is None else {"policy": "shared", "k": self.k}

    def options(self) -> dict[str, dict[str, Any]]:
        """Part of the method -> those of its settings that are the reader's."""
        offered = {**self.anchor_options, "blur": self.blur}
        found = {}
        for name, usual in usual_weights(self.method).items():
            known = available_distillers()[name].distiller.Settings.model_fields
            found[name] = {key: value for key, value in offered.items() if key in known}
            found[name]["weight"] = self.strength * usual
        return found


def usual_weights(method: str) -> dict[str, float]:
    """Part of a method -> its default λ for batches with samples that have no label.

    Raises:
        ConfigError: for an unknown method.
    """
    unlabelled = torch.tensor([-1])
    known = available_distillers()
    return {name: known[name].build().weight(unlabelled) for name in parse_method(method)}


def method_title(method: str) -> str:
    """A method in words; parts of a sum are joined by a plus.

    Raises:
        ConfigError: for an unknown method.
    """
    known = available_distillers()
    return " + ".join(known[name].title for name in parse_method(method))


def lab_config(seed: int) -> ExperimentConfig:
    """The experiment: a teacher that sees whole digits, students that see coarse, noisy ones.

    The students take over no weights, so that what they gain is what distillation gives. Small
    networks and large steps: a class sees within a minute what a run shows within the hour.
    """
    return ExperimentConfig(
        data={"name": "digits", "n_labelled": LABELS[-1], "n_unlabelled": 800, "noise": 0.1},
        network={
            "teacher_sees": "privileged",
            "hidden": 128,
            "dropout": 0.2,
            "input_noise": 0.4,
        },
        training={
            "batch_size": BATCH_SIZE,
            "learning_rate": 3e-3,
            "doubtful_pairs": "keep",
            "patience": 8,
        },
        seed=seed,
    )
