"""Files of a record on Zenodo, with the MD5 that the record itself lists."""

from dataclasses import dataclass
from urllib.parse import quote

from ...errors import DataError
from .web import RemoteFile, get_json


@dataclass(frozen=True)
class Listed:
    """A file that a record lists: what to fetch, and its size in bytes."""

    file: RemoteFile
    size: int


def listed_files(server: str, record: int) -> dict[str, Listed]:
    """Name -> file, of all that a record lists.

    Raises:
        DataError: where the record cannot be read, or lists a file without size or MD5.
    """
    content = get_json(f"{server}/api/records/{record}")
    try:
        return {
            one.file.name: one for one in (_listed(server, record, f) for f in content["files"])
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"Record {record} of {server} lists no files with size and checksum; look at "
            f"{server}/records/{record} with a browser."
        ) from error


def _listed(server: str, record: int, entry: dict[str, object]) -> Listed:
    name = str(entry["key"])
    kind, _, digest = str(entry["checksum"]).rpartition(":")
    if (kind or "md5") != "md5" or len(digest) != 32 or "/" in name:
        raise ValueError(name)
    url = f"{server}/records/{record}/files/{quote(name)}?download=1"
    return Listed(RemoteFile(url, name, f"md5:{digest.lower()}"), int(str(entry["size"])))
