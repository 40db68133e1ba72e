"""Networks that a user brings to an experiment: what goes with them, and what a record says."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from ..data import Corpus
from ..data.given_teacher import MODALITY, GivenTeacher, with_given_teacher
from ..data.pairing import ReorderedSamples
from ..distillers import available_distillers, parse_method
from ..distillers.registry import methods_for
from ..errors import ConfigError
from ..networks.digest import network_digest
from ..networks.own import is_frozen, network_facts
from ..training.context import StageContext, teacher_view
from ..training.own import wrapped
from .config import ExperimentConfig

_KITS_TEACHERS = ("no_privileged", "true_labels", "random_teacher")
"""Controls that build a teacher of the kit's in place of the one that is there."""


@dataclass(frozen=True, eq=False)
class OwnNetworks:
    """A teacher, a student, or both, of the user's; the kit's where one is None."""

    teacher: nn.Module | GivenTeacher | None = None
    student: nn.Module | None = None

    @classmethod
    def of(cls, teacher: Any, student: Any) -> "OwnNetworks":
        """From what the user gave.

        Raises:
            ConfigError: for a student that is no module, or a teacher that is no module and no
                numbers.
        """
        if student is not None and not isinstance(student, nn.Module):
            raise ConfigError(
                f"A student is a torch module, not a {type(student).__name__}; leave it out for "
                f"the kit's own."
            )
        if teacher is None or isinstance(teacher, nn.Module):
            return cls(teacher, student)
        return cls(GivenTeacher.of(teacher), student)

    def __bool__(self) -> bool:
        return self.teacher is not None or self.student is not None

    def corpus(self, corpus: Corpus) -> Corpus:
        """The corpus with a given teacher's embedding as its privileged modality, if there is one.

        Raises:
            ConfigError, DataError: as :func:`pkdot.data.given_teacher.with_given_teacher`.
        """
        if isinstance(self.teacher, GivenTeacher):
            return with_given_teacher(corpus, self.teacher)
        return corpus

    def given_outputs(self, corpus: Corpus) -> np.ndarray | None:
        """Outputs (N, W) of a given teacher for the samples of a corpus; None where it has none."""
        assert isinstance(self.teacher, GivenTeacher)
        found: np.ndarray | None = self.teacher.aligned(corpus.ids).outputs
        served = corpus.modalities[MODALITY]
        if found is not None and isinstance(served, ReorderedSamples):
            return found[served.order]  # of wrong pairs, as the embeddings are
        return found

    def read_by_the_kit(self, corpus: Corpus) -> Sequence[str]:
        """Modalities that a network of the kit's reads; a backbone encodes the raw ones of them."""
        if self.teacher is None:
            return corpus.names
        return corpus.prevalent if self.student is None else ()

    def adjusted(self, config: ExperimentConfig) -> tuple[ExperimentConfig, list[str]]:
        """The config without what needs networks of the kit's on both sides, and what changed."""
        if not self:
            return config, []
        changes, sentences = {}, []
        if config.network.tnet != "none":
            changes["network.tnet"] = "none"
            sentences.append(
                f"The setting network.tnet is none instead of {config.network.tnet}, as a network "
                f"of your own gives no features that a T-Net could learn from."
            )
        if config.network.student_encoder != "fresh":
            changes["network.student_encoder"] = "fresh"
            sentences.append(
                "The setting network.student_encoder is fresh instead of copied, as there is no "
                "encoder of the kit's on both sides."
            )
        return config.changed(changes), sentences

    def check(self, context: StageContext, config: ExperimentConfig) -> None:
        """Try the networks on a few samples, and refuse methods and controls that do not go along.

        Args:
            context: of the experiment, with raw samples.
            config: of the experiment.

        Raises:
            ConfigError: one sentence.
        """
        if not self:
            return
        self._check_method(context.corpus, config.method, config.options)
        if self.teacher is not None and config.control in _KITS_TEACHERS:
            raise ConfigError(
                f"The control {config.control!r} trains or builds a teacher of the kit's; leave "
                f"the teacher of your own out, or choose another control."
            )
        if isinstance(self.teacher, nn.Module):
            seen = teacher_view(context.corpus, context.network.teacher_sees)
            wrapped(replace(context, corpus=seen), self.teacher, "teacher")
        if self.student is not None:
            wrapped(context, self.student, "student")

    def _check_method(self, corpus: Corpus, method: str, options: dict[str, Any]) -> None:
        methods = available_distillers()

        def reads_features(name: str, **own: Any) -> bool:
            return "features" in methods[name].build(**own).reads

        wrong = [n for n in parse_method(method) if reads_features(n, **options.get(n, {}))]
        if wrong:
            others = [name for name in methods_for(corpus.task) if not reads_features(name)]
            raise ConfigError(
                f"The method {wrong[0]!r} reads features of single modalities, which networks of "
                f"one's own do not give; methods that would do: {', '.join(others)}."
            )

    def facts(self) -> dict[str, Any]:
        """What a record keeps of them; empty where both are the kit's."""
        found: dict[str, Any] = {}
        for who, network in (("teacher", self.teacher), ("student", self.student)):
            if isinstance(network, nn.Module):
                found[who] = network_facts(network)
        if isinstance(self.teacher, GivenTeacher):
            found["teacher"] = _given_facts(self.teacher)
        return found

    def notes(self) -> list[str]:
        """Sentences on which of them learn, and on what cannot be kept for other runs."""
        found = []
        for who, network in (("teacher", self.teacher), ("student", self.student)):
            if isinstance(network, nn.Module):
                found.append(f"The {who} is {_described(network)}.")
        if isinstance(self.teacher, GivenTeacher):
            head = "" if self.teacher.outputs is not None else "; a linear head on them learns"
            found.append(f"The teacher is there as numbers{head}.")
        frozen = self.teacher if isinstance(self.teacher, nn.Module) else None
        if frozen is not None and is_frozen(frozen) and network_digest(frozen) is None:
            found.append(
                "What the frozen teacher gives is not kept for other runs, as the source of its "
                "classes or functions cannot be read; define them in a file."
            )
        return found


KITS = OwnNetworks()
"""None of the user's."""


def _described(network: nn.Module) -> str:
    learning = sum(p.numel() for p in network.parameters() if p.requires_grad)
    whole = sum(p.numel() for p in network.parameters())
    how = f"{learning:,} of its {whole:,} parameters learn" if learning else "frozen as it comes"
    return f"a {type(network).__name__} of your own, {how}"


def _given_facts(given: GivenTeacher) -> dict[str, Any]:
    parts = [part for part in (given.embedding, given.outputs) if part is not None]
    arrays = [np.asarray(p.detach().cpu() if hasattr(p, "detach") else p) for p in parts]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return {
        "given as": "numbers",
        "embedding": list(arrays[0].shape),
        "outputs": given.outputs is not None,
        "digest": digest.hexdigest()[:16],
    }
