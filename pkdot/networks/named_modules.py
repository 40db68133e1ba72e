"""Modules by name, where names are people's: ``heart rate``, ``face.left``, ``values``."""

import re
from collections.abc import ItemsView, Iterator, KeysView
from typing import Any
from urllib.parse import quote, unquote

from torch import nn

__all__ = ["NamedModules"]

_PLAIN = re.compile(r"[\w -]+")


class NamedModules(nn.ModuleDict):
    """A :class:`torch.nn.ModuleDict` that takes any name.

    Torch refuses dots, which part the names of weights, and the names of a module's attributes; its
    exporter fails at quotation marks. Here such names are stored quoted, others as they are.
    """

    def __getitem__(self, name: str) -> nn.Module:
        return super().__getitem__(self._part(name))

    def __setitem__(self, name: str, module: nn.Module) -> None:
        super().__setitem__(self._part(name), module)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(self._part(name))

    def __contains__(self, name: Any) -> bool:
        return super().__contains__(self._part(name))

    def __iter__(self) -> Iterator[str]:
        return map(_name, super().__iter__())

    def keys(self) -> KeysView[str]:
        return dict(self.items()).keys()

    def items(self) -> ItemsView[str, nn.Module]:
        return {_name(part): module for part, module in super().items()}.items()

    def _part(self, name: Any) -> str:
        """What a module is stored under: the name, or ``%`` and the name as addresses quote it."""
        name = str(name)
        taken = hasattr(type(self), name) or name in vars(self)
        if _PLAIN.fullmatch(name) and not taken:
            return name
        return "%" + quote(name, safe=" ").replace(".", "%2E")


def _name(part: str) -> str:
    """The name that was stored under this one."""
    return unquote(part[1:]) if part.startswith("%") else part
