"""What every stage of one experiment is given."""

import zlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from ..data.batches import labelled_in_batch
from ..data.corpus import Corpus, IndexArray
from ..errors import ConfigError
from ..networks.settings import NetworkSettings
from .checkpoints import NO_CHECKPOINTS, Checkpoints
from .settings import TrainingSettings


@dataclass(frozen=True)
class StageContext:
    """What every stage of one experiment is given.

    Attributes:
        fabric: device, precision and ranks.
        corpus: samples, targets and split.
        network: sizes of the networks.
        training: how they learn.
        seed: of the experiment; each stage draws from a seed of its own, :meth:`seed_of`.
        checkpoints: where stages keep how far they are, and find it again.
    """

    fabric: Fabric
    corpus: Corpus
    network: NetworkSettings
    training: TrainingSettings
    seed: int
    checkpoints: Checkpoints = NO_CHECKPOINTS

    @property
    def device(self) -> torch.device:
        """Where networks are trained."""
        return self.fabric.device

    @property
    def selection(self) -> IndexArray:
        """The samples that stop a stage and select its epoch, see :func:`selection_indices`."""
        return selection_indices(self.corpus, self.training)

    def seed_of(self, stage: str) -> int:
        """The seed of a stage, see :func:`stage_seed`."""
        return stage_seed(self.seed, stage)

    def generator_of(self, stage: str) -> torch.Generator:
        """A generator for the draws of a stage whose network was just built.

        On the CPU it goes on from torch's own, as the stage alone would; elsewhere it begins at the
        stage's seed.
        """
        if self.device.type == "cpu":
            return torch.Generator().set_state(torch.get_rng_state())
        return torch.Generator(self.device).manual_seed(self.seed_of(stage))


def stage_seed(seed: int, stage: str) -> int:
    """A seed for a stage that depends on the experiment's seed and the stage's name alone.

    The numbers of a stage then do not depend on whether earlier stages ran or came from a cache.
    """
    return int(np.random.SeedSequence([seed, zlib.crc32(stage.encode())]).generate_state(1)[0])


def selection_indices(corpus: Corpus, settings: TrainingSettings) -> IndexArray:
    """The samples that stop and select: the inner split, or, by request, the leak."""
    leaking = settings.selection_on == "test_fold_leak"
    return corpus.split.test if leaking else corpus.split.validation


def teacher_view(corpus: Corpus, sees: str) -> Corpus:
    """The corpus as its teacher sees it.

    One that sees ``privileged`` modalities alone takes them for the prevalent ones, and what only
    it saw is training; there is then nothing that a T-Net could hallucinate.

    Args:
        corpus: of the experiment.
        sees: ``all`` modalities, or the ``privileged`` ones.

    Raises:
        ConfigError: if there is no privileged modality to see.
    """
    if sees == "all":
        return corpus
    if not corpus.privileged:
        raise ConfigError(
            f"network.teacher_sees is {sees!r}, and {corpus.name} has no privileged modality; let "
            f"the teacher see 'all'."
        )
    view = replace(
        corpus,
        prevalent=corpus.privileged,
        privileged=(),
        split=replace(corpus.split, teacher_only=corpus.split.teacher_only[:0]),
    )
    own = np.concatenate([corpus.split.unlabelled, corpus.split.teacher_only])
    return replace(view, split=replace(view.split, unlabelled=complete_only(view, own)))


def trusted_in_batch(corpus: Corpus, settings: TrainingSettings) -> int:
    """How many trusted pairs stand in each batch of a student whose other samples are unpaired."""
    split = corpus.split
    return labelled_in_batch(
        len(split.labelled), len(split.unlabelled), settings.batch_size, settings.labelled_share
    )


def complete_only(corpus: Corpus, indices: IndexArray) -> IndexArray:
    """Those of some samples that have every modality."""
    return indices[corpus.complete[indices]]


def present_only(corpus: Corpus, modality: str, indices: IndexArray) -> IndexArray:
    """Those of some samples that have a modality."""
    if modality not in corpus.present:
        return indices
    return indices[corpus.present[modality][indices]]


def visible_targets(corpus: Corpus) -> Tensor:
    """Targets that the task loss may read, of all N samples on the CPU.

    Those of labelled training samples; the others are missing.
    """
    visible = corpus.task.hidden(corpus.given_targets)
    visible[corpus.split.labelled] = corpus.given_targets[corpus.split.labelled]
    return target_tensor(visible)


def target_tensor(targets: np.ndarray) -> Tensor:
    """Targets as a tensor: whole numbers in int64, real ones in float32."""
    tensor = torch.as_tensor(targets)
    return tensor.float() if tensor.is_floating_point() else tensor
