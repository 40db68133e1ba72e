"""Read every file of a BioVid folder once; report what is there, unusual or damaged."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...worker_pool import Tied
from ..media.workers import one_thread_in_workers
from .damage import Damage, DamagedFile
from .index import CLASSES, BioVidIndex, SignalKind, read_index
from .prepare import read_window
from .selection import keep_windows, sentences
from .settings import COLUMN_OF, DEFAULT_OPTIONS, MODALITIES, SignalOptions, VideoOptions
from .signals import USUAL_RATE, check_rate, read_signals
from .video import USUAL_FPS

_FEWEST_SUBJECTS = 3  # one to train on, one for the inner split, one to test
_HEADERS = 9  # files whose header is looked at to learn which signals were recorded


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        index: the windows, as listed.
        modalities: what was checked; signals that hardly any file has were not recorded.
        damages: windows that cannot be used, one entry per damaged file and reason.
        kept: (N,) bool over the index's table, what a study with all these modalities keeps.
        dropped: subjects left out, as they lack a class.
        odd_rates: ``"1000 Hz (eda)"`` -> number of windows; they are resampled and used.
        bridged: windows with short gaps, which are interpolated.
        faces_not_found: windows whose centre is cropped, as no face was found.
        strict: whether damage counts as failure.
    """

    index: BioVidIndex
    modalities: tuple[str, ...]
    damages: tuple[Damage, ...]
    kept: np.ndarray
    dropped: tuple[str, ...]
    odd_rates: dict[str, int]
    bridged: int
    faces_not_found: int
    strict: bool = False

    @property
    def left_out(self) -> list[str]:
        """What is left out and why, one line each."""
        return sentences(self.damages, self.dropped)

    @property
    def problem(self) -> str | None:
        """Why the folder is of no use, or None."""
        kept = self.index.table[self.kept]
        people, classes = kept["subject"].nunique(), kept["class_id"].nunique()
        if classes < 2 or people < _FEWEST_SUBJECTS:
            return (
                f"{people} usable subjects and {classes} classes remain; a study needs at least "
                f"{_FEWEST_SUBJECTS} subjects that each have 2 classes."
            )
        if self.strict and self.left_out:
            return f"{len(self.left_out)} things are damaged, and strict mode leaves nothing out."
        return None

    @property
    def exit_status(self) -> int:
        """0 usable, 1 not."""
        return 0 if self.problem is None else 1

    def render(self) -> str:
        """The report as plain text."""
        table = self.index.table
        kept = table[self.kept]
        title = f"{self.index.root} · {self.index.layout} layout"
        lines = [f"{title} · SIMULATED" if self.index.simulated else title]
        lines.append(f"modalities: {', '.join(self.modalities)}")
        lines.append(f"subjects:   {table['subject'].nunique()} listed, "
                     f"{kept['subject'].nunique()} kept; {_people(kept)}")  # fmt: skip
        rows = [
            {
                "class": CLASSES[class_id],
                "windows": len(group),
                "kept": int(self.kept[group.index].sum()),
                "left out": int((~self.kept[group.index]).sum()),
            }
            for class_id, group in table.groupby("class_id")
        ]
        lines += ["", pd.DataFrame(rows).to_string(index=False), ""]
        lines += [f"odd rate:   {rate}: {count} windows, resampled"
                  for rate, count in sorted(self.odd_rates.items())]  # fmt: skip
        if self.bridged:
            lines.append(f"gaps:       {self.bridged} windows, short, interpolated")
        if self.faces_not_found:
            lines.append(f"no face:    {self.faces_not_found} windows, centre cropped instead")
        lines += [f"index:      {remark}" for remark in self.index.remarks]
        if self.left_out:
            kinds = Counter(damage.kind for damage in self.damages)
            summary = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
            lines += [f"left out:   {summary or 'subjects only'}"]
            lines += [f"  {line}" for line in self.left_out]
        lines.append(self.problem or "usable.")
        return "\n".join(lines)


