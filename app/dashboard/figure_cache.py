"""Figures that were drawn before, kept: a page draws all its panels at every move of a widget.

``figures`` stands for :mod:`pkdot.figures`: the same functions, which draw only what is new.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import joblib
import streamlit as st

from pkdot import figures as figure_functions
from pkdot.figures.description import describe


@dataclass(frozen=True, eq=False)
class _Call:
    """A function of :mod:`pkdot.figures` by name, and what it is called with."""

    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    def content(self) -> str:
        """A hash of all arrays, tables and settings.

        The same content may be written in two ways, which costs another drawing, never a wrong one.
        """
        return joblib.hash((self.name, self.arguments, self.options))


class _KeptFigures:
    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **options: _draw(_Call(name, arguments, options))


figures = _KeptFigures()


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={_Call: _Call.content})
def _draw(call: _Call) -> Any:
    """The figure; all visitors share it, so that nobody may change it."""
    figure = getattr(figure_functions, call.name)(*call.arguments, **call.options)
    ready = figure.to_dict()  # arrays in the browser's form, for which a drawing asks each time
    vars(figure)["to_dict"] = lambda: ready
    vars(figure)["words"] = describe(figure)
    return figure
