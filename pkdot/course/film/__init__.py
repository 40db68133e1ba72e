"""Three short films of the method, drawn from the example record.

canvas    a picture of 960 × 540 pixels with title and caption; how long it stands
plan      the plan forms as ε falls
anchors   the row of one sample as its anchors move
maps      the student's map comes nearer to the teacher's
video     pictures to an animated WebP or an MP4
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .anchors import anchors_move
from .canvas import Shot
from .maps import maps_turn
from .plan import plan_forms

if TYPE_CHECKING:
    from ...record import RunRecord


@dataclass(frozen=True)
class Film:
    """One film.

    Attributes:
        name: of its file.
        about: what it shows, for those who cannot see it.
        shots: from a record and a theme (``light`` or ``dark``) to its pictures, in order.
    """

    name: str
    about: str
    shots: "Callable[[RunRecord, str], Iterator[Shot]]"


FILMS = (
    Film("plan", "The transport plan goes from even to sharp as ε falls.", plan_forms),
    Film("anchors", "The row of one sample changes as its anchors move.", anchors_move),
    Film("maps", "The student's map comes nearer to the teacher's, epoch by epoch.", maps_turn),
)

__all__ = ["FILMS", "Film", "Shot"]
