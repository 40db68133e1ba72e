"""Finds the methods: every module of this folder, by the :class:`Distiller` it defines."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules
from typing import Any

from ..errors import ConfigError
from .base import Distiller, SumOfDistillers

_NOT_METHODS = {"base", "registry"}


@cache
def available_distillers() -> dict[str, type[Distiller]]:
    """Every method by its short name, in alphabetical order."""
    package = __package__ or "pkdot.distillers"
    found: dict[str, type[Distiller]] = {}
    for info in iter_modules(import_module(package).__path__):
        if info.name in _NOT_METHODS:
            continue
        module = import_module(f".{info.name}", package)
        for item in vars(module).values():
            if (
                isinstance(item, type)
                and issubclass(item, Distiller)
                and not isabstract(item)
                and item.__module__ == module.__name__
            ):
                found[item.name] = item
    return dict(sorted(found.items()))


def parse_method(method: str) -> tuple[str, ...]:
    """Split ``kd+pkdot`` into known names.

    Raises:
        ConfigError: for an unknown or repeated name.
    """
    names = tuple(part.strip() for part in method.split("+"))
    known = available_distillers()
    for name in names:
        if name not in known:
            raise ConfigError(
                f"Unknown distillation method {name!r} in {method!r}; choose from "
                f"{', '.join(known)}, or join several by '+'."
            )
    if len(set(names)) != len(names):
        raise ConfigError(f"Method {method!r} names a part twice; raise its weight instead.")
    return names


def build_distiller(
    method: str, options: Mapping[str, Mapping[str, Any]] | None = None
) -> Distiller:
    """The method, or the sum of methods, with its options.

    Args:
        method: e.g. ``"pkdot"`` or ``"kd+pkdot"``.
        options: method name -> its settings; methods that are not named take their defaults.

    Raises:
        ConfigError: for an unknown method, an unknown option or a value out of range.
    """
    parts = []
    for name in parse_method(method):
        kind = available_distillers()[name]
        try:
            parts.append(kind(kind.Settings(**(options or {}).get(name, {}))))
        except ConfigError as error:
            raise ConfigError(f"Method {name!r}: {error}") from None
    return parts[0] if len(parts) == 1 else SumOfDistillers(parts)
