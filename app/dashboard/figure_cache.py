"""Figures that were drawn before, kept: a page draws all its panels at every move of a widget.

``figures`` stands for :mod:`pkdot.figures`: the same functions, which draw only what is new.
"""

from collections.abc import Callable
from typing import Any

import joblib
import streamlit as st

from pkdot import figures as makers


class _Kept:
    def __getattr__(self, name: str) -> Callable[..., Any]:
        def draw(*arguments: Any, **options: Any) -> Any:
            content = joblib.hash((arguments, options))
            return _draw(name, content, arguments, options)

        return draw


figures = _Kept()


@st.cache_resource(max_entries=64, show_spinner=False)
def _draw(name: str, content: str, _arguments: tuple[Any, ...], _options: dict[str, Any]) -> Any:
    """The figure, as wide as the page; all visitors share it, so that nobody may change it.

    The same content may be written in two ways, which costs another drawing, never a wrong one.
    """
    return getattr(makers, name)(*_arguments, **_options).update_layout(width=None, autosize=True)
