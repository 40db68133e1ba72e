"""A source: samples of one's own, named and described, of which a modality is read when asked for.

The forms (arrays, a table, a folder, …) each give a :class:`Source`; what follows asks no more
which form it was.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...errors import DataError
from ...keyed_cache import short_hash
from ..corpus import Kind, Samples
from .findings import Damage, Finding, OwnDataError, nearest
from .served import as_kind, blocks


@dataclass(frozen=True)
class Reading:
    """One modality of every sample of a source.

    Attributes:
        samples: (N, ...); rows that are not usable hold anything.
        kind: what a sample is.
        usable: (N,) bool: there, and not damaged.
        damages: of the rows that are there and not usable.
        fingerprint: differs wherever the samples differ.
        strangers: samples that only this modality names, and the source does not.
        facts: short facts for people, e.g. rate and length.
        views: pictures of the samples for people, (N, H, W) or (N, H, W, 3) uint8.
    """

    samples: Samples
    kind: Kind
    usable: np.ndarray
    damages: tuple[Damage, ...]
    fingerprint: str
    strangers: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    views: Samples | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return tuple(self.samples[np.zeros(1, dtype=np.int64)].shape[1:])

    @property
    def absent(self) -> np.ndarray:
        """Which samples lack the modality altogether, (N,)."""
        absent = ~self.usable
        absent[[damage.row for damage in self.damages]] = False
        return absent


@dataclass(frozen=True)
class Source:
    """N samples of one's own.

    Attributes:
        place: what messages call it, e.g. ``"faces.csv"``.
        form: arrays, npz, table, folder or hugging face.
        ids: (N,) str.
        groups: (N,) str; None where every sample is by itself.
        targets: as they were written: (N,) or (N, T) text or numbers, or (N, L, T) numbers; None
            where there are none. Missing: an empty text, NaN, or -1 among whole numbers.
        target_names: one name a target.
        split: (N,) words of a given split, or None.
        modalities: names of all that there are, read or not.
        open: gives a modality by name; call :meth:`reading` instead.
        names: the modalities that may be read.
        class_names: names that whole numbers of a class stand for, where the source tells.
        columns: names of everything else that could have been asked for, for hints.
        frames: (N, L) names of the frames of windows.
        findings: what was noticed without opening a modality.
        facts: short facts for the record.
    """

    place: str
    form: str
    ids: np.ndarray
    groups: np.ndarray | None
    targets: np.ndarray | None
    target_names: tuple[str, ...]
    split: np.ndarray | None
    modalities: tuple[str, ...]
    open: Callable[[str], Reading]
    names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    frames: np.ndarray | None = None
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    _read: dict[str, Reading] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def reading(self, name: str) -> Reading:
        """A modality with what is wrong with it; read once, then kept.

        Raises:
            OwnDataError: for a modality that is not there, or that was not to be read.
        """
        if name not in self._read:
            if name not in self.names:
                raise OwnDataError(
                    f"{self.place} was opened for {', '.join(self.names) or 'no modality'}, not "
                    f"for {name!r}; {nearest(name, self.modalities)}"
                )
            self._read[name] = self.open(name)
        return self._read[name]

    def release(self, name: str) -> None:
        """Let go of the samples of a modality, and keep which of them are usable."""
        reading = self._read[name]
        self._read[name] = replace(reading, samples=np.zeros((len(self), 0)), views=None)

    def samples(self, name: str) -> Samples:
        """The samples of a modality: an integer array of n rows gives (n, ...)."""
        return self.reading(name).samples

    def usable(self, name: str) -> np.ndarray:
        """Which samples have the modality, undamaged, (N,)."""
        return self.reading(name).usable

    @property
    def kinds(self) -> dict[str, Kind]:
        """What the samples of each modality are; reads them."""
        return {name: self.reading(name).kind for name in self.names}


def array_reading(
    values: np.ndarray,
    name: str,
    wanted: Kind | None = None,
    windows: bool = False,
    absent: np.ndarray | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Reading:
    """A modality that is one array (N, ...) of numbers.

    A row of nothing but NaN is absent; one with some NaN or an infinite number is damaged.

    Args:
        values: left as they are.
        name: of the modality.
        wanted: its kind, where the user named one.
        windows: whether there is a target a frame.
        absent: (N,) rows that the source says are absent.
        facts: for people.

    Raises:
        OwnDataError: for what are no numbers, or no shape of the kind.
    """
    if values.dtype.kind not in "iubf":
        raise OwnDataError(
            f"{name!r} holds {values.dtype} and no numbers; give an array of numbers, one row a "
            f"sample."
        )
    if values.ndim < 2:
        values = values[:, None]
    if 0 in values.shape[1:]:
        raise OwnDataError(f"{name!r} has no values, its shape is {values.shape}; leave it out.")
    try:
        samples, kind = as_kind(values, wanted, windows)
    except DataError as error:
        raise OwnDataError(f"{name!r}: {error}") from None
    missing, damages = scan(values)
    if absent is not None:
        missing |= absent
    damages = tuple(damage for damage in damages if not missing[damage.row])
    usable = ~missing
    usable[[damage.row for damage in damages]] = False
    fingerprint = short_hash([content_hash(values), kind])
    return Reading(samples, kind, usable, damages, fingerprint, facts=facts or {})


def scan(values: np.ndarray) -> tuple[np.ndarray, tuple[Damage, ...]]:
    """Rows of nothing but NaN, (N,), and damages of the rows with some NaN or infinite number."""
    missing = np.zeros(len(values), dtype=bool)
    damages: list[Damage] = []
    if values.dtype.kind != "f":
        return missing, ()
    for rows in blocks(values, values.shape[1:]):
        flat = np.asarray(values[rows[0] : rows[-1] + 1]).reshape(len(rows), -1)
        finite = np.isfinite(flat)
        for place in np.flatnonzero(~finite.all(axis=1)):
            row, n = flat[place], int((~finite[place]).sum())
            if np.isnan(row).all():
                missing[rows[place]] = True
            else:
                word = "infinite" if np.isinf(row).any() else "NaN"
                damages.append(
                    Damage(int(rows[place]), "numbers", f"it has {n} of {len(row)} values {word}")
                )
    return missing, tuple(damages)


def content_hash(values: np.ndarray) -> str:
    """Hash of shape, type and every value of an array (N, ...)."""
    digest = hashlib.sha256(f"{values.shape} {values.dtype.str}".encode())
    for rows in blocks(values, values.shape[1:]):
        block = np.ascontiguousarray(values[rows[0] : rows[-1] + 1])
        digest.update(block.data if block.size else b"")
    return digest.hexdigest()
