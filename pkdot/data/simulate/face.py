"""A drawn face whose action units move: from numbers to pixels.

The drawing is schematic, yet close enough to a face that OpenCV's frontal cascade finds it, so a
simulated clip goes through the very detection and cropping that a recorded one does. Coordinates
are drawn with sub-pixel accuracy: a brow that sinks by a third of a pixel shows.

Action units after the Facial Action Coding System (Ekman and Friesen, 1978); those of the pain
score of Prkachin and Solomon (2008) are AU 4, 6/7, 9/10 and 43. AU 12 (smile) and AU 26 (jaw
drop) are there to distract.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .pen import Pen, band, path, points, put

ACTION_UNITS = ("AU4", "AU6/7", "AU9/10", "AU43", "AU12", "AU26")
"""Order of the activations that :func:`draw_face` takes; the first four tell pain."""

_LINE = np.linspace(-1, 1, 13)


@dataclass(frozen=True)
class Face:
    """What one person's face looks like at rest.

    Attributes:
        skin, hair, lips, iris, background: colours, RGB 0–255.
        width, height: half axes of the face's outline, as a fraction of the picture.
        eye_distance, eye_size, brow_height, brow_thickness, mouth_width, mouth_height,
            nose_length: proportions, relative to the face; 1 is average.
        resting: activations of the action units at rest (some people always frown a little).
    """

    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    lips: tuple[float, float, float]
    iris: tuple[float, float, float]
    background: tuple[float, float, float]
    width: float
    height: float
    eye_distance: float
    eye_size: float
    brow_height: float
    brow_thickness: float
    mouth_width: float
    mouth_height: float
    nose_length: float
    resting: tuple[float, ...]


@dataclass(frozen=True)
class Pose:
    """Where the head is in one frame: shift (fractions of the picture), roll in degrees, scale."""

    dx: float = 0.0
    dy: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    light: float = 1.0


def random_face(rng: np.random.Generator) -> Face:
    """A person: colours and proportions vary widely, as do activations at rest."""
    tone = rng.uniform(0.0, 1.0)
    skin = (1 - tone) * np.array([238, 200, 175]) + tone * np.array([150, 105, 80])
    skin = skin + rng.normal(0, 6, 3)
    hair = rng.choice([[45, 32, 25], [95, 65, 40], [170, 135, 85], [125, 120, 118]])
    return Face(
        skin=_colour(skin),
        hair=_colour(hair + rng.normal(0, 8, 3)),
        lips=_colour(skin * [0.86, 0.58, 0.58]),
        iris=_colour(rng.choice([[70, 50, 35], [80, 110, 120], [85, 100, 60]])),
        background=_colour(np.full(3, rng.uniform(90, 190)) + rng.normal(0, 8, 3)),
        width=rng.uniform(0.25, 0.29),
        height=rng.uniform(0.34, 0.38),
        eye_distance=rng.uniform(0.93, 1.07),
        eye_size=rng.uniform(0.9, 1.15),
        brow_height=rng.uniform(0.92, 1.1),
        brow_thickness=rng.uniform(0.7, 1.3),
        mouth_width=rng.uniform(0.85, 1.15),
        mouth_height=rng.uniform(0.8, 1.25),
        nose_length=rng.uniform(0.92, 1.08),
        resting=tuple(rng.uniform(0.0, 0.15, len(ACTION_UNITS)).tolist()),
    )


def draw_face(
    face: Face, activation: np.ndarray, pose: Pose | None = None, size: int = 192
) -> np.ndarray:
    """One frame.

    Args:
        face: the person.
        activation: one number in 0–1 per entry of :data:`ACTION_UNITS`, on top of ``resting``.
        pose: position of the head and brightness; upright and centred when left out.
        size: height and width in pixels.

    Returns:
        Picture, (size, size, 3) uint8, RGB.
    """
    return next(draw_faces(face, np.asarray(activation)[None], [pose or Pose()], size))


def draw_faces(
    face: Face, activations: np.ndarray, poses: Sequence[Pose], size: int = 192
) -> Iterator[np.ndarray]:
    """The T frames of a clip, each drawn when it is asked for.

    Args:
        face: the person.
        activations: (T, 6), rows as :func:`draw_face` takes them.
        poses: T of them.
        size: height and width in pixels.

    Yields:
        Pictures, (size, size, 3) uint8, RGB.
    """
    active = np.clip(np.asarray(face.resting) + activations, 0.0, 1.0)
    pen = Pen(len(active))
    _draw_head(pen, face)
    for side in (-1, 1):
        _draw_eye(pen, face, side, active)
    _draw_nose(pen, face, active)
    _draw_mouth(pen, face, active)
    blank = np.tile(np.round(face.background).astype(np.uint8), (size, size, 1))
    for pose, shapes in zip(poses, pen.frames(), strict=True):
        picture: np.ndarray = blank.copy()
        put(shapes, picture, *_placed(face, pose, size))
        picture = cv2.GaussianBlur(picture, (0, 0), size / 240)
        if pose.light != 1.0:
            picture = cv2.convertScaleAbs(picture, alpha=pose.light)
        yield picture


def _placed(face: Face, pose: Pose, size: int) -> tuple[np.ndarray, np.ndarray, float]:
    """From face coordinates to pixels: matrix (2, 2), centre (2,), and the half height in pixels.

    x and y of a face are in half widths and half heights of its outline.
    """
    unit = face.height * size * pose.scale
    angle = np.deg2rad(pose.roll)
    stretch = np.diag([face.width / face.height, 1.0]) * unit
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turn @ stretch, np.array([0.5 + pose.dx, 0.52 + pose.dy]) * size, unit


def _draw_head(pen: Pen, face: Face) -> None:
    skin, hair = np.array(face.skin), np.array(face.hair)
    pen.oval((0, 1.0), (0.5, 0.55), skin * 0.72)  # neck
    pen.oval((0, -0.12), (1.13, 1.06), hair)
    pen.oval((0, 0), (1, 1), skin * 0.9)
    pen.oval((0, 0.02), (0.9, 0.92), skin)
    pen.oval((0, -0.52), (0.62, 0.26), np.minimum(skin * 1.06, 255))  # a lit forehead
    for side in (-1, 1):
        pen.oval((0.5 * side, 0.22), (0.26, 0.2), np.minimum(skin * 1.05, 255))  # cheeks
        pen.oval((0.42 * side * face.eye_distance, -0.2), (0.31, 0.17), skin * 0.78)  # sockets


def _draw_eye(pen: Pen, face: Face, side: int, active: np.ndarray) -> None:
    frown, squint, wrinkle, closed, smile, _ = active.T[..., None]
    skin = np.array(face.skin)
    x, y = 0.42 * side * face.eye_distance, -0.18
    opening = 0.095 * face.eye_size * (1 - 0.45 * squint) * (1 - 0.97 * closed)
    half_width = 0.2 * face.eye_size
    lid = 1 - _LINE**2
    along = x + half_width * _LINE
    upper = y - opening * lid + 0.05 * closed
    lower = y + 0.75 * opening * lid - 0.03 * squint + 0.05 * closed
    pen.fill(band(along, upper, lower), (232, 228, 222))
    iris, is_open = np.minimum(opening * 0.95, 0.085), opening[:, 0] > 0.02
    pen.oval((x, y + 0.03 * closed), (iris * 1.2, iris), face.iris, is_open)
    pen.oval((x, y + 0.03 * closed), (iris * 0.6, iris * 0.5), (15, 12, 12), is_open)
    pen.stroke(points(along, upper), (45, 32, 28), 0.035)
    pen.stroke(points(along, lower), skin * 0.6, 0.015)
    # AU 6/7: the cheek rises and a fold shows below the lid
    bag = points(x + half_width * 1.05 * _LINE, y + 0.14 - 0.04 * squint + 0.03 * lid)
    pen.stroke(bag, skin * (0.8 - 0.3 * squint), 0.02)
    for crease in (-0.04, 0.03):  # crow's feet, with squint and smile
        strength = 0.35 * np.maximum(squint, 0.8 * smile)
        corner = path((x + side * 0.25, y + crease), (x + side * 0.34, y + 2.2 * crease))
        pen.stroke(corner, skin * (0.95 - strength), 0.02)
    # AU 4: the brow sinks, its inner end most, and moves inward
    bend = 0.06 * (1 - 0.8 * frown) * (1 - _LINE**2)
    inner = (1 - side * _LINE) / 2  # 1 at the end next to the nose
    height = -0.42 * face.brow_height + 0.05 * frown + 0.09 * frown * inner + 0.03 * wrinkle
    brow = points(x + 0.27 * _LINE - side * 0.04 * frown, height - bend)
    pen.stroke(brow, np.array(face.hair) * 0.75, 0.055 * face.brow_thickness)
    furrow = path((side * 0.07, -0.46), (side * 0.055, -0.3))
    pen.stroke(furrow, skin * (1 - 0.4 * frown), 0.02)


def _draw_nose(pen: Pen, face: Face, active: np.ndarray) -> None:
    _, _, wrinkle, _, smile, _ = active.T[..., None]
    skin = np.array(face.skin)
    tip = 0.24 * face.nose_length - 0.03 * wrinkle
    bridge = path((-0.09, -0.3), (0.09, -0.3), (0.12, tip), (-0.12, tip))
    pen.fill(bridge, np.minimum(skin * 1.05, 255))
    for side in (-1, 1):
        wing = (0.14 * side * (1 + 0.15 * wrinkle), tip + 0.02 - 0.03 * wrinkle)
        pen.oval(wing, (0.075, 0.06), skin * 0.82)
        pen.oval((0.08 * side, tip + 0.05 - 0.02 * wrinkle), (0.045, 0.022), skin * 0.4)
        for row in (-0.16, -0.08):  # AU 9: wrinkles on the bridge
            line = path((side * 0.03, row - 0.02), (side * 0.13, row + 0.03))
            pen.stroke(line, skin * (1 - 0.35 * wrinkle), 0.02)
        # AU 10 and AU 12 deepen the fold between nose and mouth
        depth = np.maximum(wrinkle, 0.7 * smile)
        fold = path(
            (side * 0.22, tip - 0.02),
            (side * (0.34 + 0.04 * smile), tip + 0.17),
            (side * (0.42 + 0.05 * smile), tip + 0.34),
        )
        pen.stroke(fold, skin * (0.93 - 0.38 * depth), 0.025)


def _draw_mouth(pen: Pen, face: Face, active: np.ndarray) -> None:
    _, _, wrinkle, _, smile, jaw = active.T[..., None]
    skin = np.array(face.skin)
    half = 0.36 * face.mouth_width * (1 + 0.2 * smile)
    y = 0.55
    corner = -0.09 * smile * _LINE**2
    profile = 1 - _LINE**2
    lift = (0.07 * wrinkle) * profile  # AU 10: the upper lip rises in the middle
    gap = (0.05 * wrinkle + 0.16 * jaw) * profile
    thick = 0.05 * face.mouth_height
    x = half * _LINE
    top = y + corner - lift - thick * profile * (1 - 0.35 * np.exp(-((_LINE / 0.2) ** 2)))
    upper = y + corner - lift
    lower = y + corner - lift + gap
    bottom = lower + 1.5 * thick * profile
    pen.fill(band(x, top, upper), face.lips)
    pen.fill(band(x, upper, lower), (70, 30, 32))
    teeth = np.minimum(lower, upper + 0.04)
    shows_teeth = (wrinkle[:, 0] > 0.25) | (jaw[:, 0] > 0.3)
    pen.fill(band(x * 0.8, upper, teeth), (225, 220, 210), shows_teeth)
    pen.fill(band(x, lower, bottom), np.minimum(np.array(face.lips) * 1.08, 255))
    pen.stroke(points(x, (upper + lower) / 2), (95, 45, 45), 0.012)
    pen.oval((0, y + 0.2 + 0.1 * jaw), (0.2, 0.035), skin * 0.9)


def _colour(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = np.clip(values, 5, 250).tolist()
    return red, green, blue
