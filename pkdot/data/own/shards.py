"""Own data as ``datasets`` of Hugging Face keeps them: saved to disk, or as parquet shards.

Only the files are read; the library itself need not be installed.
"""

import json
import re
from pathlib import Path
from typing import Any

from .columns import Columns
from .findings import OwnDataError
from .parts import ArrowPart, ParquetPart, Part
from .settings import OwnSettings
from .source import Source
from .table import source_of_columns

_SHARD = re.compile(r"(?P<split>[A-Za-z]\w*?)(-\d+-of-\d+)?$")
_NUMBERED = re.compile(r"(data|part)?[-_]?\d+(-of-\d+)?$")


def is_saved(root: Path) -> bool:
    """Whether a folder is what ``save_to_disk`` writes."""
    return (root / "dataset_dict.json").is_file() or (root / "state.json").is_file()


def shard_files(root: Path) -> list[Path]:
    """Parquet files of a folder, in order: its own, those in ``data``, or those of its splits."""
    return sorted(root.glob("*.parquet")) or sorted(root.glob("*/*.parquet"))


def open_shards(
    root: Path, names: tuple[str, ...], settings: OwnSettings, *, progress: bool = True
) -> Source:
    """The source in a folder of arrow files or parquet shards.

    Raises:
        OwnDataError: for files that cannot be read, or what :func:`source_of_columns` refuses.
    """
    parts = _saved_parts(root) if is_saved(root) else _parquet_parts(root)
    if not parts:
        raise OwnDataError(f"{root} names no files of data; save the data set again.")
    columns = Columns(root.resolve().name, tuple(parts))
    return source_of_columns("hugging face", columns, root, names, settings, progress=progress)


def _saved_parts(root: Path) -> list[Part]:
    overview = root / "dataset_dict.json"
    if not overview.is_file():
        return _arrow_parts(root, "")
    splits = _read(overview).get("splits", [])
    return [part for split in splits for part in _arrow_parts(root / str(split), str(split))]


def _arrow_parts(folder: Path, split: str) -> list[Part]:
    files = _read(folder / "state.json").get("_data_files", [])
    return [ArrowPart(folder / Path(str(file["filename"])).name, split) for file in files]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OwnDataError(f"{path} cannot be read ({error}); save the data set again.") from None
    return content if isinstance(content, dict) else {}


def _parquet_parts(root: Path) -> list[Part]:
    return [ParquetPart(path, _split_of(path, root)) for path in shard_files(root)]


def _split_of(path: Path, root: Path) -> str:
    """The split that the name of a shard, or of its folder, gives; empty where it gives none."""
    names = [path.stem] if path.parent == root else [path.stem, path.parent.name]
    for name in names:
        found = _SHARD.fullmatch(name)
        if found and not _NUMBERED.fullmatch(name) and found["split"] != "data":
            return found["split"]
    return ""
