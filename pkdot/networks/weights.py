"""Public weights for :class:`~pkdot.networks.video.R3D18`: from a file, or a checked download.

The kit ships no weights; they keep the terms of those who publish them.
"""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from ..errors import DataError
from .video import R3D18

KINETICS_URL = "https://download.pytorch.org/models/r3d_18-b3b3357e.pth"
"""R3D-18 trained on Kinetics-400, as torchvision publishes it; the name carries the hash."""

KINETICS_SHA256 = "b3b3357e"
"""Beginning of the file's SHA-256, by the publisher's convention of naming."""


def load_r3d18(path: Path | str) -> R3D18:
    """An R3D-18 with the weights of a state dict on disk (``.pth``, ``.pt`` or ``.safetensors``).

    Nothing in the file is executed. A file without the head ``fc`` gives a network without one.

    Raises:
        DataError: if the file is missing, unreadable, or holds another network's weights.
    """
    state = _read_state(Path(path))
    head = state.get("fc.weight")
    network = R3D18(n_classes=None if head is None else len(head))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        expected, stored = set(network.state_dict()), set(state)
        raise DataError(
            f"{path} holds no R3D-18: {len(expected - stored)} weights are absent, "
            f"{len(stored - expected)} unknown, or shapes differ; give the state dict of "
            f"torchvision's r3d_18."
        ) from error
    return network.eval()


def download_r3d18(
    folder: Path | str, url: str = KINETICS_URL, sha256: str = KINETICS_SHA256
) -> Path:
    """Fetch weights into ``folder`` unless they are there, and verify their hash either way.

    Args:
        folder: where the file is kept.
        url: of the file.
        sha256: hexadecimal hash of the file, or its beginning (8 digits or more).

    Returns:
        The file's path, for :func:`load_r3d18`.

    Raises:
        DataError: if the download fails, or the file has another hash (it is then deleted).
    """
    import pooch

    if len(sha256) < 8:
        raise DataError(f"A hash of {len(sha256)} digits proves nothing; give 8 or more.")
    name = url.rsplit("/", 1)[-1]
    path = Path(folder).expanduser() / name
    if not path.is_file():
        try:
            # pooch knows whole hashes only; the publisher's name holds the beginning of one
            pooch.retrieve(url, known_hash=None, fname=name, path=path.parent)
        except Exception as error:  # requests, urllib3 and the disk each have errors of their own
            raise DataError(
                f"{url} could not be fetched ({type(error).__name__}); fetch it by hand and give "
                f"its path."
            ) from error
    digest = _sha256(path)
    if not digest.startswith(sha256.lower()):
        path.unlink()
        raise DataError(
            f"{name} has SHA-256 {digest[:16]}…, expected {sha256}…; it was deleted: try again, or "
            f"fetch it by hand and give its path."
        )
    return path


def _read_state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise DataError(f"There are no weights at {path}; give a file, or download them.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpicklers and safetensors raise many kinds
        raise DataError(f"{path} is no file of weights that can be read safely.") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise DataError(f"{path} holds no plain state dict; save network.state_dict().")
    return state


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
