"""Own data as arrays, one a modality; in memory here, see :mod:`.npz` for a file of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...tasks import Task
from ..corpus import Corpus, Samples
from .assemble import assemble
from .findings import OwnDataError, count, nearest, some
from .sample_names import check_ids, group_findings, numbered
from .settings import GROUP, OwnSettings
from .source import Reading, Source, array_reading

Columns = Mapping[str, Any]


def from_arrays(
    modalities: Mapping[str, Any],
    targets: Any,
    columns: Columns,
    task: Task | str | None,
    seed: int,
    options: Mapping[str, Any],
) -> Corpus:
    """The body of :meth:`pkdot.data.corpus.Corpus.from_arrays`.

    Args:
        modalities: name -> (N, ...), the prevalent first unless ``options`` say otherwise.
        targets: (N,), (N, T) or (N, L, T).
        columns: groups, ids, split and frames, each (N, ...) or None.
        task: ready-made, by name, or None to be told by the targets.
        seed: of validation and labels.
        options: settings of :class:`OwnSettings`, and ``name`` of the corpus.

    Raises:
        ConfigError: for an option that there is not.
        OwnDataError: for arrays that make no corpus.
    """
    options = dict(options)
    name = str(options.pop("name", "own"))
    unit = options.pop("unit", None)
    if isinstance(task, str):
        options["task"] = task
    if unit is not None:
        options["group"] = unit
    settings = OwnSettings(**_roles(modalities, options))
    given = {key: None if v is None else _as_array(v, key) for key, v in columns.items()}
    source = source_of_arrays(
        name, "arrays", {**given, "targets": _as_array(targets, "targets")},
        tuple(modalities), lambda key: _as_array(modalities[key], key), settings.roles, settings,
    )  # fmt: skip
    ready = None if isinstance(task, str) else task
    return assemble(source, settings, seed, ready)


def _roles(modalities: Mapping[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Options with both roles: what is not named plays the other one; the first is prevalent."""
    named = {r: _names(options[r]) for r in ("prevalent", "privileged") if options.get(r)}
    if not named and modalities:
        named["prevalent"] = (next(iter(modalities)),)
    for one, other in (("prevalent", "privileged"), ("privileged", "prevalent")):
        if one in named and other not in named:
            named[other] = tuple(name for name in modalities if name not in named[one])
    return {**options, **named}


def _names(given: Any) -> tuple[str, ...]:
    return tuple(part.strip() for part in given.split(",")) if isinstance(given, str) else (*given,)


