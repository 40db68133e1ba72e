"""The Lab's settings in the address, so that a teacher can send a lesson as a link."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pkdot.experiments.lab import LabSettings

from . import address

NAMES = {name: f"lab_{name}" for name in LabSettings.model_fields}
"""Setting -> its name in the address."""
NO_NUMBER = "all"
"""How the address writes a setting that is no number."""


def linked(options: Mapping[str, Sequence[Any]]) -> LabSettings:
    """What the address asks for; the usual value where it names none of the options.

    Args:
        options: setting -> the values that its slider has.
    """
    asked = {
        name: option
        for name, choices in options.items()
        for option in choices
        if _written(option) == address.get(NAMES[name])
    }
    return LabSettings(**asked)


def note(settings: LabSettings) -> None:
    """Write what differs from the usual settings into the address."""
    usual = LabSettings()
    for name, place in NAMES.items():
        value = getattr(settings, name)
        address.put(place, "" if value == getattr(usual, name) else _written(value))
    address.write()


def forget_sliders() -> None:
    """Let the sliders begin anew, at what the lab has."""
    for key in [key for key in st.session_state if str(key).startswith("lab slider ")]:
        del st.session_state[key]


def _written(value: Any) -> str:
    return NO_NUMBER if value is None else str(value)
