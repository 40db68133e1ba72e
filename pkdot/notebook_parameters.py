"""Check a notebook's parameters before any work.

papermill puts a cell of its own behind the cell tagged ``parameters`` and never asks whether the
names in it mean anything: a misspelt one is set and ignored. A notebook of the kit therefore
begins with three cells::

    from pkdot.notebook_parameters import Parameters
    parameters = Parameters(globals())

    seed: int = 0          # tagged `parameters`: annotated, each with a comment
    noise: float = 0.2

    parameters.check(globals())
"""

import types
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from .errors import ConfigError


class Parameters:
    """Remembers which names stood before the parameters, to find undeclared ones among them.

    Args:
        namespace: the notebook's ``globals()``.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._before = {name: id(value) for name, value in namespace.items()}
        self._checked_once = False

    def check(self, namespace: Mapping[str, Any]) -> types.SimpleNamespace:
        """Check that each parameter is declared and of its annotated type.

        Declared are the annotated names. The first check after construction also refuses names
        that were not declared, as papermill's injected cell may hold; later ones do not, so that
        cells can be run again by hand when the notebook has filled the namespace.

        Args:
            namespace: the notebook's ``globals()``.

        Returns:
            The parameters by name.

        Raises:
            ConfigError: one sentence for an unknown name or a wrong type.
        """
        declared = dict(namespace.get("__annotations__", {}))
        if not self._checked_once:
            self._refuse_unknown(namespace, declared)
        checked = {}
        for name, kind in declared.items():
            if name not in namespace:
                raise ConfigError(f"Parameter {name!r} is declared but has no value.")
            checked[name] = _checked(name, namespace[name], kind)
        self._checked_once = True
        return types.SimpleNamespace(**checked)

    def _refuse_unknown(self, namespace: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
        for name, value in namespace.items():
            known = name in declared or self._before.get(name) == id(value) or value is self
            # IPython keeps In, Out and its helpers up to date behind our back.
            known = known or name in ("In", "Out", "exit", "quit", "get_ipython", "open")
            if known or name.startswith("_"):
                continue
            close = get_close_matches(name, declared, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(declared)}."
            raise ConfigError(f"This notebook has no parameter {name!r}; {hint}")


def _checked(name: str, value: Any, kind: Any) -> Any:
    """The value, if it is of the annotated type; a whole number passes for a float."""
    try:
        # strict: papermill's -p turns "yes" and "3" into bool and int itself, -r into strings.
        return TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError:
        wanted = str(kind) if get_args(kind) else getattr(kind, "__name__", str(kind))
        raise ConfigError(
            f"Parameter {name!r} is {value!r} ({type(value).__name__}); it must be {wanted}."
        ) from None
