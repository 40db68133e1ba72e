"""Open corpora fetched from their publishers: once, checked, and only after their terms were read.

corpora     where each corpus lies, and what is fetched of it
job         the folder that is filled: what is there and checked, progress
web         one file, which goes on where a broken download stopped
unpack      zip archives, safely
git, git_lfs, zenodo    what each kind of server offers, and its hashes
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import ConfigError
from ..open.terms import TERMS

CORPORA = tuple(TERMS)


@dataclass(frozen=True)
class Fetched:
    """What a fetch left.

    Attributes:
        corpus: its name.
        dest: the folder.
        files: how many files are there and checked, of this fetch and earlier ones.
        size: their size, bytes.
        new: how many of them came now.
    """

    corpus: str
    dest: Path
    files: int
    size: int
    new: int

    def render(self) -> str:
        """The result in two lines."""
        from .web import readable

        came = f"{self.new} came now" if self.new else "nothing was left to fetch"
        return (
            f"{self.dest} holds {self.files} checked files of {TERMS[self.corpus].title}, "
            f"{readable(self.size)}; {came}.\n"
            f"Use it with: --set data.name={self.corpus} --set data.root={self.dest}"
        )


def fetch(
    corpus: str,
    dest: Path | str,
    *,
    accept_licence: bool = False,
    parts: Sequence[str] | None = None,
    actors: Sequence[int] | None = None,
    progress: bool = True,
) -> Fetched:
    """Fetch a corpus, or what is still missing of it.

    Args:
        corpus: one of :data:`CORPORA`.
        dest: the folder to fill.
        accept_licence: that its terms (:data:`pkdot.data.open.terms.TERMS`) were read and are kept.
        parts: of it, see :data:`pkdot.data.fetch.corpora.PARTS`; the usual ones where None.
        actors: whose recordings; all where None. FSDD has none.
        progress: whether to draw bars.

    Raises:
        ConfigError: for terms that were not accepted, an unknown corpus or part, or a library that
            is not installed.
        DataError: where something cannot be fetched, or has another hash than its publisher says.
    """
    _check(corpus, accept_licence, parts, actors)
    require_libraries()
    from . import corpora
    from .job import opened_job

    servers, chosen = corpora.Servers(), parts or corpora.USUAL_PARTS[corpus]
    with opened_job(corpus, Path(dest).expanduser(), progress) as job:
        before = set(job.files)
        if corpus == "fsdd":
            corpora.fetch_fsdd(job, servers)
        elif corpus == "ravdess":
            corpora.fetch_ravdess(job, servers, chosen, actors)
        else:
            corpora.fetch_cremad(job, servers, chosen, actors)
        new = len(set(job.files) - before)
        return Fetched(corpus, job.dest, len(job.files), sum(job.files.values()), new)


def _check(
    corpus: str, accepted: bool, parts: Sequence[str] | None, actors: Sequence[int] | None
) -> None:
    from .corpora import PARTS

    if corpus not in TERMS:
        raise ConfigError(f"No open corpus {corpus!r}; choose from {', '.join(CORPORA)}.")
    if not accepted:
        terms = TERMS[corpus]
        raise ConfigError(
            f"Nothing was fetched: {corpus} comes under {terms.licence} ({terms.link}); read it, "
            f"and add --accept-licence if you will keep to it."
        )
    if wrong := [part for part in parts or () if part not in PARTS[corpus]]:
        raise ConfigError(
            f"No part {wrong[0]!r} of {corpus}; choose from {', '.join(PARTS[corpus])}."
        )
    if actors is not None and corpus == "fsdd":
        raise ConfigError("FSDD is one small archive of all speakers; leave the actors out.")


def require_libraries() -> None:
    """Raise :class:`ConfigError` unless what fetches is installed."""
    from importlib.util import find_spec

    if missing := [name for name in ("pooch", "requests") if not find_spec(name)]:
        raise ConfigError(
            f"Fetching needs {', '.join(missing)}, not installed here: pip install 'pkdot[media]'."
        )


__all__ = ["CORPORA", "Fetched", "fetch", "require_libraries"]