def check(
    root: Path | str,
    part: str = "A",
    signals: SignalKind = "filtered",
    *,
    window: tuple[float, float] = (0.0, 5.5),
    strict: bool = False,
    jobs: int = -1,
    progress: bool = True,
) -> CheckReport:
    """Read every window's files once, as preparation would, and report.

    Raises:
        ConfigError: for misuse: ``root`` is no folder, or an argument is no known name.
        DataError: if there is no readable index below ``root``.
    """
    import joblib
    from tqdm.auto import tqdm

    index = read_index(root, part, signals)
    modalities = recorded_modalities(index)
    rows = range(len(index))
    work = (
        joblib.delayed(Tied(_check_window))(_single(index, row), modalities, window) for row in rows
    )
    run = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="4*n_jobs")(work)
    found = list(tqdm(run, total=len(index), desc="checking", unit="window", disable=not progress))
    usable = np.array([not damages for damages, _ in found], dtype=bool)
    class_ids = sorted(index.table["class_id"].unique().tolist())
    kept, dropped = keep_windows(index.table, usable, class_ids)
    odd: Counter[str] = Counter()
    for _, facts in found:
        odd.update(_odd_rates(facts))
    return CheckReport(
        index=index,
        modalities=modalities,
        damages=tuple(damage for damages, _ in found for damage in damages),
        kept=kept,
        dropped=dropped,
        odd_rates=dict(odd),
        bridged=sum(
            any(fact.get("bridged", 0) > 0 for fact in facts.values()) for _, facts in found
        ),
        faces_not_found=sum(
            not facts["video"]["face_found"] for _, facts in found if "video" in facts
        ),
        strict=strict,
    )


def recorded_modalities(index: BioVidIndex) -> tuple[str, ...]:
    """Video, and the signals that at least half of a few files' headers name.

    A part that was recorded without facial EMG is not damaged; one file without a column is.
    """
    counts: Counter[str] = Counter()
    readable = 0
    files = index.table["signals"]
    for at in np.unique(np.linspace(0, len(files) - 1, _HEADERS).astype(int)):
        try:
            header = pd.read_csv(index.root / files.iloc[at], sep="\t", nrows=0).columns
        except (OSError, ValueError):
            continue  # the full reading will name it
        names = [name for name, column in COLUMN_OF.items() if column in header]
        readable += bool(names)
        counts.update(names)
    present = {name for name, count in counts.items() if 2 * count >= readable}
    # with no readable header at all, look for what both parts have: each file is then named
    wanted = present or {"eda", "ecg", "emg_trapezius"}
    return tuple(name for name in MODALITIES if name == "video" or name in wanted)


def _single(index: BioVidIndex, row: int) -> BioVidIndex:
    table = index.table.iloc[[row]]
    return BioVidIndex(index.root, index.layout, table, index.simulated)


def _check_window(
    index: BioVidIndex, modalities: tuple[str, ...], window: tuple[float, float]
) -> tuple[list[Damage], dict[str, dict[str, Any]]]:
    """Damages and facts of one window; reads, cleans and crops, and keeps nothing."""
    one_thread_in_workers()
    entry = index.table.iloc[0]
    damages: dict[Damage, None] = {}
    facts: dict[str, dict[str, Any]] = {}
    signals = [name for name in modalities if name != "video"]

    def damaged(file: str, error: DamagedFile) -> None:
        damages[Damage(entry["sample"], file, error.kind, error.reason)] = None

    if "video" in modalities:
        try:
            facts["video"] = read_window(index, 0, "video", VideoOptions(), window)[1]
        except DamagedFile as error:
            damaged(entry["video"], error)
    try:
        file = read_signals(index.root / entry["signals"], signals)
    except DamagedFile as error:
        damaged(entry["signals"], error)
        return list(damages), facts
    for name in signals:
        try:
            trace = file.trace(name, _plain(name), *window)
            check_rate(file.path, name, DEFAULT_OPTIONS[name].filter, trace.rate)
            facts[name] = dict(trace.facts)
        except DamagedFile as error:
            damaged(entry["signals"], error)
    return list(damages), facts


def _plain(modality: str) -> SignalOptions:
    """Reading is checked, not filtering: it takes long, and fails for want of rate alone."""
    return SignalOptions(filter="none", rate=DEFAULT_OPTIONS[modality].rate)


def _odd_rates(facts: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, fact in facts.items():
        usual, unit = (USUAL_FPS, "fps") if name == "video" else (USUAL_RATE, "Hz")
        if abs(fact["rate"] - usual) > 0.01 * usual:
            yield f"{fact['rate']:g} {unit} ({name})"


def _people(table: pd.DataFrame) -> str:
    people = table.drop_duplicates("subject")
    known = people[people["age"] >= 0]
    if known.empty:
        return "the names hold no sex and age"
    sexes = known["sex"].value_counts()
    return (
        f"{sexes.get('w', 0)} women, {sexes.get('m', 0)} men, aged {known['age'].min()} to "
        f"{known['age'].max()}"
    )
