"""Who is for what: sets as the owners give them, and an inner split by recording."""

from collections.abc import Sequence

import numpy as np

from ...errors import DataError
from .faces import Face


def shared_recordings(faces: Sequence[Face]) -> set[str]:
    """Recordings of which faces stand in training and in validation."""
    sides = [{f.recording for f in faces if f.part == part} for part in ("train", "validation")]
    return sides[0] & sides[1]


def assign_roles(faces: Sequence[Face], fraction: float, seed: int) -> list[str]:
    """A role for each face: train, inner, test, unannotated or shared.

    The owners' validation set is the test, as labels of their test set are private. Faces of
    training that share their recording with a test face are ``shared``, and not used.

    Args:
        faces: of all parts.
        fraction: of the recordings of training, for the inner split.
        seed: of the draw.

    Raises:
        DataError: if training has fewer than two recordings, or a part is empty.
    """
    shared = shared_recordings(faces)
    recordings = sorted({f.recording for f in faces if f.part == "train"} - shared)
    if len(recordings) < 2 or not any(f.part == "validation" for f in faces):
        raise DataError(
            f"Training has {len(recordings)} usable recordings and validation "
            f"{sum(f.part == 'validation' for f in faces)} faces; two and one are needed: run "
            f"`python -m pkdot check affwild2` on the folder."
        )
    count = min(max(round(fraction * len(recordings)), 1), len(recordings) - 1)
    inner = set(np.random.default_rng(seed).permutation(recordings)[:count].tolist())

    def role(face: Face) -> str:
        if face.part == "test":
            return "unannotated"
        if face.part == "validation":
            return "test"
        if face.recording in shared:
            return "shared"
        return "inner" if face.recording in inner else "train"

    return [role(face) for face in faces]
