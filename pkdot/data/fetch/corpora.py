"""Where each open corpus lies, and how it comes into a folder.

Addresses and hashes are those of the publishers: the git hashes of the repositories of FSDD and
CREMA-D, the MD5s that Zenodo lists of RAVDESS, and the SHA-256 in CREMA-D's git-lfs pointers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import DataError
from ..open.pointers import Pointer, parse_pointer
from .git import GitArchive
from .git_lfs import fetch_objects
from .job import Job, numbers_in
from .unpack import members, opened
from .zenodo import Listed, listed_files


@dataclass(frozen=True)
class Servers:
    """Addresses of the servers.

    Attributes:
        archives: gives zip archives of commits on GitHub.
        zenodo: the repository of research data.
        lfs: git-lfs servers of CREMA-D, the first one that gives an object is taken.
    """

    archives: str = "https://codeload.github.com"
    zenodo: str = "https://zenodo.org"
    lfs: tuple[str, ...] = (
        "https://github.com/CheyneyComputerScience/CREMA-D.git/info/lfs",
        "https://gitlab.com/cs-cooper-lab/crema-d-mirror.git/info/lfs",
    )


FSDD = GitArchive(
    repository="Jakobovski/free-spoken-digit-dataset",
    commit="d6938f9bf1545aa66d8489fc9f1385a7abd64282",  # tag v1.0.10
    trees={"recordings": "d04322e322a9f937f6f4f7c8546693755184df5b"},
    executable=("*_nicolas_*", "*_theo_*"),
    size=16_000_000,
)

CREMAD = GitArchive(
    repository="CheyneyComputerScience/CREMA-D",
    commit="1658cd342dff90010aa843eaeebd53610a08b1dc",
    trees={
        "AudioWAV": "387d831b6b63df157bef95de05ec61dbffc95da3",
        "VideoFlash": "f5ad12e42277a83bc0243719f0cb8e06f7fdadf6",
    },
    blobs={
        "LICENSE.txt": "941b7e9eb2ccbc86efb34d5d2f94a1e744d2e56a",
        "README.md": "394e5758ef79b060a53fc5d083a017b552598d84",
        "SentenceFilenames.csv": "0ec7ce3bf0d3b8b92242b47d96a77f571757b4a6",
        "VideoDemographics.csv": "94a2db22d3b359d3ad90d936640d4cff1ade5b91",
        "processedResults/summaryTable.csv": "77b40b6c688687800348320c784e4c387c7731ab",
        "processedResults/tabulatedVotes.csv": "d7c352529eefc856cc99f1ddba6346faf54d2703",
    },
    size=24_000_000,
)

RAVDESS_RECORD = 1188976
RAVDESS_MD5 = {"Audio_Speech_Actors_01-24.zip": "bc696df654c87fed845eb13823edef8a"}
"""MD5s that are known beforehand; the record must list the same."""

PARTS = {
    "fsdd": ("sound",),
    "ravdess": ("speech-sound", "speech-video", "song-sound", "song-video"),
    "cremad": ("sound", "video"),
}
"""Corpus -> what can be fetched of it."""

USUAL_PARTS = {**PARTS, "ravdess": ("speech-sound", "speech-video")}

_CREMAD_FOLDERS = {"sound": "AudioWAV", "video": "VideoFlash"}


def fetch_fsdd(job: Job, servers: Servers, archive: GitArchive = FSDD) -> None:
    """Recordings of FSDD into ``recordings/``.

    Raises:
        DataError: as the functions of this room.
    """
    remote = archive.remote(servers.archives)
    if job.has_archive(remote.name):
        return
    job.require_space(3 * archive.size)
    path = job.fetch(remote, None)
    archive.verify(path)
    job.unpack(path, archive.place)


def fetch_ravdess(
    job: Job,
    servers: Servers,
    parts: Sequence[str],
    actors: Sequence[int] | None = None,
    known: dict[str, str] = RAVDESS_MD5,
) -> None:
    """Recordings of RAVDESS into ``Actor_01/`` … ``Actor_24/``.

    Args:
        job: the folder.
        servers: whom to ask.
        parts: out of :data:`PARTS`; the sound of all actors is one archive.
        actors: whose video; everybody's where None.
        known: archive -> MD5, see :data:`RAVDESS_MD5`.

    Raises:
        ConfigError: for an actor that does not exist.
        DataError: as the functions of this room.
    """
    names = ravdess_archives(parts, actors)
    missing = [name for name in names if not job.has_archive(name)]
    if not missing:
        return
    listed = listed_files(servers.zenodo, RAVDESS_RECORD)
    for name in missing:
        if name not in listed:
            raise DataError(
                f"Record {RAVDESS_RECORD} of {servers.zenodo} lists no {name}; it has changed, so "
                f"fetch it with a browser."
            )
        if known.get(name, "") not in (listed[name].file.known_hash or ""):
            raise DataError(
                f"Record {RAVDESS_RECORD} of {servers.zenodo} lists another checksum of {name} "
                f"than the known {known[name]}; do not use it before you know why."
            )
    sizes = [listed[name].size for name in missing]
    job.require_space(sum(sizes) + max(sizes))  # unpacked one by one, each beside its archive
    for name in missing:
        _fetch_archive(job, listed[name])


def ravdess_archives(parts: Sequence[str], actors: Sequence[int] | None = None) -> list[str]:
    """Names of the archives that hold some parts. Actor 18 has no song.

    Raises:
        ConfigError: for an actor that does not exist.
    """
    chosen = numbers_in(actors, range(1, 25), "actor")
    names = []
    for part in parts:
        channel, _, kind = part.partition("-")
        if kind == "sound":
            names.append(f"Audio_{channel.title()}_Actors_01-24.zip")
        else:
            own = [actor for actor in chosen if channel == "speech" or actor != 18]
            names += [f"Video_{channel.title()}_Actor_{actor:02d}.zip" for actor in own]
    return names


def _fetch_archive(job: Job, listed: Listed) -> None:
    path = job.fetch(listed.file, listed.size)
    job.unpack(path, lambda name: name)


def fetch_cremad(
    job: Job,
    servers: Servers,
    parts: Sequence[str],
    actors: Sequence[int] | None = None,
    archive: GitArchive = CREMAD,
) -> None:
    """Recordings of CREMA-D into ``AudioWAV/`` and ``VideoFlash/``, and the raters' tables.

    Args:
        job: the folder.
        servers: whom to ask.
        parts: out of :data:`PARTS`.
        actors: whose recordings, 1001 to 1091; everybody's where None.
        archive: the commit.

    Raises:
        ConfigError: for an actor that does not exist.
        DataError: as the functions of this room.
    """
    chosen = {str(actor) for actor in numbers_in(actors, range(1001, 1092), "actor")}
    remote = archive.remote(servers.archives)
    if not job.objects or not job.has_archive(remote.name):
        job.require_space(10 * archive.size)
        path = job.fetch(remote, None)
        archive.verify(path)
        with opened(path) as file:
            inside = members(file, archive.place)
            pointers = {name: parse_pointer(file.read(info)) for name, info in inside.items()}
        job.objects = {name: one for name, one in pointers.items() if one is not None}
        job.unpack(path, lambda name: _unless_pointer(archive.place(name), job.objects))
    folders = {_CREMAD_FOLDERS[part] for part in parts}
    wanted = {
        path: pointer
        for path, pointer in job.objects.items()
        if path.partition("/")[0] in folders and path.partition("/")[2][:4] in chosen
    }
    fetch_objects(job, servers.lfs, wanted)


def _unless_pointer(path: str | None, pointers: dict[str, Pointer]) -> str | None:
    return None if path in pointers else path