def _as_array(values: Any, name: str) -> Any:
    """An array of what holds numbers or texts; anything else that can be indexed as it is.

    Raises:
        OwnDataError: for objects, or rows of different lengths.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    if not hasattr(values, "__array__") and not isinstance(values, Sequence):
        return values
    try:
        array = np.asarray(values)
    except ValueError:
        raise OwnDataError(
            f"{name!r} has rows of different shapes; give one array, one row a sample."
        ) from None
    if array.dtype == object:
        array = _texts(array, name)
    return array


def _texts(array: np.ndarray, name: str) -> np.ndarray:
    """A column of texts that pandas keeps as objects; None and NaN become empty.

    Raises:
        OwnDataError: for other objects.
    """
    if array.ndim != 1 or not all(v is None or v != v or isinstance(v, str) for v in array):
        raise OwnDataError(
            f"{name!r} is an array of Python objects; give numbers or texts, one row a sample."
        )
    return np.array([v if isinstance(v, str) else "" for v in array], dtype=str)


def source_of_arrays(
    place: str,
    form: str,
    columns: Columns,
    modalities: tuple[str, ...],
    load: Callable[[str], Any],
    names: tuple[str, ...],
    settings: OwnSettings,
) -> Source:
    """A source whose modalities are arrays.

    Args:
        place: what messages call it.
        form: ``arrays`` or ``npz``.
        columns: targets, groups, ids, split and frames, each an array or None.
        modalities: that there are.
        load: gives the array of a modality.
        names: of the modalities that may be read.
        settings: name the kinds of modalities, and the targets.

    Raises:
        OwnDataError: for lengths that differ, an unknown modality, or no samples.
    """
    for name in names:
        if name not in modalities:
            raise OwnDataError(f"{place} has no modality {name!r}; {nearest(name, modalities)}")
    columns = {key: _column(value, key, place) for key, value in columns.items()}
    targets = columns["targets"]
    _check_named(place, form, columns, settings)
    loaded = {name: _with_rows(load(name), name, place) for name in names[:1] if targets is None}
    size = len(targets) if targets is not None else len(next(iter(loaded.values()), ()))
    lengths = {key: len(value) for key, value in columns.items() if value is not None}
    _check_lengths(place, lengths, size)
    windows = targets is not None and targets.ndim == 3

    def open_modality(name: str) -> Reading:
        values = loaded.pop(name, None)
        values = _with_rows(load(name), name, place) if values is None else values
        _check_lengths(place, {name: len(values)}, size, "targets" if windows or lengths else "")
        if not isinstance(values, np.ndarray):
            values = _whole(values, name)
        if windows and targets is not None and values.shape[1:2] != targets.shape[1:2]:
            raise OwnDataError(
                f"{name!r} of {place} has shape {values.shape}, and targets have "
                f"{targets.shape[1]} frames a sample; give (N, L, ...) with the same L."
            )
        wanted = settings.kinds.get(name)
        return array_reading(values, name, wanted, windows)

    ids = columns.get("ids")
    if ids is not None:
        check_ids(ids, place)
    return Source(
        place=place,
        form=form,
        ids=numbered(size) if ids is None else ids,
        groups=columns.get("groups"),
        targets=targets,
        target_names=_target_names(targets, settings),
        split=columns.get("split"),
        modalities=modalities,
        open=open_modality,
        names=names,
        frames=columns.get("frames"),
        findings=group_findings(place, columns.get("groups"), settings, ()),
    )


def _column(values: Any, key: str, place: str) -> np.ndarray | None:
    """Targets, or texts (N,) of ids, groups or split, empty where one is NaN; frames as they are.

    Raises:
        OwnDataError: for another number of axes, and targets that are no numbers or texts.
    """
    if values is None:
        return None
    values = np.asarray(values)
    if key in ("ids", "groups", "split"):
        if values.ndim != 1:
            raise OwnDataError(
                f"{key!r} of {place} has shape {values.shape}; give one axis, one a sample."
            )
        texts = values.astype(str)
        return np.where(values != values, "", texts) if values.dtype.kind == "f" else texts
    if key != "targets":
        return values
    if values.dtype.kind == "S":
        values = values.astype(str)
    if values.dtype.kind not in "iubfU" or not 1 <= values.ndim <= 3:
        raise OwnDataError(
            f"'targets' of {place} hold {values.dtype} of shape {values.shape}; give numbers or "
            f"texts, (N,), (N, T) or (N, L, T)."
        )
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _with_rows(values: Any, name: str, place: str) -> Any:
    if getattr(values, "shape", None) == ():
        raise OwnDataError(f"{name!r} of {place} is a single number; give one row a sample.")
    return values


def _check_named(place: str, form: str, columns: Columns, settings: OwnSettings) -> None:
    """Refuse names that nothing in a file answers to.

    Raises:
        OwnDataError: for a named group where no array has groups, or other numbers of targets.
    """
    if form == "npz" and settings.group != GROUP and columns.get("groups") is None:
        raise OwnDataError(
            f"{place} has no array 'groups', so none can be called {settings.group!r}; save one."
        )
    targets, names = columns.get("targets"), settings.target
    width = 1 if targets is None or targets.ndim == 1 else targets.shape[-1]
    if targets is not None and len(names) > 1 and len(names) != width:
        raise OwnDataError(
            f"{len(names)} targets are named ({some(names)}), and 'targets' of {place} has "
            f"{width}; name each, or none."
        )


def _check_lengths(place: str, lengths: Mapping[str, int], size: int, against: str = "") -> None:
    if size == 0:
        raise OwnDataError(f"{place} has no samples; give one row a sample.")
    for name, length in lengths.items():
        if length != size:
            raise OwnDataError(
                f"{name!r} of {place} has {count(length, 'sample')}, "
                f"{against or 'targets'} has {size:,}; give every array one row a sample."
            )


def _whole(values: Samples, name: str) -> np.ndarray:
    """An array of what reads on demand."""
    return np.asarray(_as_array(np.asarray(values[np.arange(len(values))]), name))


def _target_names(targets: np.ndarray | None, settings: OwnSettings) -> tuple[str, ...]:
    width = 1 if targets is None or targets.ndim == 1 else targets.shape[-1]
    if len(settings.target) == width:
        return settings.target
    return tuple(f"{settings.target[0]} {i}" for i in range(width))
