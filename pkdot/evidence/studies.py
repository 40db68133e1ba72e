"""Studies of the mechanism: one factor each, its levels, and the level they are compared with.

Every level is one change to PKDOT with its chosen setting. Where a level changes the student alone
as well (another batch size, another norm), its gain is over a student alone with the same change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError
from ..experiments.sweep import ALONE

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Level:
    """One value of a factor.

    Attributes:
        label: on the figure's axis.
        changes: of the student, on top of PKDOT's chosen setting.
        alone: of the student alone that this level's gain is over; none for most.
        teacher: of teacher and student both.
        data: of the corpus, and so of everything.
    """

    label: str
    changes: Changes = field(default_factory=dict)
    alone: Changes = field(default_factory=dict)
    teacher: Changes = field(default_factory=dict)
    data: Changes = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The contender whose chosen setting this level starts from."""
        return str(self.changes.get("method", "pkdot"))

    @property
    def reference(self) -> Changes:
        """Changes that give the student alone of this level."""
        return {**ALONE, **self.alone}


@dataclass(frozen=True)
class Study:
    """One question.

    Attributes:
        name: short name, also of files.
        factor: what varies, as the figure's axis names it.
        question: what the study asks.
        levels: in the order of the axis.
        usual: label of the level that the others are compared with.
    """

    name: str
    factor: str
    question: str
    levels: tuple[Level, ...]
    usual: str

    def __post_init__(self) -> None:
        labels = [level.label for level in self.levels]
        if self.usual not in labels or len(set(labels)) != len(labels):
            raise ConfigError(
                f"The study {self.name!r} needs different labels, {self.usual!r} among them."
            )


def _option(name: str, *values: Any) -> tuple[Level, ...]:
    return tuple(Level(f"{value:g}", {f"options.pkdot.{name}": value}) for value in values)


def _named(name: str, *values: str) -> tuple[Level, ...]:
    return tuple(
        Level(value.replace("_", " "), {f"options.pkdot.{name}": value}) for value in values
    )


_RELEASED_ANCHORS: Changes = {
    "options.pkdot.policy": "per_sample",
    "options.pkdot.k": 30,
    "options.pkdot.blur": 0.1,
}

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        Study(
            "k",
            "number of anchors k",
            "How many anchors does a row need?",
            (
                *(
                    Level(str(k), {"options.pkdot.k": k, "options.pkdot.policy": "shared"})
                    for k in (3, 10, 30, 60, 100)
                ),
                Level("every sample", {"options.pkdot.policy": "all"}),
            ),
            "every sample",
        ),
        Study(
            "epsilon",
            "ε as a share of the median cost",
            "How much entropy, measured by the cost it blurs?",
            (
                Level("as chosen"),
                *(
                    Level(
                        f"{share:g}",
                        {"options.pkdot.relative": True, "options.pkdot.blur": share**0.5},
                    )
                    for share in (0.003, 0.03, 0.3, 3.0)
                ),
            ),
            "as chosen",
        ),
        Study(
            "weight",
            "weight λ",
            "How strong beside the task?",
            _option("weight", 0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0),
            "30",
        ),
        Study(
            "warm_up",
            "updates until λ is whole",
            "Should λ start small?",
            _option("warm_up", 0, 50, 200, 800),
            "0",
        ),
        Study(
            "policy",
            "anchor policy",
            "Which samples should be anchors?",
            _named("policy", "shared", "per_sample", "farthest", "random", "most_similar", "all"),
            "all",
        ),
        Study(
            "shift",
            "what is taken off each similarity matrix",
            "What does the released script's shift by the minimum do?",
            tuple(
                Level(label, {**_RELEASED_ANCHORS, "options.pkdot.shift": value})
                for label, value in (
                    ("nothing", None),
                    ("minimum, a constant", "minimum_detached"),
                    ("minimum, with gradient", "minimum"),
                )
            ),
            "nothing",
        ),
        Study(
            "identity",
            "extra cost of sending a sample to another",
            "Should transport know which row belongs to which sample?",
            _option("identity", 0.0, 0.1, 1.0, 10.0),
            "0",
        ),
        Study(
            "confidence",
            "power of the teacher's confidence as mass",
            "Should unsure targets weigh less?",
            _option("confidence", 0.0, 1.0, 4.0),
            "0",
        ),
        Study(
            "rows",
            "how rows are matched",
            "Does transport over rows add anything to matching each row with its own?",
            (
                Level("transport"),
                Level("transport, identity 1", {"options.pkdot.identity": 1.0}),
                Level("one to one", {"method": "rows"}),
            ),
            "one to one",
        ),
        Study(
            "normalisation",
            "norm at the end of the embedding",
            "Does the structural loss need a norm in front of it?",
            tuple(
                Level(
                    value,
                    alone={"network.embedding_norm": value},
                    teacher={"network.embedding_norm": value},
                )
                for value in ("batch", "layer", "none")
            ),
            "batch",
        ),
        Study(
            "balance",
            "labelled samples of a batch",
            "Do batches with even classes help?",
            (
                Level("as drawn"),
                Level(
                    "class-balanced",
                    {"training.class_balanced": True},
                    alone={"training.class_balanced": True},
                ),
            ),
            "as drawn",
        ),
        Study(
            "batch_size",
            "batch size B",
            "How many samples must a structure have?",
            tuple(
                Level(
                    str(size),
                    {"training.batch_size": size},
                    alone={"training.batch_size": size},
                )
                for size in (32, 64, 128, 256)
            ),
            "128",
        ),
        Study(
            "tnet",
            "T-Net of the student",
            "Does the student need a T-Net, and must it be trained?",
            tuple(
                Level(label, {"network.tnet": value})
                for label, value in (
                    ("trained, learns on", "joint"),
                    ("trained, frozen", "frozen"),
                    ("never trained", "random"),
                    ("none", "none"),
                )
            ),
            "trained, learns on",
        ),
        Study(
            "privileged",
            "noise on the teacher's full image",
            "How good must the privileged modality be?",
            tuple(
                Level(f"{noise:g}", data={"data.privileged_noise": noise})
                for noise in (0.0, 0.2, 0.5, 1.0)
            ),
            "0",
        ),
    )
}


def find_studies(names: list[str] | None = None) -> list[Study]:
    """The studies of these names; all of them if left out.

    Raises:
        ConfigError: for an unknown name.
    """
    for name in names or []:
        if name not in STUDIES:
            raise ConfigError(f"Unknown study {name!r}; choose from {', '.join(STUDIES)}.")
    return [study for name, study in STUDIES.items() if names is None or name in names]
