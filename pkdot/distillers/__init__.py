"""Distillation methods, one a file. A new file with a :class:`Distiller` in it is a new method."""

from .base import Distiller, Method, SumOfDistillers
from .registry import available_distillers, build_distiller, methods_for, parse_method

__all__ = [
    "Distiller",
    "Method",
    "SumOfDistillers",
    "available_distillers",
    "build_distiller",
    "methods_for",
    "parse_method",
]
