"""Tensors by name in a safetensors file, with notes beside them."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and notes of a file.

    Raises:
        OSError, ValueError: if it is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as stored:
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
            return tensors, dict(stored.metadata() or {})
    except SafetensorError as error:
        raise ValueError(f"{path.name} is damaged") from error


def write_tensors(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> None:
    """Write tensors from any device, and notes.

    Raises:
        OSError: if the disk refuses.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    state = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    try:
        save_file(state, path, metadata=dict(notes))
    except SafetensorError as error:  # its words for a full disk
        raise OSError(str(error)) from error
