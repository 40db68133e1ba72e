"""The figures of the Lab: one component of our own, which draws a packed frame on canvases.

A frame travels as one message of bytes. The browser draws it and then asks for the next, so that
a tab that nobody sees asks for nothing, and the server never runs ahead of the eye.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pkdot.experiments.lab import BatchFrame, LabFrame
from pkdot.figures import FigureStyle
from pkdot.figures.style import class_marker

HEIGHT = 712
"""Pixels of the toolbar and all figures."""
KEY = "lab"
_FILES = Path(__file__).with_name("frontend")
_KINDS = {"u1": np.uint8, "u2": np.uint16, "f4": np.float32}


def _read(*names: str) -> str:
    return "\n".join((_FILES / name).read_text(encoding="utf-8") for name in names)


_show = st.components.v2.component(
    "pkdot_lab",
    html=_read("lab.html"),
    css=_read("lab.css"),
    js=_read("raster.js", "lab_figures.js", "lab.js"),
)


def show(data: bytes, on_ask: Any) -> None:
    """Draw a packed frame; ``on_ask`` is called before the next script run where it asks."""
    _show(key=KEY, height=HEIGHT, data=data, on_asked_change=on_ask)


def asked() -> dict[str, Any]:
    """What the browser asked for; empty where it asked for nothing that is known.

    ``do`` is ``step`` or ``restart``; ``batches`` is 1 to 10, and ``seen`` the batch that it saw
    last.
    """
    value = st.session_state[KEY].get("asked")
    if not isinstance(value, Mapping) or value.get("do") not in ("step", "restart"):
        return {}
    numbers = {name: value.get(name) for name in ("batches", "seen")}
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers.values()):
        return {}
    return {**numbers, "do": value["do"], "batches": min(max(numbers["batches"], 1), 10)}


def pack(
    frame: LabFrame, pictures: Mapping[str, np.ndarray], style: FigureStyle, **words: Any
) -> bytes:
    """A frame as ``frontend/lab.js`` reads it.

    Four bytes of the header's length; the header, JSON, padded to a multiple of four; the arrays
    that it names, each padded likewise.

    Args:
        frame: of a lab.
        pictures: what the teacher sees and what the student sees of all N samples, uint8.
        style: theme of the page.
        words: what else stands in the header.
    """
    arrays: dict[str, tuple[str, np.ndarray]] = {
        "scores": ("u2", np.round(frame.scores * 10_000)),
        "probe_classes": ("u1", frame.probe_classes),
        "teacher_map": ("f4", frame.teacher_map),
        "student_map": ("f4", frame.student_map),
        "alone_map": ("f4", frame.alone_map),
    }
    header: dict[str, Any] = {"batch": frame.batch, "colours": _colours(style), "height": HEIGHT}
    header |= words
    if frame.last is not None:
        arrays |= _batch(frame.last, pictures)
        header |= {
            "most": float(frame.last.plan.max()),
            "has_own_plan": frame.last.has_own_plan,
            "losses": frame.last.losses,
            "sides": [pictures[name].shape[-1] for name in pictures],
        }
    body, places = b"", {}
    for name, (kind, array) in arrays.items():
        packed = np.ascontiguousarray(array, dtype=_KINDS[kind]).tobytes()
        places[name] = [kind, len(body), int(np.size(array))]
        body += packed + b"\0" * (-len(packed) % 4)
    text = json.dumps({**header, "arrays": places}).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + body


def _batch(
    last: BatchFrame, pictures: Mapping[str, np.ndarray]
) -> dict[str, tuple[str, np.ndarray]]:
    seen_by_teacher, seen_by_student = pictures.values()
    most = max(float(last.plan.max()), 1e-12)
    cosines = (last.teacher_similarity, last.student_similarity)
    teacher, student = (np.round((np.clip(c, -1, 1) + 1) * 127.5) for c in cosines)
    return {
        "classes": ("u1", last.classes),
        "labelled": ("u1", last.is_labelled),
        "wrong": ("u1", last.is_wrong),
        "teacher_similarity": ("u1", teacher),
        "student_similarity": ("u1", student),
        "plan": ("u1", np.round(last.plan / most * 255)),
        "pulls": ("f4", last.pulls),
        "teacher_pictures": ("u1", seen_by_teacher[last.partners]),
        "student_pictures": ("u1", seen_by_student[last.indices]),
    }


def _colours(style: FigureStyle) -> dict[str, Any]:
    colours = style.colours
    names = ("paper", "ink", "faint", "neutral", "teacher", "student", "sequential", "diverging")
    markers = [class_marker(digit, colours) for digit in range(10)]
    return {name: getattr(colours, name) for name in names} | {
        "classes": markers,
        "away": colours.other_class,
    }
