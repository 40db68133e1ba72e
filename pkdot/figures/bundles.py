"""The bundles that travel into figures: which samples are drawn, and how they are grouped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis.matrix_order import by_group, codes
from ..errors import InputError
from .style import Array, Theme, class_marker

Marker = Callable[[int, Theme], tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which samples belong together: colours of a map, blocks of a matrix, entries of a legend.

    Attributes:
        numbers: (N,) group of each sample, -1 for none.
        names: one name a group.
        by: what the groups are, in the words of legends and axes.
        marker: colour and symbol of a group, see :func:`pkdot.figures.style.class_marker`.
        order: (N,) indices, an order of the samples for matrices that is not group by group;
            blocks are then not marked.
    """

    numbers: Array
    names: Sequence[str] = ()
    by: str = "class"
    marker: Marker = class_marker
    order: Array | None = None

    def drawing_order(self) -> Array:
        """Indices (N,) of the samples from top to bottom of a matrix."""
        return by_group(self.numbers) if self.order is None else np.asarray(self.order)


@dataclass(frozen=True, eq=False)
class SampleTable:
    """N samples, in the order of the arrays that are drawn with them.

    Attributes:
        targets: (N,) class numbers, -1 for none; or real values (N,) or (N, T).
        ids: (N,) names; a matrix of samples with names can be clicked on its diagonal.
        subjects: (N,) name of the subject, video or actor of each sample.
        class_names: one name a class.
        by: what the classes are, in the words of legends and axes.

    Raises:
        InputError: if ids or subjects are not as many as targets.
    """

    targets: Any
    ids: Any = None
    subjects: Any = None
    class_names: Sequence[str] = ()
    by: str = "class"

    def __post_init__(self) -> None:
        for name in ("targets", "ids", "subjects"):
            column = getattr(self, name)
            if column is None:
                continue
            object.__setattr__(self, name, np.asarray(column))
            if len(getattr(self, name)) != len(self.targets):
                raise InputError(
                    f"A table of {len(self.targets)} samples needs as many {name}, not "
                    f"{len(column)}."
                )

    def __len__(self) -> int:
        return len(self.targets)

    @classmethod
    def unlabelled(cls, size: int) -> "SampleTable":
        """Samples of which nothing is known but how many they are."""
        return cls(np.full(size, -1))

    @property
    def labels(self) -> Array:
        """Class numbers (N,); -1 for all where the targets are no classes."""
        if np.issubdtype(self.targets.dtype, np.integer):
            return self.targets
        return np.full(len(self), -1)

    @property
    def names(self) -> Array:
        """Names (N,) of the samples; their positions where they have none."""
        return np.arange(len(self)) if self.ids is None else self.ids

    def name_of(self, position: int) -> str:
        """The name of one sample.

        Raises:
            InputError: if there is no such position.
        """
        if not 0 <= position < len(self):
            raise InputError(f"There is no sample {position} among {len(self)}; choose another.")
        return str(self.names[position])

    def take(self, indices: Any) -> "SampleTable":
        """The rows at ``indices`` (n,) or in a slice, in that order."""
        columns = {"targets": self.targets, "ids": self.ids, "subjects": self.subjects}
        rows: dict[str, Any] = {n: c if c is None else c[indices] for n, c in columns.items()}
        return replace(self, **rows)

    def by_class(self) -> Grouping:
        """The samples grouped by class."""
        return Grouping(self.labels, self.class_names, self.by)

    def by_subject(self) -> Grouping:
        """The samples grouped by subject.

        Raises:
            InputError: where subjects are not known.
        """
        if self.subjects is None:
            raise InputError("These samples have no subjects; group them by class.")
        return Grouping(*codes(self.subjects), by="subject")


def table_for(samples: SampleTable | None, size: int) -> SampleTable:
    """The table of ``size`` samples that are drawn; an unlabelled one where none is given.

    Raises:
        InputError: if the table has another number of samples.
    """
    if samples is None:
        return SampleTable.unlabelled(size)
    if len(samples) != size:
        raise InputError(f"{size} samples are drawn, but the table has {len(samples)}.")
    return samples
