"""The one door of own data: which form a path has, its source, and the corpus of a seed."""

from pathlib import Path

from ..corpus import Corpus
from ..marker import is_simulated
from .assemble import assemble, check_roles
from .decode import READABLE
from .findings import OwnDataError, nearest
from .folder import modality_folders, open_folder, target_table
from .npz import open_npz
from .settings import OwnSettings
from .shards import is_saved, open_shards, shard_files
from .source import Source
from .table import TABLES, open_table


def open_source(
    path: Path | str,
    names: tuple[str, ...],
    settings: OwnSettings | None = None,
    *,
    progress: bool = True,
) -> Source:
    """Samples of one's own, of whatever form.

    Args:
        path: an ``.npz`` file, a table (``.csv``, ``.tsv``, ``.parquet``), a folder with a folder
            a modality, or what ``datasets`` saves to disk or as parquet shards.
        names: the modalities that may be read; files of others are not even opened.
        settings: columns of targets, ids, groups and split; kinds; how media are read.
        progress: show bars while files are read.

    Raises:
        OwnDataError: for a path of no known form, or data that cannot be used; one sentence.
    """
    path = Path(path).expanduser()
    settings = settings or OwnSettings()
    if path.is_dir():
        return _open_directory(path, names, settings, progress)
    if not path.exists():
        raise OwnDataError(f"There is no file or folder {path}; {_siblings(path)}")
    ending = path.suffix.lower()
    if ending == ".npz":
        return open_npz(path, names, settings)
    if ending in TABLES:
        return open_table(path, names, settings, progress=progress)
    raise OwnDataError(
        f"{path.name} is of no form that is known; give a .csv, .parquet or .npz file, or a folder."
    )


def _open_directory(
    path: Path, names: tuple[str, ...], settings: OwnSettings, progress: bool
) -> Source:
    if is_saved(path):
        return open_shards(path, names, settings, progress=progress)
    if target_table(path) is None:
        if shard_files(path):
            return open_shards(path, names, settings, progress=progress)
        tables = [p.name for p in sorted(path.iterdir()) if p.suffix.lower() in TABLES]
        holds_samples = any(
            file.suffix.lower() in READABLE
            for name in modality_folders(path)
            for file in (path / name).iterdir()
        )
        if tables and not holds_samples:
            raise OwnDataError(
                f"{path} has no targets.csv; give the table itself, {path / tables[0]}, or name "
                f"it targets.csv."
            )
    return open_folder(path, names, settings, progress=progress)


def _siblings(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either."
    return nearest(path.name, sorted(p.name for p in path.parent.iterdir()))


def load(settings: OwnSettings, seed: int, *, progress: bool = True) -> Corpus:
    """The corpus of own data.

    Args:
        settings: path, roles, target, split.
        seed: of the inner validation and of the choice of labels.
        progress: show bars while files are read.

    Raises:
        OwnDataError: for data that cannot be used; one sentence.
    """
    if settings.path is None:
        raise OwnDataError("No path is given for own data; name it by --data (data.path).")
    path = settings.path
    if is_simulated(path, path.parent):
        settings = settings.model_copy(update={"simulated": True})
    if not (settings.prevalent and settings.privileged):
        check_roles(open_source(path, (), settings), settings)
    source = open_source(path, settings.roles, settings, progress=progress)
    return assemble(source, settings, seed)
