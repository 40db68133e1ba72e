"""Where the page and the notebooks lie: in the installed package, or in the checkout."""

from pathlib import Path

from ..errors import ConfigError

PACKAGE = Path(__file__).parents[1]


def shipped_folder(name: str) -> Path:
    """The folder ``app`` or ``notebooks``.

    Raises:
        ConfigError: where the installation lacks it.
    """
    for folder in (PACKAGE / f"_{name}", PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigError(f"This installation of pkdot has no {name}; install it again.")
