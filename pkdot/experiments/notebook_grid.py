"""A grid of one notebook, executed at many parameters."""

from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ConfigError
from .grid_engine import Engine, Estimate, bytes_below, compute, mean
from .grid_file import GridSettings, Place, places_of
from .grid_tables import summary_of
from .notebook_cells import RUNS, notebook_cache, notebook_key, notebook_parameters, run_notebook


class NotebookGrid:
    """One notebook at many parameters.

    Raises:
        ConfigError: if the notebook cannot be read or has not all of the parameters.
    """

    def __init__(self, settings: GridSettings, file: Path) -> None:
        assert settings.notebook is not None
        choices = (settings.notebook, file.parent / settings.notebook)
        self.notebook = next((path for path in choices if path.is_file()), choices[0])
        known = notebook_parameters(self.notebook)
        self.places, self.axes = list(places_of(settings)), list(settings.axes)
        self.parameters = [{**settings.parameters, **_given(place)} for place in self.places]
        for name in self.parameters[0]:
            if name not in known:
                raise ConfigError(
                    f"{self.notebook.name} has no parameter {name!r}; it has "
                    f"{', '.join(sorted(known))}."
                )
        self.takes_runs = RUNS in known and RUNS not in self.parameters[0]
        self.keys = [notebook_key(self.notebook, given) for given in self.parameters]

    def estimate(self, engine: Engine) -> Estimate:
        """Cells, hours and disk that are left; nothing is executed for it."""
        cells, keys = notebook_cache(engine.folder), dict.fromkeys(self.keys)
        found = [cell for key in keys if (cell := cells.find(key)) is not None]
        left = len(keys) - len(found)
        if not found:
            basis = "Hours and disk are known once a notebook has been executed."
            return Estimate(len(keys), 0, None, None, basis, engine.workers)
        seconds = left * mean([cell["elapsed"] for cell in found]) / engine.workers
        size = bytes_below(engine.folder / "notebooks", engine.folder / "records") / len(found)
        basis = f"from {len(found):,} executed notebooks of this grid"
        return Estimate(len(keys), len(found), seconds, left * size / 2**20, basis, engine.workers)

    def run(self, engine: Engine, label: str) -> pd.DataFrame:
        """Execute what is missing.

        Returns:
            One row a cell: the axes, seed and fold where there are some, ``executed``, and the
            scores of the record that the notebook kept.
        """
        wanted = {
            key: (self.notebook, given, engine.folder, self.takes_runs)
            for key, given in zip(self.keys, self.parameters, strict=True)
        }
        found = compute(run_notebook, wanted, notebook_cache(engine.folder), engine, label)
        rows = [
            {
                **place.columns,
                **({} if place.seed is None else {"seed": place.seed}),
                **found[key],
            }
            for place, key in zip(self.places, self.keys, strict=True)
        ]
        return pd.DataFrame(rows)

    def summary(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Mean and 95 % interval of every score over seeds and folds, a row a combination."""
        told = {*self.axes, "seed", "fold", "elapsed", "executed", "record", "failed"}
        scores = [c for c in cells.select_dtypes("number") if c not in told]
        if not scores:
            return cells[[c for c in cells if c != "elapsed"]]
        tables = [summary_of(cells, self.axes, score) for score in scores]
        table = tables[0].rename(columns={"mean": scores[0]})[[*self.axes, "n", scores[0]]]
        for score, other in zip(scores[1:], tables[1:], strict=True):
            table[score] = other["mean"]
        return table


def _given(place: Place) -> dict[str, Any]:
    own = {"seed": place.seed, "fold": place.fold}
    return {**place.point, **{name: value for name, value in own.items() if value is not None}}
