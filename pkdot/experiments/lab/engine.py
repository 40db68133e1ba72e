"""Two students of one seed learn from the same batches, one of them from a teacher, too."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...analysis.projection import aligned, normalised, pca_map
from ...data.batches import Batches
from ...distillers.transported import TransportDistiller
from ...errors import ConfigError
from ...method.loss import PKDOTLoss
from ...networks.models import NetworkOutput
from ...training.student import Distillation
from ..experiment import surroundings
from ..recording import probe_rows
from .frame import Array, BatchFrame, LabFrame
from .learner import Learner, Update, first_score
from .settings import LabSettings
from .teacher import LabTeacher, prepare_lesson


class Lab:
    """Both students, and what there is to see of them.

    The same teacher, settings and steps give the same frames, whatever else the process computes.

    Args:
        teacher: see :func:`pkdot.experiments.lab.train_lab_teacher`; it is not changed.
        settings: at the beginning.

    Attributes:
        teacher_score: the task's first score of the teacher on the test samples.
        settings: from the next batch on.
        frame: after the last batch.
    """

    def __init__(self, teacher: LabTeacher, settings: LabSettings | None = None) -> None:
        self.teacher = teacher
        self.settings = self._checked(settings or LabSettings())
        corpus = teacher.corpus
        self._test = corpus.split.test
        self._probe = probe_rows(corpus, teacher.config.probe_size).samples(np.arange(len(corpus)))
        # Of the probe alone, as of any other samples: where they lie among the test's answers.
        self._among = np.searchsorted(self._test, self._probe)
        outputs = teacher.shared.targets.at(self._test, torch.device("cpu"))
        self.teacher_score = first_score(corpus, outputs, self._test)
        seen = outputs.embedding[torch.as_tensor(self._among)]
        self._teacher_map = normalised(pca_map(seen.numpy()))
        self.frame = self.restart()

    @property
    def batch(self) -> int:
        """Batches learnt."""
        return len(self._scores) - 1

    def restart(self) -> LabFrame:
        """Begin again with fresh weights and the first batch, under the settings as they are."""
        with self._surroundings():
            self._lesson = prepare_lesson(self.teacher, self.settings)
            self._taught = Learner(self._lesson, self.settings)
            self._alone = Learner(self._lesson, self.settings, is_alone=True)
            self._applied = self.settings
            self._scores: list[tuple[float, float]] = []
            self.frame = self._look(self._examine(), None)
        return self.frame

    def change(self, **changes: Any) -> LabSettings:
        """Change some settings from the next batch on; weights, optimisers and draws go on.

        Raises:
            ConfigError: for an unknown setting, or a value out of range; nothing changes then.
        """
        self.settings = self._checked(LabSettings(**{**self.settings.model_dump(), **changes}))
        return self.settings

    def _checked(self, settings: LabSettings) -> LabSettings:
        size = self.teacher.config.training.batch_size
        if settings.k is not None and settings.k >= size:
            raise ConfigError(
                f"k is {settings.k}, and a batch holds {size} samples; give fewer anchors, or none "
                f"for all of them."
            )
        return settings

    def step(self, batches: int = 1) -> LabFrame:
        """Learn so many batches, one at least; the frame after the last.

        Raises:
            TrainingError: where a loss is not finite.
        """
        with self._surroundings():
            self._apply_changes()
            for _ in range(max(1, batches)):
                drawn = self._batches.draw()
                update = self._taught.update(drawn)
                self._alone.update(drawn)
                answers = self._examine()
            self.frame = self._look(answers, update)
        return self.frame

    @property
    def students(self) -> tuple[torch.nn.Module, torch.nn.Module]:
        """The student that is taught, and the one alone."""
        return self._taught.student, self._alone.student

    def _surroundings(self) -> Any:
        return surroundings(self.teacher.config.threads)

    @property
    def _batches(self) -> Batches:
        return self._taught.prepared.spec.batches

    def _apply_changes(self) -> None:
        new, old = self.settings, self._applied
        if new == old:
            return
        has_other_data = (new.n_labelled, new.wrong) != (old.n_labelled, old.wrong)
        before = self._batches.get_state()
        if has_other_data:
            self._lesson = prepare_lesson(self.teacher, new)
            self._alone.follow(self._lesson, new)
        self._taught.follow(self._lesson, new)
        if new.n_labelled == old.n_labelled:  # the samples are the same, and their order goes on
            self._batches.set_state(before)
        self._applied = new

    # -- what there is to see ----------------------------------------------------------------

    def _examine(self) -> list[NetworkOutput]:
        """Both students' answers on the test samples, whose scores are kept."""
        learners = (self._taught, self._alone)
        answers = [learner.answers(self._test) for learner in learners]
        taught, alone = (first_score(self.teacher.corpus, own, self._test) for own in answers)
        self._scores.append((taught, alone))
        return answers

    def _look(self, answers: list[NetworkOutput], update: Update | None) -> LabFrame:
        return LabFrame(
            self.batch,
            self._applied,
            np.array(self._scores, dtype=np.float32),
            None if update is None else self._last(update),
            self._probe,
            self.teacher.corpus.targets[self._probe],
            self._teacher_map,
            *(self._map(own.embedding) for own in answers),
        )

    def _map(self, embedding: Tensor) -> Array:
        own = embedding[torch.as_tensor(self._among)].cpu().numpy()
        return aligned(normalised(pca_map(own)), self._teacher_map)

    @torch.no_grad()
    def _last(self, update: Update) -> BatchFrame:
        corpus, split = self._lesson.context.corpus, self._lesson.context.corpus.split
        indices = update.snapshot.indices
        order = np.lexsort((indices, corpus.targets[indices]))
        indices = indices[order]
        places = torch.as_tensor(order)
        loss, is_own = self._structural()
        steps = loss.steps(update.snapshot.teacher[places], update.snapshot.student[places])
        plan = loss.plan(steps.teacher_rows, steps.student_rows).plan
        return BatchFrame(
            indices,
            self._lesson.partners[indices],
            corpus.targets[indices],
            np.isin(indices, split.labelled),
            steps.teacher_similarity.numpy(),
            steps.student_similarity.numpy(),
            steps.anchors.numpy(),
            plan.numpy(),
            is_own,
            torch.linalg.vector_norm(update.pull[places], dim=1).numpy(),
            {name: update.parts[name] for name in ("task", "distillation")},
        )

    def _structural(self) -> tuple[PKDOTLoss, bool]:
        """The loss between rows, and whether the method has it; else PKDOT's, for the figures."""
        distillation = self._taught.prepared.distillation
        assert isinstance(distillation, Distillation)
        for part in distillation.distiller.modules():
            if isinstance(part, TransportDistiller):
                return part.structural, True
        return PKDOTLoss(blur=self._applied.blur, **self._applied.anchor_options), False
