"""A text that differs wherever a module of the user's computes something else, for caches."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from ..keyed_cache import short_hash

_PLAIN = (str, int, float, bool, type(None), torch.dtype, torch.device, torch.Size)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")


class _Unknown(Exception):
    """Something whose content cannot be read."""


def network_digest(network: nn.Module) -> str | None:
    """Hexadecimal digits for what a module computes in eval mode.

    They depend on its parameters and buffers, its printed form, the attributes of its own classes,
    and the files in which these and the functions among the attributes are defined. Files that
    those import are not read.

    Returns:
        None where a part cannot be read: a class typed into an interpreter, a lambda, a closure, a
        hook, an object without content of its own in its printed form.
    """
    try:
        parts = [_described(name, part) for name, part in network.named_modules()]
    except _Unknown:
        return None
    return short_hash([_values(network), repr(network), parts])


def _values(network: nn.Module) -> str:
    """SHA-256 of all parameters and buffers, those that a state dict leaves out included."""
    digest = hashlib.sha256()
    for name, value in [*network.named_parameters(), *network.named_buffers()]:
        digest.update(f"{name} {_tensor(value)}\n".encode())
    return digest.hexdigest()


def _tensor(value: Tensor) -> str:
    tensor = value.detach().cpu().contiguous()
    # As bytes, since NumPy lacks some types (bfloat16).
    content = hashlib.sha256(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return f"{tuple(tensor.shape)} {tensor.dtype} {content.hexdigest()}"


def _described(name: str, module: nn.Module) -> list[Any]:
    kind = type(module)
    if any(getattr(module, hooks) for hooks in _HOOKS):
        raise _Unknown
    if kind.__module__.startswith("torch."):
        return [name, kind.__qualname__]
    own = {key: value for key, value in vars(module).items() if not key.startswith("_")}
    own.pop("training")
    return [name, kind.__qualname__, _source(kind), list(_contents(own))]


def _contents(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        yield str(key), _content(value)


def _content(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, Tensor):
        return _tensor(value)
    if isinstance(value, Mapping):
        return list(_contents(value))
    if isinstance(value, list | tuple | set | frozenset):
        return [_content(item) for item in (sorted(value) if isinstance(value, set) else value)]
    if isinstance(value, type):
        return _source(value) if value.__module__ != "builtins" else value.__qualname__
    if isinstance(value, FunctionType):
        if value.__closure__ or value.__name__ == "<lambda>":
            raise _Unknown
        return [value.__qualname__, _source(value)]
    shown = repr(value)
    if " at 0x" in shown:
        raise _Unknown
    return [type(value).__qualname__, shown]


def _source(thing: type | Callable[..., Any]) -> str:
    """Hash of the file that defines a class or function."""
    try:
        inspect.getsource(thing)
        return short_hash(inspect.getsource(sys.modules[thing.__module__]))
    except (OSError, TypeError, KeyError) as error:
        raise _Unknown from error
