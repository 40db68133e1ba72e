"""Scripts and styles beside the pages of a talk: copied from installed packages, never fetched."""

import shutil
from collections.abc import Mapping
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from ...atomic_files import written_aside
from ...errors import ConfigError

FOLDER = "assets"
_OWN = ("deck.css", "deck.js")
_FROM = {
    "reset.css": ("sphinx_revealjs", "_static/revealjs/dist/reset.css"),
    "reveal.css": ("sphinx_revealjs", "_static/revealjs/dist/reveal.css"),
    "reveal.js": ("sphinx_revealjs", "_static/revealjs/dist/reveal.js"),
    "notes.js": ("sphinx_revealjs", "_static/revealjs/plugin/notes/notes.js"),
    "reveal-licence.txt": ("sphinx_revealjs", "_static/revealjs/LICENSE"),
    "mathjax.js": ("mathjax", "static/mathjax/es5/tex-svg-full.js"),
    "plotly.js": ("plotly", "package_data/plotly.min.js"),
}


def find_assets() -> dict[str, Path]:
    """Name in the folder ``assets`` -> file of a package, for all that the pages load.

    Raises:
        ConfigError: if a package that brings one of them is not installed.
    """
    for package, _ in _FROM.values():
        if find_spec(package) is None:
            raise ConfigError(
                f"Slides take reveal.js and MathJax from packages, and {package} is not "
                f"installed; try: pip install 'pkdot[book]'."
            )
    found = {name: Path(str(files(package) / place)) for name, (package, place) in _FROM.items()}
    found |= {name: Path(__file__).with_name(name) for name in _OWN}
    for source in found.values():
        if not source.is_file():
            raise ConfigError(
                f"The installed packages lack {source.name}; try the versions of constraints.txt: "
                f"pip install -c constraints.txt -e '.[book]'."
            )
    return found


def copy_assets(found: Mapping[str, Path], dest: Path) -> None:
    """Copy them into the folder ``assets`` of ``dest``.

    Raises:
        RecordError: if the disk refuses.
    """
    for name, source in found.items():
        with written_aside(dest / FOLDER / name) as aside:
            shutil.copyfile(source, aside)
