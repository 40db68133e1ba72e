"""Regimes: the problems on which methods are compared, each an experiment and a unit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from ..data import load_corpus, pinned
from ..errors import ConfigError
from ..experiments.config import ExperimentConfig
from ..tasks import Classification, Task
from .situations import Plan, plans

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
        redrawn: settings that a seed draws, as dotted names, beside ``seed`` itself.
        plan: the corpus and the situation that it is, where it is one of many.
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
    redrawn: tuple[str, ...] = ()
    plan: Plan | None = None

    @property
    def is_unpaired(self) -> bool:
        """Whether samples without label are seen by one side alone."""
        return self.plan is not None and self.plan.unpaired

    @property
    def is_doubtful(self) -> bool:
        """Whether pairs are wrong or missing, so that right ones would be worth something."""
        return self.is_unpaired or (self.plan is not None and self.plan.wrong > 0)

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
            return [base.changed(dict.fromkeys(("seed", *self.redrawn), seed)) for seed in seeds]
        return [
            base.changed({"seed": seed, "data.fold": fold})
            for seed in seeds
            for fold in range(self.folds)
        ]


def _digits_regime(name: str, title: str, **data: Any) -> Regime:
    return Regime(name, title, ExperimentConfig(data={"name": "digits", **data}, method="none"))


def _biovid_regime(name: str, title: str, changes: Mapping[str, Any]) -> Regime:
    changes = {"method": "none", **changes}
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


def _planned(plan: Plan) -> Regime:
    if plan.corpus == "biovid":
        return replace(_biovid_regime(plan.name, plan.title, plan.changes), plan=plan)
    base = ExperimentConfig(data={"name": plan.changes["data.name"]}, method="none")
    return Regime(
        plan.name,
        plan.title,
        base.changed(plan.changes),
        task=plan.task,
        redrawn=("data.fold_seed",) if plan.redrawn else (),
        plan=plan,
    )


STANDARD: dict[str, Regime] = {
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
        _biovid_regime("biovid_all", "all labels", {}),
        _biovid_regime(
            "biovid_quarter",
            "a quarter of the labels, the rest as pairs",
            {"data.label_fraction": 0.25},
        ),
    )
}
"""Those that are compared where none is named."""


class _Regimes(Mapping[str, Regime]):
    """All regimes by name; one that is planned becomes an experiment when it is asked for."""

    def __init__(self) -> None:
        self._plans, self._made = plans(), dict(STANDARD)

    def __getitem__(self, name: str) -> Regime:
        if name not in self._made:
            self._made[name] = _planned(self._plans[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        yield from (*STANDARD, *self._plans)

    def __len__(self) -> int:
        return len(STANDARD) + len(self._plans)

    def title(self, name: str) -> str:
        """What a regime is, in words; nothing is made."""
        return STANDARD[name].title if name in STANDARD else self._plans[name].title


REGIMES = _Regimes()
"""Every regime of the kit by its name."""


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

    Args:
        names: with ``*`` and ``?`` for any text and any letter, e.g. ``numerals_*``.

    Raises:
        ConfigError: for a name that no regime has, or none.
    """
    for name in names:
        if not any(fnmatchcase(known, name) for known in REGIMES):
            raise ConfigError(
                f"Unknown regime {name!r}; choose from {', '.join(STANDARD)}, or from the others "
                "that python -m pkdot evidence --list shows."
            )
    if not names:
        raise ConfigError(f"No regime was named; choose from {', '.join(STANDARD)}, or see --list.")
    return [REGIMES[known] for known in REGIMES if any(fnmatchcase(known, name) for name in names)]
