"""A method by its name: a distiller's class, and the defaults that make it this one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .base import Distiller, DistillerSettings, Grid


@dataclass(frozen=True)
class Method:
    """A distillation method as users name it: a class, and the defaults of its settings.

    Every :class:`Distiller` is a method by itself. A further ``Method`` of the same class, a
    constant of its module, is a variant that only other defaults tell apart.

    Attributes:
        name: short name in configurations and on the command line.
        title: its name in tables and figures.
        distiller: the class.
        about: what it computes.
        tuning: exactly :data:`~pkdot.distillers.base.BUDGET` choices of settings.
        defaults: settings whose defaults differ from those of the class.
    """

    name: str
    title: str
    distiller: type[Distiller]
    about: str
    tuning: Grid
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(kind: type[Distiller]) -> "Method":
        """The method that a class is by itself."""
        return Method(kind.name, kind.title, kind, kind.__doc__ or "", kind.tuning)

    def settings(self, **options: Any) -> DistillerSettings:
        """Its settings: the options, and defaults for the rest.

        Raises:
            ConfigError: for an unknown option or a value out of range.
        """
        return self.distiller.Settings(**{**self.defaults, **options})

    def build(self, **options: Any) -> Distiller:
        """The distiller with these options.

        Raises:
            ConfigError: as :meth:`settings` does.
        """
        distiller = self.distiller(self.settings(**options))
        distiller.name = self.name
        return distiller
