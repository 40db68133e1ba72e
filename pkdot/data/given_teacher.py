"""A teacher that is there as numbers alone: an embedding a sample, and outputs if there are any."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ConfigError, DataError
from .corpus import Corpus

Array = np.ndarray[Any, np.dtype[Any]]
MODALITY = "teacher"
"""What a corpus calls the embeddings of a teacher that is there as numbers."""
_PARTS = ("embedding", "outputs", "ids")


@dataclass(frozen=True, eq=False)
class GivenTeacher:
    """What a teacher of one's own said about M samples.

    Attributes:
        embedding: (M, D), or (M, L, D) of windows.
        outputs: (M, W) in the form that records keep, probabilities or values in their own unit
            (of classes and labels logits will do); None where there are none.
        ids: (M,) names of the samples; None where rows are those of the corpus.

    A row with NaN in it is that of a sample which the teacher did not see; it serves like one that
    lacks a privileged modality.
    """

    embedding: Any
    outputs: Any = None
    ids: Any = None

    @staticmethod
    def of(given: Any) -> "GivenTeacher":
        """From an array (N, D), or from a mapping with ``embedding``, ``outputs`` and ``ids``.

        ``logits`` is another name of ``outputs``.

        Raises:
            ConfigError: for anything else.
        """
        if isinstance(given, GivenTeacher):
            return given
        if isinstance(given, Mapping):
            if "logits" in given and "outputs" not in given:
                given = {("outputs" if k == "logits" else k): v for k, v in given.items()}
            unknown = [str(name) for name in given if name not in _PARTS]
            if unknown or given.get("embedding") is None:
                raise ConfigError(
                    f"A teacher given as a mapping has {', '.join(_PARTS)}, the first of which "
                    f"must be there; given are {', '.join(map(str, given)) or 'none'}."
                )
            return GivenTeacher(**given)
        if getattr(given, "ndim", 0) >= 2:
            return GivenTeacher(given)
        raise ConfigError(
            f"A teacher is a torch module, an array (N, D) of embeddings, or a mapping with "
            f"'embedding', 'outputs' and 'ids', not a {type(given).__name__}."
        )

    def aligned(self, ids: Array) -> "GivenTeacher":
        """The rows of some samples, in their order, as float32 arrays.

        Args:
            ids: (N,) names of the samples.

        Raises:
            DataError: if a sample has no row, a name stands twice, or lengths differ.
        """
        embedding = _numbers(self.embedding, "embedding")
        outputs = None if self.outputs is None else _numbers(self.outputs, "outputs")
        rows = self._rows(ids, len(embedding))
        if outputs is not None and outputs.shape[:-1] != embedding.shape[:-1]:
            raise DataError(
                f"The teacher's outputs have shape {outputs.shape} beside embeddings "
                f"{embedding.shape}; give one row of outputs for each of the embedding."
            )
        return GivenTeacher(embedding[rows], None if outputs is None else outputs[rows], ids)

    def _rows(self, ids: Array, size: int) -> Array:
        if self.ids is None:
            if size != len(ids):
                raise DataError(
                    f"The teacher's embeddings have {size} rows, and the corpus has {len(ids)} "
                    f"samples; give the ids of the rows, or one row a sample in its order."
                )
            return np.arange(size)
        names = np.asarray(self.ids).astype(str)
        if names.shape != (size,):
            raise DataError(
                f"The teacher has {size} rows of embeddings and ids of shape {names.shape}; give "
                f"one id a row."
            )
        where = {name: row for row, name in enumerate(names.tolist())}
        if len(where) != size:
            raise DataError(f"The teacher's ids name {size - len(where)} samples more than once.")
        lacking = [name for name in ids.tolist() if name not in where]
        if lacking:
            raise DataError(
                f"The teacher has no row for {len(lacking)} of the corpus's {len(ids)} samples: "
                f"{', '.join(lacking[:5])}{', …' if len(lacking) > 5 else ''}; its {size} ids "
                f"begin with {', '.join(names[:3].tolist())}."
            )
        return np.array([where[name] for name in ids.tolist()], dtype=np.int64)


def _numbers(given: Any, what: str) -> Array:
    """A float32 array (M, ..., D) from an array or a tensor.

    Raises:
        DataError: for one that is none.
    """
    if hasattr(given, "detach"):
        given = given.detach().cpu().float().numpy()
    values = np.asarray(given)
    if values.ndim < 2 or values.dtype.kind not in "iuf":
        raise DataError(
            f"The teacher's {what} must be a matrix of numbers with one row a sample, not "
            f"{values.dtype} of shape {values.shape}."
        )
    return values.astype(np.float32)


def with_given_teacher(corpus: Corpus, given: GivenTeacher) -> Corpus:
    """A corpus whose one privileged modality, :data:`MODALITY`, is a teacher's embedding.

    Raises:
        ConfigError: if a prevalent modality has that name.
        DataError: if a number is infinite, windows or widths do not match, or as
            :meth:`GivenTeacher.aligned`.
    """
    if MODALITY in corpus.prevalent:
        raise ConfigError(
            f"The corpus {corpus.name!r} has a prevalent modality {MODALITY!r}, the name that the "
            f"teacher's embeddings take; give it another name."
        )
    rows = given.aligned(corpus.ids)
    z, outputs = rows.embedding, rows.outputs
    numbers = z.reshape(len(z), -1)
    if outputs is not None:
        numbers = np.concatenate([numbers, outputs.reshape(len(z), -1)], axis=1)
    if np.isinf(numbers).any():
        raise DataError("The teacher's rows hold infinite numbers; give NaN where it saw nothing.")
    leading = corpus.targets.shape[:2] if corpus.is_sequence else corpus.targets.shape[:1]
    if z.shape[:-1] != leading:
        raise DataError(
            f"The teacher's embedding has shape {z.shape} for targets {corpus.targets.shape}; give "
            f"one vector for each {'frame' if corpus.is_sequence else 'sample'}."
        )
    width = corpus.task.output_width
    if outputs is not None and outputs.shape != (*leading, width):
        raise DataError(
            f"The teacher's outputs have shape {outputs.shape} beside embeddings {z.shape}; give "
            f"{width} numbers a row, one for each of the task's answers."
        )
    seen = np.isfinite(numbers).all(axis=1)
    for part in ("labelled", "validation", "test"):
        if not seen[getattr(corpus.split, part)].any():
            raise DataError(
                f"The teacher has no row of numbers for any {part} sample; a teacher needs some "
                f"there."
            )
    return replace(
        corpus,
        modalities={**corpus.modalities, MODALITY: z},
        privileged=(MODALITY,),
        kinds={**corpus.kinds, MODALITY: "frames" if corpus.is_sequence else "vector"},
        present={**corpus.present, MODALITY: seen},
    )
