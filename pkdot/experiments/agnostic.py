"""One cross: modality × fusion × student encoder × task, on simulated and bundled data.

The paper says that its method does not care about any of the four. A *setting* is one choice of
each; its gain is that of a distilled student over a student alone of the same fusion, seed by seed.
A seed draws new people of a simulated corpus and another test set of a bundled table, besides the
first weights and batches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

from ..analysis.added_information import PlainRows, Probe, probe_information
from ..data import Corpus, pinned
from ..data.corpus import IndexArray
from ..data.simulate.own import write_examples
from ..errors import ConfigError
from ..networks.backbones import BackboneSettings
from ..networks.settings import Fusion
from .baselines import frame_rows, plain_inputs
from .cells import Arm
from .config import ExperimentConfig
from .experiment import surroundings
from .sweep import ALONE, method_title, run_grid
from .teacher_cache import teacher_stage

ENCODERS: dict[str, dict[str, Any]] = {
    f"{start}, {'frozen' if frozen else 'trainable'}": {
        "network.student_encoder": start,
        "network.freeze_student_encoder": frozen,
    }
    for start in ("copied", "fresh")
    for frozen in (False, True)
}
"""How the student's encoder starts and whether it learns; the first is the usual one."""

FUSIONS: tuple[Fusion, ...] = ("concat", "gated_transformer", "joint_cross_attention")

USUAL_FUSION, USUAL_ENCODER = FUSIONS[0], next(iter(ENCODERS))


@dataclass(frozen=True)
class Problem:
    """A corpus, who sees what, and what is learnt.

    Attributes:
        name: short name.
        title: in words.
        base: the experiment, with the usual fusion and encoder.
        drawn: seed -> dotted changes that draw this seed's data; folder and seed are given to it.
        has_tokens: whether every modality gives tokens, which the fusions that attend need.
    """

    name: str
    title: str
    base: ExperimentConfig
    drawn: Callable[[Path, int], Mapping[str, Any]] = lambda folder, seed: {}
    has_tokens: bool = False

    @property
    def fusions(self) -> tuple[Fusion, ...]:
        """The fusions that can read this corpus."""
        return FUSIONS if self.has_tokens else (USUAL_FUSION,)

    def at(self, folder: Path, seed: int) -> ExperimentConfig:
        """The experiment of one seed, its data drawn and bound to what they hold.

        Args:
            folder: where simulated data of this problem are written, or found again.
            seed: of data, weights and batches.
        """
        config = self.base.changed({"seed": seed, **self.drawn(folder, seed)})
        return config.changed({"data": pinned(config.data, progress=False).model_dump()})


@dataclass(frozen=True)
class Setting:
    """One cell of the cross.

    Attributes:
        problem: corpus, modalities and task.
        fusion: of teacher and student.
        encoder: a name of :data:`ENCODERS`.
    """

    problem: Problem
    fusion: Fusion = USUAL_FUSION
    encoder: str = USUAL_ENCODER


def _other_test(folder: Path, seed: int) -> dict[str, Any]:
    return {"data.fold_seed": seed}


