"""Distillation methods, one a file. A new file with a :class:`Distiller` in it is a new method."""

from .base import Distiller
from .method import Method
from .registry import (
    available_distillers,
    build_distiller,
    method_title,
    methods_for,
    parse_method,
)
from .sums import SumOfDistillers

__all__ = [
    "Distiller",
    "Method",
    "SumOfDistillers",
    "available_distillers",
    "build_distiller",
    "method_title",
    "methods_for",
    "parse_method",
]
