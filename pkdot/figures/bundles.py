"""The bundles that travel into figures: which samples are drawn, and how they are grouped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..analysis.matrix_order import by_group, codes
from ..errors import InputError
from ..tasks.groups import CLASS_WORDS, GroupWords, TargetGroups
from .style import UNLABELLED, Array, class_marker, class_name, clean, level_marker
from .themes import Theme

COLUMNS = ("targets", "ids", "subjects", "values")
"""Of a :class:`SampleTable`, a row a sample."""
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
        none: what samples without a group are called.
        values: (N,) what the groups are ranges of, NaN where missing; colours then follow these,
            and so does the order within a group.
    """

    numbers: Array
    names: Sequence[str] = ()
    by: str = "class"
    marker: Marker = class_marker
    order: Array | None = None
    none: str = UNLABELLED
    values: Array | None = None

    def drawing_order(self) -> Array:
        """Indices (N,) of the samples from top to bottom of a matrix."""
        if self.order is not None:
            return np.asarray(self.order)
        if self.values is None:
            return by_group(self.numbers)
        rising = np.argsort(self.values, kind="stable")
        return rising[by_group(np.asarray(self.numbers)[rising])]

    @property
    def legend_title(self) -> str:
        """Cleaned; empty where a colour bar says it."""
        return clean(self.by) if self.values is None else ""


@dataclass(frozen=True, eq=False)
class SampleTable:
    """N samples, in the order of the arrays that are drawn with them.

    Attributes:
        targets: (N,) class numbers, -1 for none; or real values (N,) or (N, T).
        ids: (N,) names; a matrix of samples with names can be clicked on its diagonal.
        subjects: (N,) name of the subject, video or actor of each sample.
        class_names: one name a class.
        by: what the classes are, in the words of legends and axes.
        words: what a class is called; a range, say, where targets are values.
        ordered: whether the classes stand in rising order.
        values: (N,) what the classes are ranges of, NaN where missing.

    Raises:
        InputError: if ids, subjects or values are not as many as targets.
    """

    targets: Any
    ids: Any = None
    subjects: Any = None
    class_names: Sequence[str] = ()
    by: str = "class"
    words: GroupWords = CLASS_WORDS
    ordered: bool = False
    values: Any = None

    def __post_init__(self) -> None:
        for name in COLUMNS:
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

    @classmethod
    def of_groups(
        cls, groups: TargetGroups, ids: Any = None, subjects: Any = None
    ) -> "SampleTable":
        """Samples as a task sorts them, see :meth:`pkdot.tasks.Task.grouping`."""
        words, ordered, values = groups.words, groups.ordered, groups.values
        return cls(groups.numbers, ids, subjects, groups.names, groups.by, words, ordered, values)

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

    def group_of(self, position: int) -> str:
        """The name of one sample's class, cleaned."""
        return class_name(int(self.labels[position]), self.class_names, self.words.none)

    def take(self, indices: Any) -> "SampleTable":
        """The rows at ``indices`` (n,) or in a slice, in that order."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        rows: dict[str, Any] = {n: c if c is None else c[indices] for n, c in columns.items()}
        return replace(self, **rows)

    def by_class(self) -> Grouping:
        """The samples grouped by class."""
        names = self.class_names
        marker = partial(level_marker, count=len(names)) if self.ordered else class_marker
        none, values = self.words.none, self.values
        return Grouping(self.labels, names, self.by, marker, none=none, values=values)

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
