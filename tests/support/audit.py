"""What is installed, against what is declared and pinned: ``make audit``. No network.

Prints each library's version, its pin and its licence, and ends with 1 where an installed version
is not the pinned one, or a library that another one needs has no pin. Known holes are asked of a
database elsewhere: SECURITY.md has the command.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
NEWEST = {"certifi": "authorities that sign certificates: the newest list is the safest"}
"""Libraries without a pin, and why."""

EXTRAS = ("notebooks", "app", "maps", "media", "onnx", "lightning", "dev")


@dataclass(frozen=True)
class Library:
    """One installed library: its version, its pin (empty without), and its licence."""

    name: str
    version: str
    pin: str
    licence: str

    @property
    def problem(self) -> str:
        """What is wrong with it, or nothing."""
        if not self.pin:
            lacks = f"{self.name} {self.version} has no pin in constraints.txt"
            return "" if self.name in NEWEST else lacks
        if self.version.split("+")[0] != self.pin:
            return f"{self.name} is {self.version}; constraints.txt pins {self.pin}"
        return ""


def pins(constraints: Path = CONSTRAINTS) -> dict[str, str]:
    """Name -> pinned version."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    parts = [line.split("==") for line in lines if "==" in line and line[0] != "#"]
    return {canonicalize_name(name): version for name, version in parts}


def needed(root: str = "pkdot", extras: tuple[str, ...] = EXTRAS) -> Iterator[Distribution]:
    """Every installed library that the kit needs, by itself or through another one."""
    waiting, seen = [(root, frozenset(extras))], set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another system, or an extra that is not installed
        if canonicalize_name(name) not in {known for known, _ in seen} and name != root:
            yield found
        seen.add((canonicalize_name(name), wanted))
        for line in found.requires or ():
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in (*wanted, "")):
                part = (canonicalize_name(requirement.name), frozenset(requirement.extras))
                waiting.append(part)


def licence(found: Distribution) -> str:
    """Its licence in one line, as its metadata say."""
    told = found.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    classes = [line for line in told.get_all("Classifier") or () if line.startswith("License")]
    short = (told.get("License") or "").strip().splitlines()
    return classes[0].split(" :: ")[-1] if classes else (short[0][:60] if short else "not said")


def audit() -> list[Library]:
    """Every library that the kit needs here, by name."""
    pinned = pins()
    found = [
        Library(name, d.version, pinned.get(name, ""), licence(d))
        for d in needed()
        for name in [canonicalize_name(d.metadata["Name"])]
    ]
    return sorted(found, key=lambda library: library.name)


def main() -> int:
    libraries = audit()
    width = max(len(library.name) for library in libraries)
    for library in libraries:
        print(f"{library.name:{width}}  {library.version:16}  {library.licence}")
    problems = [library.problem for library in libraries if library.problem]
    print(f"{len(libraries)} libraries, {len(problems)} problems.", *problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
