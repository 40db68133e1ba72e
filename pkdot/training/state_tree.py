"""States of optimisers, generators and the like as tensors by name and one text of JSON."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import RecordError


def packed_tree(tree: Any) -> tuple[dict[str, Tensor], str]:
    """Tensors by name, and JSON that says where each belongs.

    Args:
        tree: mappings, lists and tuples, nested, of tensors, numbers, texts, truth values and None.
            Keys may be numbers, too, as an optimiser has them.

    Raises:
        RecordError: for anything else, naming it.
    """
    tensors: dict[str, Tensor] = {}

    def form(part: Any, path: str) -> Any:
        if isinstance(part, Tensor):
            tensors[path] = part.detach()
            return {"tensor": path}
        if isinstance(part, Mapping):
            return {"mapping": [[key, form(x, f"{path}/{key}")] for key, x in part.items()]}
        if isinstance(part, list | tuple):
            kind = "list" if isinstance(part, list) else "tuple"
            return {kind: [form(x, f"{path}/{number}") for number, x in enumerate(part)]}
        if isinstance(part, np.generic):
            part = part.item()
        if part is None or isinstance(part, bool | int | float | str):
            return part
        raise RecordError(
            f"A checkpoint cannot keep {path}, a {type(part).__name__}; give tensors, numbers and "
            f"texts, or switch checkpoints off."
        )

    return tensors, json.dumps(form(tree, "state"))


def unpacked_tree(tensors: Mapping[str, Any], text: str) -> Any:
    """The tree of :func:`packed_tree`; arrays in place of tensors become tensors.

    Raises:
        ValueError, KeyError, TypeError: if these make none.
    """

    def part_of(form: Any) -> Any:
        if not isinstance(form, dict):
            return form
        ((kind, content),) = form.items()
        if kind == "tensor":
            return torch.as_tensor(tensors[content])
        if kind == "mapping":
            return {key: part_of(x) for key, x in content}
        return {"list": list, "tuple": tuple}[kind](part_of(x) for x in content)

    return part_of(json.loads(text))
