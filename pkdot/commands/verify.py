"""``verify``: compare every file of records and caches with the digest that was kept of it."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from ..errors import ConfigError, printable

HELP = "compare records and caches, byte for byte, with what was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folders",
        type=Path,
        nargs="*",
        metavar="FOLDER",
        help="where to look, at any depth (runs, sweeps and the cache of features)",
    )


def run(arguments: argparse.Namespace) -> int:
    from ..data.features import cache_folder
    from ..record import runs_directory

    runs = runs_directory()
    folders = arguments.folders or [runs, runs.parent / "sweeps", cache_folder()]
    if absent := [folder for folder in arguments.folders if not folder.is_dir()]:
        raise ConfigError(f"There is no folder {absent[0]}.")
    whole, changed = 0, []
    for folder in folders:
        for file, is_whole in _verified(folder):
            whole += is_whole
            changed += [] if is_whole else [file]
    for file in changed:
        print(f"changed: {printable(file)}")
    print(f"{whole} files are as they were written, {len(changed)} are not.")
    if changed:
        print("A damaged result of a cache is computed again; a damaged record is run again.")
    return 1 if changed else 0


def _verified(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Every file with a digest, and whether it still is what was written."""
    from ..digests import SUFFIX, file_digest, read_digests
    from ..errors import RecordError
    from ..record import schema
    from ..record.files import file_size, stays_inside
    from ..record.manifest import read_manifest

    for record in sorted({path.parent for path in folder.rglob(schema.DIGESTS)}):
        try:
            read_manifest(record)
            yield record / schema.MANIFEST, True
        except RecordError:
            yield record / schema.MANIFEST, False
        for name, known in sorted(read_digests(record / schema.DIGESTS).items()):
            if stays_inside(name) and file_size(record, name) >= 0:
                yield record / name, file_digest(record / name) in known
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        file = path.with_name(path.name.removesuffix(SUFFIX))
        own = read_digests(path).get(file.name)
        if own and file_size(path.parent, file.name) >= 0:
            yield file, file_digest(file) in own
