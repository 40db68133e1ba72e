"""Controls: what is left of a gain when one thing about the teacher is taken away.

A control is a setting of the experiment (``control``). Some train another teacher stage, with all
that the student takes over from it; the others leave the student's start as it is and change only
what the distillation loss reads.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data.corpus import Corpus, IndexArray
from ..errors import ConfigError
from ..networks.models import NetworkOutput, build_teacher
from .context import StageContext, complete_only, teacher_view, visible_targets
from .outputs import TeacherTargets, teacher_targets

Control = Literal[
    "none",
    "permuted",
    "other_batch",
    "labels",
    "random_teacher",
    "no_privileged",
    "true_labels",
    "posterior",
]

TITLES: dict[str, str] = {
    "none": "the teacher as it is",
    "permuted": "each sample is taught another sample's target, the same one all along",
    "other_batch": "the targets belong to other samples, drawn anew for each batch",
    "labels": "a teacher made of the given labels alone",
    "random_teacher": "a teacher that never learnt",
    "no_privileged": "a teacher without the privileged modality",
    "true_labels": "a teacher with the true labels of all training samples",
    "posterior": "the true probability of each class, given what the simulator drew",
}
assert set(TITLES) == set(get_args(Control))

OTHER_TEACHERS = ("no_privileged", "true_labels")
"""Controls that train a teacher stage of their own."""

_CONFIDENCE = 0.95


def teacher_control(control: Control) -> Control:
    """The part of a control that the teacher stage depends on."""
    return control if control in OTHER_TEACHERS else "none"


def teacher_corpus(control: Control, corpus: Corpus, sees: str = "all") -> Corpus:
    """The corpus on which the teacher stage trains under a control.

    Args:
        control: which.
        corpus: of the experiment.
        sees: modalities that the teacher reads, see
            :func:`pkdot.training.context.teacher_view`.

    ``no_privileged`` hides the privileged modalities: there is no T-Net either, so that nothing the
    student takes over has read them. ``true_labels`` shows the true label of every training sample
    and of the inner split, an upper bound of what labels can teach.
    """
    corpus = teacher_view(corpus, sees)
    if control == "no_privileged":
        return replace(corpus, privileged=())
    if control == "true_labels":
        split = corpus.split
        all_labelled = replace(split, labelled=split.train, unlabelled=split.unlabelled[:0])
        return replace(corpus, given_targets=corpus.targets, split=all_labelled)
    return corpus


def student_corpus(control: Control, corpus: Corpus) -> Corpus:
    """The corpus on which the student trains: a teacher made of labels has none without one."""
    if control == "labels":
        none = corpus.split.unlabelled[:0]
        return replace(corpus, split=replace(corpus.split, unlabelled=none, teacher_only=none))
    return corpus


class OtherBatches(TeacherTargets):
    """Targets of other training samples than those asked for, drawn anew each time.

    A batch of them still has the structure of some batch of the teacher's, but of another one.
    """

    def __init__(self, output: NetworkOutput, samples: IndexArray, seed: int) -> None:
        super().__init__(output)
        self._samples = samples
        self._rng = np.random.default_rng(seed)

    def at(self, indices: IndexArray, device: torch.device) -> NetworkOutput:
        return super().at(self._rng.choice(self._samples, len(indices), replace=False), device)

    def get_state(self) -> dict[str, Any]:
        """Where its draws stand."""
        return {"rng": self._rng.bit_generator.state}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Draw as from there."""
        self._rng.bit_generator.state = state["rng"]


def distilled_targets(
    control: Control, targets: TeacherTargets, context: StageContext
) -> TeacherTargets:
    """The targets that the distillation loss reads under a control.

    Args:
        control: which.
        targets: the trained teacher's output for the N samples of the corpus.
        context: of the experiment; only training samples are ever exchanged for one another, and
            permutation, draws and untrained weights depend on its seed.

    Returns:
        ``targets`` itself where the control leaves them alone.

    Raises:
        ConfigError: if the posterior is asked for and the corpus does not know it.
    """
    corpus, seed = context.corpus, context.seed_of(f"control {control}")
    if control == "permuted":
        # Of recordings that are not paired anyhow, another order would be no other batch.
        train = corpus.split.labelled if corpus.is_unpaired else corpus.split.train
        order = np.arange(len(corpus))
        # A cycle through a random order: no sample keeps its own target.
        shuffled = np.random.default_rng(seed).permutation(train)
        order[shuffled] = np.roll(shuffled, 1)
        device = targets.output.outputs.device
        return TeacherTargets(targets.at(order, device))
    if control == "other_batch":
        seen = corpus.split.train
        if corpus.is_unpaired:
            seen = np.concatenate([complete_only(corpus, seen), corpus.split.teacher_only])
        return OtherBatches(targets.output, seen, seed)
    if control == "random_teacher":
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            seen_by_it = teacher_view(corpus, context.network.teacher_sees)
            untrained = build_teacher(seen_by_it, context.network).requires_grad_(False).eval()
        return teacher_targets(untrained, seen_by_it)
    if control == "labels":
        return TeacherTargets(_label_output(targets.output, corpus, seed))
    if control == "posterior":
        if corpus.posterior is None:
            raise ConfigError(
                f"The control 'posterior' needs to know what lies behind each sample, and "
                f"{corpus.name} does not say; only simulated corpora do."
            )
        posterior = torch.as_tensor(corpus.posterior, dtype=torch.float32)
        logits = posterior.clamp_min(torch.finfo(posterior.dtype).tiny).log()
        return TeacherTargets(targets.output._replace(outputs=logits.to(targets.output.outputs)))
    return targets


def _label_output(like: NetworkOutput, corpus: Corpus, seed: int) -> NetworkOutput:
    """Targets in the teacher's shapes: codes of them in the place of embedding and features.

    Logits give the right answer a probability of 0.95. A code is the sum of one direction an
    output, weighted by the target; directions have the length √D of a batch-normalised embedding
    and are orthogonal where D allows it. Samples without a visible target get zeros, and are in no
    batch.
    """
    task, targets = corpus.task, visible_targets(corpus).numpy()
    weights = torch.as_tensor(task.ideal_outputs(targets))
    outputs = torch.as_tensor(task.ideal_outputs(targets, _CONFIDENCE))

    def codes(width: int) -> Tensor:
        drawn = torch.randn(
            max(width, task.output_width), width, generator=torch.Generator().manual_seed(seed)
        )
        if width >= task.output_width:
            drawn = torch.linalg.qr(drawn).Q
        directions = functional.normalize(drawn[: task.output_width], dim=1)
        return weights @ directions * width**0.5

    def feature(real: Tensor) -> Tensor:
        code = codes(real.shape[-1])
        if code.ndim == real.ndim:
            return code
        return code[:, None, :].expand_as(real).contiguous()

    return NetworkOutput(
        outputs,
        codes(like.embedding.shape[-1]),
        {name: feature(real) for name, real in like.features.items()},
    )
