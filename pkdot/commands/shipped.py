"""Where the page and the notebooks lie: in the installed package, or in the checkout."""

from collections.abc import Mapping
from pathlib import Path

from ..atomic_files import written_aside
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


def lay_down(wanted: Mapping[Path, bytes], dest: Path, *, force: bool) -> None:
    """Write notebooks into a folder; those that somebody changed there stay as they are.

    Args:
        wanted: place below the folder -> content.
        dest: the folder; it is made where absent.
        force: replace changed ones.

    Raises:
        ConfigError: if ``dest`` is a file, or a notebook was changed and ``force`` is off.
    """
    if dest.exists() and not dest.is_dir():
        raise ConfigError(f"{dest} is a file; give a folder.")
    changed = sorted(
        str(name)
        for name, content in wanted.items()
        if (dest / name).exists() and (dest / name).read_bytes() != content
    )
    if changed and not force:
        raise ConfigError(
            f"{dest} holds {changed[0]} in another form ({len(changed)} such); choose another "
            f"folder, or give --force to replace them."
        )
    for name, content in sorted(wanted.items()):
        with written_aside(dest / name) as aside:
            aside.write_bytes(content)
