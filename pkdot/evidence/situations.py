"""What the evidence asks of every corpus: pairs that are right, wrong, few or missing.

A regime is a corpus in a situation, and its name says both: ``numerals_wrong50``. Here they are
plain data; :mod:`pkdot.evidence.regimes` makes experiments of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError
from ..tasks import Classification, Regression, Task

Changes = Mapping[str, Any]

UNPAIRED: Changes = {"pairing.unpaired": 1.0, "network.teacher_sees": "privileged"}
"""Every sample without label is seen by one side alone, half of them by the student."""

TAIL, TURNED = 10.0, 0.1
"""How many times as often as the rarest class the most frequent one stands; the teacher's order of
classes turned round."""


@dataclass(frozen=True)
class EvidenceCorpus:
    """A corpus, and what the situations need to know of it.

    Attributes:
        name: first word of its regimes.
        title: what it is, and what the student sees.
        data: settings of the corpus by dotted names.
        task: what is learnt.
        labels: the usual number of labels, which a fraction of ``pool`` may stand for.
        pairs: how many training samples have no label.
        small: the same in the smaller size; 0: there is none.
        every: labels where all training samples have one.
        most: the largest number of trusted pairs beside ``pairs`` others.
        weak: what makes the teacher's view bad; empty: there is no such setting.
        pool: training samples of a corpus that divides by shares; 0: it counts them.
    """

    name: str
    title: str
    data: Changes
    task: Task = field(default_factory=Classification)
    labels: int = 100
    pairs: int = 900
    small: int = 300
    every: int = 1000
    most: int = 300
    weak: Changes = field(default_factory=dict)
    pool: int = 0

    def counts(self, labels: int, pairs: int | None = None) -> Changes:
        """So many training samples with a label, and so many without."""
        if self.pool:
            return {"data.label_fraction": 1.0 if pairs == 0 else round(labels / self.pool, 4)}
        return {
            "data.n_labelled": labels,
            "data.n_unlabelled": self.pairs if pairs is None else pairs,
        }


CORPORA: tuple[EvidenceCorpus, ...] = (
    EvidenceCorpus(
        "digits",
        "digits, a coarse and noisy view",
        {"data.name": "digits"},
        weak={"data.privileged_noise": 0.5},
    ),
    EvidenceCorpus(
        "handwriting",
        "handwriting, a blurred and noisy view",
        {"data.name": "handwriting"},
        weak={"data.privileged_noise": 0.5},
    ),
    EvidenceCorpus(
        "halves",
        "handwriting, the upper half",
        {"data.name": "handwriting", "data.view": "upper"},
        weak={"data.privileged_noise": 0.5},
    ),
    EvidenceCorpus(
        "numerals",
        "numerals, Fourier coefficients",
        {"data.name": "numerals"},
        weak={"data.privileged_noise": 3.0},
    ),
    EvidenceCorpus(
        "moments",
        "numerals, Zernike moments",
        {"data.name": "numerals", "data.prevalent": "zernike"},
        weak={"data.privileged_noise": 3.0},
    ),
    EvidenceCorpus(
        "vowels",
        "vowels, two coefficients of twelve",
        {"data.name": "vowels"},
        pairs=300,
        small=100,
        every=400,
        most=100,
        weak={"data.privileged_noise": 3.0},
    ),
    EvidenceCorpus(
        "cancer",
        "breast cancer, means over cells",
        {"data.name": "breast_cancer"},
        pairs=264,
        small=0,
        most=100,
        pool=364,
    ),
    EvidenceCorpus(
        "diabetes",
        "diabetes, vitals",
        {"data.name": "diabetes"},
        task=Regression(targets=("progression",)),
        pairs=183,
        small=0,
        most=100,
        pool=283,
    ),
)


@dataclass(frozen=True)
class Plan:
    """A regime before it is an experiment.

    Attributes:
        corpus: first word of its name.
        situation: the rest of its name.
        title: in words.
        changes: settings by dotted names.
        task: what is learnt.
        wrong: share of the pairs without label that are wrong.
        trusted: number of pairs with a label.
        unpaired: whether all other samples are seen by one side alone.
        redrawn: whether a seed draws the test set by a setting of its own.
    """

    corpus: str
    situation: str
    title: str
    changes: Changes
    task: Task
    wrong: float = 0.0
    trusted: int = 0
    unpaired: bool = False
    redrawn: bool = False

    @property
    def name(self) -> str:
        """E.g. ``numerals_wrong50``."""
        return f"{self.corpus}_{self.situation}"


SITUATIONS: dict[str, str] = {
    "pairs": "all pairs right",
    "wrong20": "20 % of the pairs without label wrong",
    "wrong50": "50 % of the pairs without label wrong",
    "pairs30": "30 labels, all pairs right",
    "trusted": "the rest unpaired",
    "trusted30": "30 trusted pairs, the rest unpaired",
    "trusted100": "100 trusted pairs, the rest unpaired",
    "trusted300": "300 trusted pairs, the rest unpaired",
    "trusted100_small": "100 trusted pairs, few others, unpaired",
    "trusted30_tail": "30 trusted pairs, the rest unpaired and long-tailed",
    "trusted100_tail": "100 trusted pairs, the rest unpaired and long-tailed",
    "trusted30_sides": "30 trusted pairs, the rest unpaired, long-tailed, the sides unlike",
    "trusted100_sides": "100 trusted pairs, the rest unpaired, long-tailed, the sides unlike",
    "noisy30": "30 % of the labels wrong",
    "weak": "all pairs right, a weak teacher",
    "all": "every label there: no room",
}
"""Second part of a regime's name, and what it says; long tails reach the inner split and the test.

