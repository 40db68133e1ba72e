"""Read every recording of an open corpus once; report what is there, unusual or damaged."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from . import ravdess
from .corpus import READERS, left_out_sentences
from .cremad import VOTES
from .index import OpenIndex
from .prepare import Options, Prepared, prepare
from .settings import CREMADSettings, FSDDSettings, OpenSettings, RAVDESSSettings
from .terms import TERMS

SETTINGS: Mapping[str, Callable[[], OpenSettings]] = {
    "fsdd": FSDDSettings,
    "ravdess": RAVDESSSettings,
    "cremad": CREMADSettings,
}

_FEWEST_GROUPS = 3  # one to train on, one for the inner split, one to test
_COMPLETE = {"fsdd": 3000, "cremad": 7442}


@dataclass(frozen=True)
class OpenCheck:
    """What a check found.

    Attributes:
        index: the recordings, as their names tell.
        read: medium -> all of its files, read.
        recorded: media that hardly any recording lacks; the others were not fetched.
        strict: whether damage counts as failure.
        unrated: recordings that no rater judged; −1 where raters' answers are not part of it.
    """

    index: OpenIndex
    read: Mapping[str, Prepared]
    recorded: tuple[str, ...]
    strict: bool = False
    unrated: int = -1

    @property
    def kept(self) -> np.ndarray:
        """Recordings of which all recorded media can be used, (N,) bool."""
        usable = [self.read[medium].usable for medium in self.recorded]
        return np.logical_and.reduce(usable) if usable else np.zeros(len(self.index), dtype=bool)

    @property
    def left_out(self) -> list[str]:
        """What is left out and why, one line each."""
        recorded = {medium: self.read[medium] for medium in self.recorded}
        return left_out_sentences(recorded, int((~self.kept).sum()))

    @property
    def problem(self) -> str | None:
        """Why the folder is of no use, or None."""
        kept = self.index.table[self.kept]
        groups, classes = kept["group"].nunique(), kept["class_id"].nunique()
        if groups < _FEWEST_GROUPS or classes < 2:
            return (
                f"{groups} people and {classes} classes are usable; a study needs at least "
                f"{_FEWEST_GROUPS} people and 2 classes."
            )
        if self.strict and self.left_out:
            count = int((~self.kept).sum())
            return f"{count} recordings are damaged, and strict mode leaves nothing out."
        return None

    @property
    def exit_status(self) -> int:
        """0 usable, 1 not."""
        return 0 if self.problem is None else 1

    def render(self) -> str:
        """The report as plain text."""
        index, kept = self.index, self.kept
        terms = TERMS[index.corpus]
        lines = [f"{index.root} · {terms.title}" + (" · SIMULATED" if index.simulated else "")]
        if not index.simulated:
            lines.append(f"licence:    {terms.licence}, {terms.link}")
        people = index.table["group"].nunique()
        lines.append(f"recordings: {len(index)} of {people} people, {int(kept.sum())} kept")
        lines += [f"{medium + ':':<12}{self._medium(medium)}" for medium in index.media]
        if self.unrated >= 0:
            lines.append(f"raters:     {len(index) - self.unrated} recordings rated")
        classes = index.table["class_id"].to_numpy()
        rows = [
            {
                "class": name,
                "recordings": int((classes == number).sum()),
                "kept": int((kept & (classes == number)).sum()),
            }
            for number, name in enumerate(index.classes)
            if (classes == number).any()
        ]
        lines += ["", pd.DataFrame(rows).to_string(index=False), ""]
        lines += [f"note:       {remark}" for remark in (*index.remarks, *self._incomplete())]
        if self.left_out:
            kinds = Counter(
                damage.kind for medium in self.recorded for damage in self.read[medium].damages
            )
            summary = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
            lines += [f"left out:   {summary}", *(f"  {line}" for line in self.left_out)]
        lines.append(self.problem or "usable.")
        return "\n".join(lines)

    def _medium(self, medium: str) -> str:
        """Files of a medium, lengths, and rates of videos, in one line."""
        there = int(self.index.having(medium).sum())
        if medium not in self.recorded:
            return f"{there} files, so it counts as not fetched"
        one = self.read[medium]
        facts = [fact for fact in one.facts if fact]
        said = f"{there} files, {int(one.usable.sum())} usable"
        if facts:
            seconds = [fact["seconds"] for fact in facts]
            said += f", {min(seconds):.1f} to {max(seconds):.1f} s"
        if medium == "video" and facts:
            rates = Counter(f"{fact['rate']:.2f}" for fact in facts)
            said += ", at " + ", ".join(f"{rate} fps ({n})" for rate, n in rates.most_common(3))
            if lost := sum(not fact["face_found"] for fact in facts):
                said += f"; no face found in {lost}, their centre is cropped"
        return said

    def _incomplete(self) -> list[str]:
        """What a whole copy would have besides."""
        index = self.index
        if index.simulated:
            return []
        if index.corpus != "ravdess":
            whole = _COMPLETE[index.corpus]
            return [f"a whole copy has {whole} recordings"] if len(index) < whole else []
        notes = []
        for channel, count in ravdess.COMPLETE.items():
            own = index.table[index.table["channel"] == channel]
            actors = 24 - (channel == "song")
            if 0 < len(own) < actors * count:
                notes.append(f"{channel} has {len(own)} of {actors * count} recordings")
        return notes


def check(
    corpus: str,
    root: Path | str,
    *,
    strict: bool = False,
    jobs: int = -1,
    progress: bool = True,
) -> OpenCheck:
    """Read every file once, as preparation would, and report.

    What is read is kept, so that a run with default settings does not read it again.

    Raises:
        ConfigError: if ``root`` is no folder.
        DataError: if it holds no recording.
    """
    index = READERS[corpus](root)
    settings = SETTINGS[corpus]()
    recorded = tuple(m for m in index.media if 2 * index.having(m).sum() >= len(index))
    read = {
        medium: prepare(index, medium, Options.of(medium, settings), jobs=jobs, progress=progress)
        for medium in recorded
    }
    return OpenCheck(index, read, recorded, strict, _unrated(index))


def _unrated(index: OpenIndex) -> int:
    from .cremad import read_votes

    places = (index.root / "processedResults" / VOTES, index.root / VOTES)
    if index.corpus != "cremad" or not any(place.is_file() for place in places):
        return -1
    shares = read_votes(index.root, index.table["id"].tolist(), "both")
    return int((~np.isfinite(shares).all(1)).sum())
