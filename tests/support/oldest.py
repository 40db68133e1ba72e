"""The oldest libraries that pyproject.toml allows, as pins; ``make oldest`` tests with them.

torch stays as constraints.txt pins it: each other version brings gigabytes.
"""

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
AS_PINNED = ("torch",)


def oldest(project: Path = ROOT / "pyproject.toml", pins: Path = ROOT / "constraints.txt") -> str:
    """A line ``name==version`` for each dependency, those of all extras included.

    Raises:
        ValueError: for a dependency that has no lower bound.
    """
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    extras = table["optional-dependencies"].values()
    wanted = [Requirement(r) for rs in (table["dependencies"], *extras) for r in rs]
    lines = {canonicalize_name(r.name): f"{r.name}=={_lower_bound(r)}" for r in wanted}
    for pin in pins.read_text(encoding="utf-8").splitlines():
        if pin.split("==")[0] in AS_PINNED:
            lines[pin.split("==")[0]] = pin
    return "\n".join(lines[name] for name in sorted(lines)) + "\n"


def _lower_bound(requirement: Requirement) -> str:
    bounds = [s.version for s in requirement.specifier if s.operator == ">="]
    if len(bounds) != 1:
        raise ValueError(f"{requirement} has no lower bound; give one that make oldest has tried.")
    return bounds[0]


if __name__ == "__main__":
    sys.stdout.write(oldest())