def _other_fold(folder: Path, seed: int) -> dict[str, Any]:
    """Five seeds share a simulated crowd, and each tests another fifth of it."""
    return {"data.fold": seed % 5, "data.simulated_seed": seed // 5}


def _other_people(people: int, folder: Path, seed: int) -> dict[str, Any]:
    found = write_examples(
        folder / f"own-{people}-{seed}", people=people, samples=20, seed=seed, progress=False
    )
    return {"data.path": str(found.table.resolve())}


def _problem(
    name: str, title: str, data: Mapping[str, Any], *, epochs: int, **rest: Any
) -> Problem:
    training = {"epochs": epochs, "batch_size": 64}
    backbones = {"epochs": min(epochs, BackboneSettings().epochs)}
    base = ExperimentConfig(data=data, method="none", training=training, backbones=backbones)
    return Problem(name, title, base, **rest)


def problems(
    *, label_fraction: float = 0.1, people: int = 40, epochs: int = 100
) -> dict[str, Problem]:
    """All problems by name.

    Labels are few throughout, and other recordings have none: where every label is there, no method
    gains (see the reports on the defaults), and the cross would compare zeros.

    Args:
        label_fraction: of the training samples; digits always have 100 labels of 1,000 images.
        people: in the simulated own data, 20 samples each, a new crowd a seed; in the simulated
            BioVid three quarters of them, 12 windows each.
        epochs: at most so many a stage; each stops early by the inner split.

    Raises:
        ConfigError: for a number out of range.
    """
    make = partial(_problem, epochs=epochs)
    # A fifth, the usual inner split, would leave the probe few groups.
    few = {"label_fraction": label_fraction, "validation_fraction": 0.3}
    digits = {"name": "digits", "n_validation": 200}
    own = {
        **few,
        **{"name": "own", "simulated": True, "group": "person", "test_fraction": 0.4},
        "media": {"picture_size": 24, "sound_rate": 4000},
    }
    crowd = partial(_other_people, people)
    biovid = {
        **few,
        **{"name": "biovid", "video": {"size": 48, "frames": 4}},
        **{"simulated_subjects": 3 * people // 4, "simulated_windows": 6},
    }

    def simulated(seen: str, hidden: str, target: str = "mood") -> dict[str, Any]:
        return {**own, "prevalent": seen, "privileged": hidden, "target": target}

    tokens = {"has_tokens": True}
    found = (
        make("digits", "digits: coarse | full", digits),
        make(
            "digits_blurred",
            "digits: coarse | full with noise 0.5",
            {**digits, "privileged_noise": 0.5},
        ),
        make(
            "digits_noise",
            "digits: coarse | noise alone",
            {**digits, "privileged_noise": 20.0},
        ),
        make("attributes", "digits: coarse | full", {**digits, "target": "attributes"}),
        make("skin", "simulated people: face | skin", simulated("face", "skin"), drawn=crowd),
        make(
            "voice",
            "simulated people: face | voice",
            simulated("face", "voice"),
            drawn=crowd,
            **tokens,
        ),
        make("weak", "simulated people: skin | face", simulated("skin", "face"), drawn=crowd),
        make(
            "tension",
            "simulated people: face | skin",
            simulated("face", "skin", "tension"),
            drawn=crowd,
        ),
        make(
            "tension_voice",
            "simulated people: face | voice",
            simulated("face", "voice", "tension"),
            drawn=crowd,
            **tokens,
        ),
        make(
            "diabetes", "diabetes: vitals | blood", {"name": "diabetes", **few}, drawn=_other_test
        ),
        make("biovid", "simulated BioVid: video | EDA", biovid, drawn=_other_fold, **tokens),
        make(
            "biovid_ecg",
            "simulated BioVid: video | ECG",
            {**biovid, "privileged": "ecg"},
            drawn=_other_fold,
            **tokens,
        ),
    )
    return {problem.name: problem for problem in found}


QUICK = (
    *("digits", "digits_blurred", "digits_noise", "attributes"),
    *("skin", "voice", "weak", "tension", "diabetes", "biovid"),
)
"""Problems of the quick profile. Fusions and encoders vary on the first that all fusions read."""


def settings_of(chosen: Sequence[Problem], profile: str = "quick") -> list[Setting]:
    """The settings of a profile.

    Args:
        chosen: problems.
        profile: ``quick`` (each problem with the usual fusion and encoder; on the first problem
            that every fusion can read, each other fusion and each other encoder, one at a time) or
            ``full`` (the whole cross, of what can read one another).

    Raises:
        ConfigError: for an unknown profile, or no problem.
    """
    if not chosen:
        raise ConfigError("The cross has no problem; name one or more.")
    if profile == "full":
        return [Setting(p, f, e) for p in chosen for f in p.fusions for e in ENCODERS]
    if profile != "quick":
        raise ConfigError(f"There is no profile {profile!r}; choose quick or full.")
    star = next((p for p in chosen if p.has_tokens), chosen[0])
    return [
        *(Setting(p) for p in chosen),
        *(Setting(star, fusion) for fusion in star.fusions[1:]),
        *(Setting(star, encoder=name) for name in ENCODERS if name != USUAL_ENCODER),
    ]


def setting_arms(encoders: Sequence[str], method: str) -> list[Arm]:
    """Student alone, a distilled student of each encoder, and their teacher.

    Args:
        encoders: names of :data:`ENCODERS`.
        method: any distiller, or a sum of them.
    """
    title = method_title(method)
    return [
        Arm("alone", "student alone", ALONE),
        *(Arm(name, f"{title}, {name}", {"method": method, **ENCODERS[name]}) for name in encoders),
        Arm("teacher", "teacher", role="teacher"),
    ]


def run_settings(
    settings: Sequence[Setting],
    seeds: Sequence[int],
    *,
    folder: Path,
    method: str = "pkdot",
    jobs: int = 1,
    progress: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train all arms of all settings, and probe what each problem's privileged modality adds.

    Args:
        settings: from :func:`settings_of`.
        seeds: replicates, the same for every setting.
        folder: of simulated data, cells and teachers; what is there is not made again.
        method: any distiller, or a sum of them.
        jobs: processes.
        progress: whether to draw bars.

    Returns:
        Cells, as :func:`pkdot.experiments.sweep.run_grid` gives them, with the columns problem
        (name), title and fusion in front (arms are named by their encoder); and probes, a row a
        problem and seed: problem, seed and the columns of
        :class:`~pkdot.analysis.added_information.Probe`.

    Raises:
        ConfigError, DataError: as a run does.
    """
    folder = Path(folder)
    wanted: dict[tuple[str, Fusion], list[Setting]] = {}
    for setting in settings:
        wanted.setdefault((setting.problem.name, setting.fusion), []).append(setting)
    bases = {
        problem.name: [problem.at(folder, seed) for seed in seeds]
        for problem in {setting.problem.name: setting.problem for setting in settings}.values()
    }
    kept = folder / "cells"
    cells = []
    for (name, fusion), own in wanted.items():
        found = run_grid(
            [base.changed({"network.fusion": fusion}) for base in bases[name]],
            setting_arms([setting.encoder for setting in own], method),
            jobs=jobs,
            folder=kept,
            progress=progress,
            label=f"{name}, {fusion}",
        )
        title = own[0].problem.title
        cells.append(found.assign(problem=name, problem_title=title, fusion=fusion))
    run = joblib.Parallel(n_jobs=jobs)
    each = [(name, base) for name, configs in bases.items() for base in configs]
    probes = run(joblib.delayed(probe_problem)(base, kept / "teachers") for _, base in each)
    rows = [
        {"problem": name, "seed": base.seed, **probe.columns()}
        for (name, base), probe in zip(each, probes, strict=True)
    ]
    return pd.concat(cells, ignore_index=True), pd.DataFrame(rows)


def probe_problem(config: ExperimentConfig, teachers: Path) -> Probe:
    """What the privileged modalities of an experiment add, on its inner split.

    Raw modalities are read as the features of their backbones. Only ``all_labels`` reads labels of
    samples that count as unlabelled; nothing is trained or chosen by it.

    Args:
        config: the experiment.
        teachers: folder of teacher stages; the one of this experiment is trained if missing.
    """
    with surroundings(config.threads):
        return probe_corpus(teacher_stage(config, teachers).corpus)


def probe_corpus(corpus: Corpus) -> Probe:
    """The probe of a corpus of vectors and tokens: learnt from its labelled samples.

    Raises:
        InputError: as :func:`pkdot.analysis.added_information.probe_information` does.
    """
    split = corpus.split

    def sides(indices: IndexArray) -> tuple[PlainRows, PlainRows]:
        seen, hidden = (
            _plain_rows(corpus, names, indices, corpus.given_targets)
            for names in (corpus.prevalent, corpus.privileged)
        )
        return seen, hidden

    everybody = _plain_rows(corpus, corpus.prevalent, split.train, corpus.targets)
    return probe_information(corpus.task, sides(split.labelled), sides(split.validation), everybody)


def _plain_rows(
    corpus: Corpus, names: Sequence[str], indices: IndexArray, targets: Any
) -> PlainRows:
    inputs = plain_inputs(corpus, names, indices)
    groups = corpus.groups[indices]
    if corpus.is_sequence:
        groups = groups.repeat(targets.shape[1])
    return PlainRows(inputs, frame_rows(corpus, targets[indices]), groups)
