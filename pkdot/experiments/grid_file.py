"""A grid of experiments or notebooks, written in a file: what is varied, and on which seeds.

    base: {data.name: digits, training.epochs: 30}
    arms: [alone, kd, pkdot, {name: wide, method: pkdot, changes: {options.pkdot.k: 60}}]
    axes:
      options.pkdot.blur: [0.05, 0.1]
    seeds: 5

Every arm is run at every combination of the axes' values, on every seed and fold.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from ..distillers import method_title
from ..errors import ConfigError
from ..settings import Settings, flatten
from ..tasks import Task
from .cells import Arm
from .config import ExperimentConfig
from .sweep import standard_arms

STANDARD = "standard"


class ArmSettings(Settings):
    """One arm as a file describes it; see :class:`pkdot.experiments.cells.Arm`."""

    name: str
    title: str | None = None
    method: str | None = None
    changes: dict[str, Any] = Field(default_factory=dict)
    teacher: dict[str, Any] = Field(default_factory=dict)


class GridSettings(Settings):
    """The content of a grid file."""

    preset: str | None = Field(None, description="released, paper or default")
    profile: str = Field("quick", description="of the preset: quick or full")
    base: dict[str, Any] = Field(default_factory=dict, description="settings that all share")
    arms: Literal["standard"] | list[str | ArmSettings] = Field(
        "standard", description="names of standard arms, methods, or arms of one's own"
    )
    axes: dict[str, list[Any]] = Field(
        default_factory=dict, description="dotted setting, or parameter of the notebook -> values"
    )
    seeds: int | list[int] = Field(5, description="how many from 0 on, or which")
    folds: list[int] | None = Field(None, description="test folds of a corpus that has some")
    records: bool = Field(False, description="whether each student keeps a whole run record")
    notebook: Path | None = Field(None, description="a notebook to run instead of experiments")
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="of the notebook, the same in every cell"
    )


@dataclass(frozen=True)
class Place:
    """One replicate of a grid: where its arms are run.

    Attributes:
        point: axis -> value.
        seed: of the cell; None for a notebook whose grid names no seeds.
        fold: None where the grid names no folds.
    """

    point: Mapping[str, Any]
    seed: int | None
    fold: int | None

    @property
    def columns(self) -> dict[str, Any]:
        """What a table says of it."""
        fold = {} if self.fold is None else {"fold": self.fold}
        return {name: shown(value) for name, value in self.point.items()} | fold


def shown(value: Any) -> Any:
    """An axis's value as a table can hold it: numbers and words as they are, the rest as text."""
    return value if isinstance(value, bool | int | float | str) else str(value)


def read_grid(file: Path) -> GridSettings:
    """The content of a grid file.

    Raises:
        ConfigError: one sentence for a file that cannot be read, is no YAML, names something
            twice, or has a setting that does not exist or fits no other.
    """
    try:
        text = file.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if tree is not None:
            _refuse_repeated(tree, file)
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{file} cannot be read as YAML: {reason[:200]}.") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ConfigError(f"{file} must hold names and values, e.g. 'seeds: 5'.")
    grid = GridSettings(**content)
    _check(grid, file)
    return grid


def _refuse_repeated(node: yaml.Node, file: Path) -> None:
    """YAML takes the last of two equal names without a word, and an axis would be lost."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated(item, file)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigError(f"{file} names {key.value!r} twice, in line {line} again.")
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
            _refuse_repeated(value, file)


def _check(grid: GridSettings, file: Path) -> None:
    for name, values in grid.axes.items():
        if not values:
            raise ConfigError(f"The axis {name!r} of {file} has no value; give one or more.")
        if len({repr(value) for value in values}) < len(values):
            raise ConfigError(f"The axis {name!r} of {file} has a value twice.")
        if name in ("seed", "data.fold") and grid.notebook is None:
            raise ConfigError(f"Write 'seeds' and 'folds' in {file} rather than an axis {name!r}.")
    if isinstance(grid.seeds, int) and grid.seeds < 1:
        raise ConfigError(f"seeds: {grid.seeds} in {file} is too few; give 1 or more.")
    for name in ("seeds", "folds", "arms"):
        values = getattr(grid, name)
        if isinstance(values, list) and (not values or len(set(map(repr, values))) < len(values)):
            raise ConfigError(f"'{name}' in {file} is empty or has an entry twice.")
    own = {"base", "preset", "arms", "records"} if grid.notebook else {"parameters"}
    if unfit := sorted(own & grid.model_fields_set):
        raise ConfigError(
            f"{unfit[0]!r} in {file} belongs to a grid of "
            f"{'experiments, and this one runs a notebook' if grid.notebook else 'a notebook'}; "
            f"leave it out."
        )
    if both := sorted(set(grid.parameters) & set(grid.axes)):
        raise ConfigError(f"{both[0]!r} is an axis and a parameter of {file}; keep one of them.")


def places_of(grid: GridSettings) -> Iterator[Place]:
    """Every combination of axes, seeds and folds; neighbours differ in seed, so that they share
    no teacher that one would wait for."""
    seeds: list[int | None] = [*range(grid.seeds)] if isinstance(grid.seeds, int) else [*grid.seeds]
    if grid.notebook is not None and "seeds" not in grid.model_fields_set:
        seeds = [None]
    for values in product(*grid.axes.values()):
        for fold in grid.folds or (None,):
            for seed in seeds:
                yield Place(dict(zip(grid.axes, values, strict=True)), seed, fold)


def base_of(grid: GridSettings, changes: Mapping[str, Any] | None = None) -> ExperimentConfig:
    """What all cells share.

    Args:
        grid: of experiments.
        changes: dotted settings on top, as the command line gives them.

    Raises:
        ConfigError: if they make no experiment.
    """
    given = {**flatten(grid.base), **(changes or {})}
    if grid.preset is not None:
        return ExperimentConfig.preset(grid.preset, given, profile=grid.profile)
    return ExperimentConfig().changed(given)


def bases_of(base: ExperimentConfig, places: list[Place]) -> list[ExperimentConfig]:
    """The config of each place.

    Raises:
        ConfigError: if an axis makes no experiment, or the corpus has no folds.
    """
    if any(place.fold is not None for place in places) and not hasattr(base.data, "fold"):
        raise ConfigError(f"Corpus {base.data.name!r} has no folds; leave folds out.")
    found = []
    for place in places:
        own = {"seed": place.seed} if place.fold is None else {
            "seed": place.seed, "data.fold": place.fold,
        }  # fmt: skip
        found.append(base.changed({**place.point, **own}))
    return found


def arms_of(grid: GridSettings, base: ExperimentConfig, task: Task) -> list[Arm]:
    """The arms of a grid; a method's settings are those of the base, which an axis may vary.

    Raises:
        ConfigError: for a name that is neither a standard arm nor a method.
    """
    known = {arm.name: arm for arm in standard_arms(base.method, task=task)}
    if grid.arms == STANDARD:
        return list(known.values())
    found = []
    for arm in grid.arms:
        if isinstance(arm, ArmSettings):
            method = {} if arm.method is None else {"method": arm.method}
            changes = {**method, **flatten(arm.changes)}
            title = arm.title or arm.name
            found.append(Arm(arm.name, title, changes, teacher=flatten(arm.teacher)))
        elif arm in known:
            found.append(known[arm])
        else:
            found.append(Arm(arm, method_title(arm), {"method": arm}))
    return found
