"""Finds the methods: every :class:`Distiller` and :class:`Method` that a module here defines."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from ..errors import ConfigError
from ..tasks import Task
from .base import Distiller
from .method import Method
from .sums import SumOfDistillers

_NOT_METHODS = {"base", "registry", "sums"}


def _methods(module: ModuleType) -> Iterator[Method]:
    for item in vars(module).values():
        if isinstance(item, Method):
            yield item
        elif (
            isinstance(item, type)
            and issubclass(item, Distiller)
            and not isabstract(item)
            and item.__module__ == module.__name__
        ):
            yield Method.of(item)


@cache
def available_distillers() -> dict[str, Method]:
    """Every method by its short name, in alphabetical order."""
    package = __package__ or "pkdot.distillers"
    found: dict[str, Method] = {}
    for info in iter_modules(import_module(package).__path__):
        if info.name not in _NOT_METHODS:
            module = import_module(f".{info.name}", package)
            found |= {method.name: method for method in _methods(module)}
    return dict(sorted(found.items()))


def methods_for(task: Task) -> list[str]:
    """Names of the methods that work, with their defaults, for a task."""
    methods = available_distillers()
    return [name for name, method in methods.items() if method.build().needs <= task.offers]


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


def method_title(method: str) -> str:
    """What tables and figures call a method or a sum of methods."""
    return " + ".join(available_distillers()[name].title for name in parse_method(method))


def build_distiller(
    method: str, options: Mapping[str, Mapping[str, Any]] | None = None
) -> Distiller:
    """The method, or the sum of methods, with its options.

    Args:
        method: e.g. ``"pkdot"`` or ``"kd+pkdot"``.
        options: method name -> its settings; what is not named takes the method's defaults.

    Raises:
        ConfigError: for an unknown method, an unknown option or a value out of range.
    """
    parts = []
    for name in parse_method(method):
        try:
            parts.append(available_distillers()[name].build(**(options or {}).get(name, {})))
        except ConfigError as error:
            raise ConfigError(f"Method {name!r}: {error}") from None
    return parts[0] if len(parts) == 1 else SumOfDistillers(parts)
