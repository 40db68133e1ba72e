"""Tuning: every contender tries its settings on the inner split; the best one is kept in a file.

The score of a setting is the loss of its early-stopped student on the inner split (of classes the
cross-entropy), a mean over folds and seeds. Test samples are not read.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..atomic_files import write_json
from ..errors import ConfigError, RecordError
from ..experiments.cells import Arm
from .contenders import Contender
from .regimes import Regime

SCORE = "validation_criterion"


@dataclass(frozen=True)
class Choice:
    """The setting that a contender goes on with.

    Attributes:
        contender: its name.
        changes: the chosen setting, as dotted changes of the regime's base.
        scores: mean loss on the inner split of each setting, in the order tried; None where the
            setting failed.
        primary_scores: mean primary score of the task on the inner split, likewise.
        seeds: of the tuning.
    """

    contender: str
    changes: Mapping[str, Any]
    scores: tuple[float | None, ...]
    primary_scores: tuple[float | None, ...]
    seeds: tuple[int, ...]


def tuning_arms(contenders: Sequence[Contender], settings: int | None = None) -> list[Arm]:
    """The arms that tuning runs: ``settings`` settings of every contender."""
    return [arm for contender in contenders for arm in contender.arms(settings)]


def choose(
    cells: pd.DataFrame,
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    settings: int | None = None,
) -> dict[str, Choice]:
    """Pick each contender's best setting from the cells of :func:`tuning_arms`.

    A setting without all of its cells, as one of them failed, is out.

    Raises:
        ConfigError: if no setting of a contender is left.
    """
    grouped = dict(iter(cells.groupby("arm"))) if len(cells) else {}
    choices = {}
    for contender in contenders:
        arms = contender.arms(settings)
        scores, primary = [], []
        for arm in arms:
            found = grouped.get(arm.name)
            score, other = (None, None) if found is None else _means(found)
            scores.append(score)
            primary.append(other)
        finished = [(score, number) for number, score in enumerate(scores) if score is not None]
        if not finished:
            raise ConfigError(
                f"Every setting of {contender.name!r} failed, for the reasons given above; leave "
                "it out, or mend what they say."
            )
        best = arms[min(finished)[1]]
        changes = {**best.changes, **best.teacher}
        choices[contender.name] = Choice(
            contender.name, changes, tuple(scores), tuple(primary), tuple(seeds)
        )
    return choices


def _means(cells: pd.DataFrame) -> tuple[float | None, float | None]:
    """Mean loss and primary score of a setting's cells; None for both where one failed."""
    score = float(cells[SCORE].astype(float).mean(skipna=False))
    if not math.isfinite(score):
        return None, None
    return score, float(cells["validation"].mean())


def choices_file(folder: Path, regime: Regime) -> Path:
    """Where a regime's choices are kept in a folder of choices."""
    return folder / f"{regime.name}.json"


def write_choices(folder: Path, regime: Regime, choices: Mapping[str, Choice]) -> None:
    """Keep choices, beside those that the file has of other contenders."""
    content = {}
    for name, choice in {**read_choices(folder, regime), **choices}.items():
        content[name] = asdict(choice)
        del content[name]["contender"]
    write_json(choices_file(folder, regime), content)


def read_choices(
    folder: Path, regime: Regime, contenders: Sequence[Contender] | None = None
) -> dict[str, Choice]:
    """The choices of a regime.

    Args:
        folder: of choices.
        regime: which.
        contenders: those that must be there; if left out, all that are there, which may be none.

    Raises:
        ConfigError: if a contender was not tuned, or with settings that it no longer has.
        RecordError: if the file is damaged.
    """
    file = choices_file(folder, regime)
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError:
        content = {}
    except ValueError as error:
        raise RecordError(f"{file} is damaged ({error}); delete it and tune again.") from None
    choices = {
        name: Choice(
            name, c["changes"], tuple(c["scores"]), tuple(c["primary_scores"]), tuple(c["seeds"])
        )
        for name, c in content.items()
    }
    if contenders is None:
        return choices
    for contender in contenders:
        if contender.name not in choices:
            raise ConfigError(
                f"{contender.name!r} has no chosen setting in the regime {regime.name!r}; run the "
                "step tune first."
            )
        known = (*contender.candidates, *contender.elsewhere)
        if not any(_same(choices[contender.name].changes, c) for c in known):
            raise ConfigError(
                f"The chosen setting of {contender.name!r} in the regime {regime.name!r} is none "
                "of those that it may try today; run the step tune again."
            )
    return {contender.name: choices[contender.name] for contender in contenders}


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return json.dumps(dict(a), sort_keys=True) == json.dumps(dict(b), sort_keys=True)
