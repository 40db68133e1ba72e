"""Regimes: the problems on which methods are compared, each an experiment and a unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..data import load_corpus, pinned
from ..errors import ConfigError
from ..experiments.config import ExperimentConfig
from ..tasks import Classification, Task

LOCKED_SEEDS = tuple(range(100, 120))
"""Seeds of the comparison by default: run once, after everything has been chosen."""


@dataclass(frozen=True)
class Regime:
    """One problem.

    Attributes:
        name: short name, also of files.
        title: what it is, in words.
        base: the experiment; contenders change its method and options.
        unit: what an interval is over: seeds (conditional on the data set), or what a group of the
            corpus is: subjects.
        task: what is learnt; it says which plain models there are.
        folds: folds of the data, each run with every seed, so that each subject is tested once.
        tuning: changes of the base while settings are chosen, as dotted names: other people, where
            a subject who is tested in one fold is in the inner split of another.
        most_tuning_seeds, most_seeds: so many seeds at most, where folds give replicates enough.
        people: of a simulated corpus, the seeds that draw the people of a comparison, each a
            population of its own; the base's if empty.
        data_arguments: what the command line says to name these data, where ``--regimes`` does not.
    """

    name: str
    title: str
    base: ExperimentConfig
    unit: str = "seeds"
    task: Task = field(default_factory=Classification)
    folds: int = 1
    tuning: Mapping[str, Any] = field(default_factory=dict)
    most_tuning_seeds: int | None = None
    most_seeds: int | None = None
    people: tuple[int, ...] = ()
    data_arguments: str = ""

    @property
    def unlabelled(self) -> bool:
        """Whether there are training samples without label."""
        return self.base.data.has_unlabelled

    @property
    def simulated(self) -> bool:
        """Whether the data come from a simulator."""
        return self.base.data.is_simulated

    def bases(self, seeds: Sequence[int]) -> list[ExperimentConfig]:
        """One config a replicate of a comparison: every fold with every seed."""
        seeds = seeds[: self.most_seeds]
        if not self.people:
            return self._replicates(self.base, seeds)
        populations = [self.base.changed({"data.simulated_seed": seed}) for seed in self.people]
        return [config for base in populations for config in self._replicates(base, seeds)]

    def tuning_bases(self, seeds: Sequence[int]) -> list[ExperimentConfig]:
        """The same while settings are chosen."""
        return self._replicates(self.base.changed(self.tuning), seeds[: self.most_tuning_seeds])

    def with_people(self, people: Sequence[int]) -> "Regime":
        """The same problem, compared on other simulated people; other corpora stay as they are.

        Args:
            people: seeds that draw them, one a population.

        Raises:
            ConfigError: if a seed is named twice, or drew the people that settings were chosen on.
        """
        if not self.simulated:
            return self
        if len(set(people)) != len(people):
            raise ConfigError(f"People are named twice among {', '.join(map(str, people))}.")
        if (taken := self.tuning.get("data.simulated_seed")) in people:
            raise ConfigError(
                f"Settings were chosen on the simulated people of seed {taken}; compare them on "
                "others."
            )
        return replace(self, people=tuple(people))

    def _replicates(self, base: ExperimentConfig, seeds: Sequence[int]) -> list[ExperimentConfig]:
        if self.folds == 1:
            return [base.changed({"seed": seed}) for seed in seeds]
        return [
            base.changed({"seed": seed, "data.fold": fold})
            for seed in seeds
            for fold in range(self.folds)
        ]


def _digits_regime(name: str, title: str, **data: Any) -> Regime:
    return Regime(name, title, ExperimentConfig(data={"name": "digits", **data}, method="none"))


def _biovid_regime(name: str, title: str, **data: Any) -> Regime:
    changes = {"method": "none", **{f"data.{setting}": value for setting, value in data.items()}}
    return Regime(
        name,
        f"simulated BioVid, face video and skin conductance: {title}",
        ExperimentConfig.preset("default", changes),
        unit="subjects",
        folds=5,
        tuning={"data.simulated_seed": 1},
        most_tuning_seeds=1,
        most_seeds=3,
    )


REGIMES: dict[str, Regime] = {
    regime.name: regime
    for regime in (
        _digits_regime("few", "digits: 100 labels, 900 pairs without label", n_labelled=100),
        _digits_regime("all", "digits: 400 labels", n_labelled=400, n_unlabelled=0),
        _digits_regime(
            "wrong",
            "digits: 400 labels, 30 % of them wrong",
            n_labelled=400,
            n_unlabelled=0,
            label_noise=0.3,
        ),
        _biovid_regime("biovid_all", "all labels"),
        _biovid_regime(
            "biovid_quarter", "a quarter of the labels, the rest as pairs", label_fraction=0.25
        ),
    )
}


def own_regime(base: ExperimentConfig, data_arguments: str, *, progress: bool = True) -> Regime:
    """Own data as a regime: one test set that nothing is chosen on, so intervals are over seeds.

    Args:
        base: names the data.
        data_arguments: what names them on the command line.
        progress: whether to draw bars while files are read.

    Raises:
        DataError: if the data cannot be used as asked.
    """
    data = pinned(base.data, progress=progress)
    base = base.changed({"method": "none", "data": data.model_dump()})
    corpus = load_corpus(data, base.seed, progress=progress)
    title = f"{corpus.name}: {len(corpus)} samples, {corpus.task.kind}"
    return Regime("own", title, base, task=corpus.task, data_arguments=data_arguments)


def find_regimes(names: Sequence[str]) -> list[Regime]:
    """The regimes of these names, in the order of the list of all.

    Raises:
        ConfigError: for an unknown name, or none.
    """
    for name in names:
        if name not in REGIMES:
            raise ConfigError(f"Unknown regime {name!r}; choose from {', '.join(REGIMES)}.")
    if not names:
        raise ConfigError(f"No regime was named; choose from {', '.join(REGIMES)}.")
    return [regime for name, regime in REGIMES.items() if name in names]