The sides are unlike where the student's most frequent class is the teacher's rarest. A weak teacher
reads its view through noise."""


OLDER_NAMES = {
    "few": "digits_pairs",
    "all": "digits_all",
    "wrong": "digits_noisy30",
    "biovid_quarter": "biovid_pairs",
}
"""Regimes that are compared by names of before, and what they are called among the others."""


def plans() -> dict[str, Plan]:
    """Name -> every situation of every corpus that can have it."""
    found = [plan for corpus in CORPORA for plan in _plans(corpus)] + list(_of_biovid())
    return {plan.name: plan for plan in found}


def situation_of(name: str) -> str:
    """What a situation is, in words.

    Raises:
        ConfigError: for an unknown one.
    """
    if name not in SITUATIONS:
        raise ConfigError(f"Unknown situation {name!r}; choose from {', '.join(SITUATIONS)}.")
    return SITUATIONS[name]


def _of_biovid() -> Iterator[Plan]:
    """Simulated BioVid: a quarter of its training samples have a label, and are trusted pairs."""
    usual = {"data.name": "biovid", "data.label_fraction": 0.25}
    for situation, changes, facts in (
        ("pairs", {}, {}),
        ("wrong20", {"pairing.wrong": 0.2}, {"wrong": 0.2}),
        ("wrong50", {"pairing.wrong": 0.5}, {"wrong": 0.5}),
        ("trusted", UNPAIRED, {"unpaired": True}),
    ):
        title = f"a quarter of the labels, {situation_of(situation)}"
        yield Plan("biovid", situation, title, {**usual, **changes}, Classification(), **facts)


def _plans(corpus: EvidenceCorpus) -> Iterator[Plan]:
    def plan(situation: str, changes: Changes, **facts: Any) -> Plan:
        return Plan(
            corpus.name,
            situation,
            f"{corpus.title}: {situation_of(situation)}",
            {**corpus.data, **changes},
            corpus.task,
            redrawn=corpus.pool > 0,
            **facts,
        )

    usual = corpus.counts(corpus.labels)
    yield plan("pairs", usual, trusted=corpus.labels)
    for percent in (20, 50):
        share = percent / 100
        changes = {**usual, "pairing.wrong": share}
        yield plan(f"wrong{percent}", changes, wrong=share, trusted=corpus.labels)
    yield plan("pairs30", corpus.counts(30), trusted=30)
    for labels in (30, 100, 300):
        if labels > corpus.most:
            continue
        apart = {**corpus.counts(labels), **UNPAIRED}
        facts = {"trusted": labels, "unpaired": True}
        yield plan(f"trusted{labels}", apart, **facts)
        if labels == corpus.labels and corpus.small:
            small = {**corpus.counts(labels, corpus.small), **UNPAIRED}
            yield plan(f"trusted{labels}_small", small, **facts)
        if labels <= corpus.labels and "classes" in corpus.task.offers:
            tails = {**apart, "pairing.tail": TAIL}
            yield plan(f"trusted{labels}_tail", tails, **facts)
            unlike = {**tails, "pairing.teacher_tail": TURNED}
            yield plan(f"trusted{labels}_sides", unlike, **facts)
    if not corpus.pool:
        labels = min(400, corpus.every)
        noisy = {**corpus.counts(labels, 0), "data.label_noise": 0.3}
        yield plan("noisy30", noisy, trusted=labels)
    if corpus.weak:
        yield plan("weak", {**usual, **corpus.weak}, trusted=corpus.labels)
    every = corpus.pool or corpus.every
    yield plan("all", corpus.counts(every, 0), trusted=every)
