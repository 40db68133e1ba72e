"""What every distillation method is: teacher's and student's output in, one scalar out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from ..errors import ConfigError, InputError
from ..method.checks import refuse_vmap
from ..method.transport.validation import usable, working_dtype
from ..networks.models import NetworkOutput
from ..networks.named_modules import NamedModules
from ..settings import Settings
from ..tasks import Classification, Task
from .share import Balance

BUDGET = 6
"""How many settings every method may try when methods are compared."""

Grid = tuple[Mapping[str, Any], ...]
"""Choices of settings, each a mapping from names to values."""


def tuning_grid(weights: Iterable[float], **knob: Iterable[Any]) -> Grid:
    """Every weight with every value of a knob, e.g. ``tuning_grid((1, 3, 10), k=(10, 30))``."""
    names = ("weight", *knob)
    return tuple(dict(zip(names, v, strict=True)) for v in product(weights, *knob.values()))


class DistillerSettings(Settings):
    """Settings of every method; its own file adds the rest."""

    weight: float = Field(1.0, ge=0, description="λ, factor of this loss beside the task loss")
    warm_up: int = Field(
        0, ge=0, description="updates over which the weight rises linearly from 0; 0 for none"
    )
    share: float | None = Field(
        None,
        ge=0,
        description="in place of a weight: how strongly the weighted loss pulls on the student's "
        "embedding, as a share of the task loss's pull; null: the weight as it is",
    )
    share_cap: float = Field(
        10.0, ge=1, description="how many times share may raise the weight beyond its first value"
    )
    late: ClassVar[frozenset[str]] = frozenset({"share", "share_cap"})

    def anchors_in_batch(self) -> int:
        """How many samples of a batch serve as anchors; the batch must be larger. 0 if none."""
        return 0


class Distiller(nn.Module, ABC):
    """Base class: a method is a subclass with a name, a title, settings and ``loss``.

    Class attributes:
        name: short name in configurations and on the command line, e.g. ``kd``.
        title: the method's name in tables and figures.
        Settings: its settings, a subclass of :class:`DistillerSettings`.
        reads: what the loss depends on, of ``outputs``, ``embedding``, ``features`` and
            ``targets``. The docstring of a method that reads targets says what it does for absent
            ones.
        needs: what the task must offer, see :class:`pkdot.tasks.Task`: ``classes``, or nothing.
        tuning: exactly :data:`BUDGET` choices of settings, so that no method is compared after a
            longer search than another: six weights, or three with two values of the one knob that
            its paper tunes. The weights begin near the one at which the loss's gradient at the
            embedding is as long as the cross-entropy's, early in training on the digits, and go to
            some thirty times that.
        mapped: whether ``torch.vmap`` may map ``loss`` over many batches of one size: it then looks
            at no value, and the settings but for the weights are those of all.

    Attributes:
        share_is_usual: whether the share was the kit's choice, so that a loop that notes no pulls
            gets a weight in its place.
    """

    name: str
    title: ClassVar[str]
    Settings: ClassVar[type[DistillerSettings]] = DistillerSettings
    reads: tuple[str, ...] = ("embedding",)
    needs: frozenset[str] = frozenset()
    tuning: ClassVar[Grid] = tuning_grid((0.1, 0.3, 1.0, 3.0, 10.0, 30.0))
    mapped: ClassVar[bool] = False

    def __init__(self, settings: DistillerSettings) -> None:
        super().__init__()
        self.settings = settings
        self.share_is_usual = False
        self.task: Task = Classification()
        self.adapters = NamedModules()
        self._updates = 0
        self._applied_weight: float | None = None
        self.balance = self._new_balance()

    def _new_balance(self) -> Balance | None:
        share = self.settings.share
        return None if share is None else Balance(share, self.settings.share_cap)

    def set_task(self, task: Task) -> None:
        """Say what the outputs are; classes, unless this is called before :meth:`prepare`.

        Raises:
            ConfigError: if the method needs what the task does not offer.
        """
        if self.needs <= task.offers:
            self.task = task
            return
        from .registry import methods_for

        lacking = " and ".join(sorted(self.needs - task.offers))
        raise ConfigError(
            f"The method {self.name!r} needs {lacking}, and the task {task.kind!r} has none; "
            f"methods that would do: {', '.join(methods_for(task))}."
        )

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Called once before training, with an example of what ``loss`` will read.

        Starts the warm-up anew. A method with adapters (layers that only the loss needs) extends
        this and puts them into ``self.adapters``, built for the example's widths; their parameters
        then train together with the student and are dropped afterwards. The caller sets the random
        state, and keeps it apart from the student's.

        Args:
            teacher: its output for a few samples; widths count, values do not.
            student: the same.
        """
        self._updates = 0
        self._applied_weight = None
        self.balance = self._new_balance()

    def adapted(self, name: str, x: Tensor) -> Tensor:
        """The output of an adapter for ``x``, in the floating type of ``x``.

        Raises:
            InputError: if :meth:`prepare` has not built it.
        """
        if name not in self.adapters:
            raise InputError(
                f"The method {self.name!r} has no adapter for {name!r} yet; call prepare with an "
                f"example of the teacher's and the student's output first."
            )
        layer = self.adapters[name]
        kind = next((p.dtype for p in layer.parameters()), x.dtype)
        return layer(x) if kind == x.dtype else layer(x.to(kind)).to(x.dtype)

    def get_state(self) -> dict[str, Any]:
        """All that changes while a student learns: adapters, warm-up, draws of its own.

        A method that keeps more between two calls extends this and :meth:`set_state`.
        """
        state: dict[str, Any] = {"tensors": self.state_dict(), "updates": {}, "draws": {}}
        state["balances"] = {}
        for name, part in self.named_modules():
            if isinstance(part, Distiller):
                state["updates"][name] = part._updates
                if part.balance is not None:
                    state["balances"][name] = part.balance.get_state()
                if isinstance(generator := getattr(part, "generator", None), torch.Generator):
                    state["draws"][name] = generator.get_state()
        return state

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`get_state` gave, after :meth:`prepare` with a like example."""
        self.load_state_dict(state["tensors"])
        parts = dict(self.named_modules())
        for name, updates in state["updates"].items():
            parts[name]._updates = updates
        for name, balance in state["balances"].items():
            parts[name].balance.set_state(balance)
        for name, draws in state["draws"].items():
            parts[name].generator.set_state(draws.cpu())

    @abstractmethod
    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        """The unweighted loss of a batch, a scalar.

        Args:
            teacher: constants; (B, W) outputs, (B, D) embedding, features.
            student: the same, with gradients.
            targets: classes (B,), -1 where training has none; or values (B, T), NaN likewise.
        """

    def loss_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int
    ) -> Tensor:
        """The unweighted loss where only the first samples of teacher and student are pairs.

        A method that can learn from recordings that only one of them has seen overrides this; any
        other learns from the trusted pairs alone.

        Args:
            teacher: constants, of B_T samples; the first ``trusted`` are pairs, of the others
                nobody knows whom they belong to.
            student: of B_S samples, with gradients; the first ``trusted`` are the teacher's.
            targets: of the student's samples, as for :meth:`loss`.
            trusted: n, how many pairs.
        """
        first = slice(trusted)
        return self.loss(
            teacher.map(lambda x: x[first]), student.map(lambda x: x[first]), targets[first]
        )

    def weight(self, targets: Tensor) -> float:
        """λ for a batch with these targets."""
        return self.settings.weight

    def next_weight(self, targets: Tensor) -> float:
        """λ for the next batch, warm-up included; in training mode that is one update of it.

        Raises:
            InputError: if it is to be a share of the task's pull, and nobody noted any.
        """
        weight = self.weight(targets) if self.balance is None else self._balanced_weight(targets)
        if self.settings.warm_up:
            weight *= min(1.0, self._updates / self.settings.warm_up)
            self._updates += self.training
        self._applied_weight = weight
        return weight

    def _balanced_weight(self, targets: Tensor) -> float:
        assert self.balance is not None
        if not self.balance.noted:
            if self.share_is_usual:
                return self.weight(targets)
            raise InputError(
                f"The method {self.name!r} has a share of {self.settings.share:g} in place of a "
                f"weight, and has not seen the task loss; give the pulls of both to balance.note "
                f"before each call, or set a weight and no share."
            )
        return self.balance.weight

    def applied_weights(self) -> dict[str, float]:
        """Method -> λ of the last call, warm-up included; empty before the first call."""
        return {} if self._applied_weight is None else {self.name: self._applied_weight}

    def forward(
        self,
        teacher: NetworkOutput,
        student: NetworkOutput,
        targets: Tensor,
        trusted: int | None = None,
    ) -> Tensor:
        """Weight times :meth:`loss`, the teacher's output taken as a constant.

        Computed as :meth:`terms` says. Each call in training mode is one update of the warm-up.

        Args:
            teacher: output for the teacher's samples.
            student: output for the student's samples.
            targets: of the student's samples.
            trusted: how many samples, the first of both, are pairs, see :meth:`loss_unpaired`; all
                are where left out.

        Raises:
            InputError: within ``torch.vmap``, which hides the values of a batch.
        """
        return weighted(self.terms(teacher, student, targets, trusted), targets)

    def terms(
        self,
        teacher: NetworkOutput,
        student: NetworkOutput,
        targets: Tensor,
        trusted: int | None = None,
    ) -> "list[tuple[Distiller, Tensor]]":
        """Each part with its unweighted loss; a method that is no sum is its only part.

        Computed in float32, or float64 where any output is, whatever autocast is in force: half
        precision cannot hold a Gram matrix or a plan. Arguments and errors as for :meth:`forward`.
        """
        refuse_vmap(student.embedding)
        dtype = working_dtype(
            teacher.outputs, teacher.embedding, student.outputs, student.embedding
        )
        teacher = teacher.map(lambda x: usable(x.detach(), dtype))
        student = student.map(lambda x: usable(x, dtype))
        targets = usable(targets, targets.dtype)
        device = student.embedding.device.type
        if not torch.is_autocast_enabled(device):
            return [(self, self._loss_of(teacher, student, targets, trusted))]
        with torch.autocast(device, enabled=False):
            return [(self, self._loss_of(teacher, student, targets, trusted))]

    def _loss_of(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int | None
    ) -> Tensor:
        if trusted is None:
            return self.loss(teacher, student, targets)
        return self.loss_unpaired(teacher, student, targets, trusted)


def weighted(terms: Iterable[tuple[Distiller, Tensor]], targets: Tensor) -> Tensor:
    """The sum of :meth:`Distiller.terms`, each times the next weight of its method."""
    first, *others = (part.next_weight(targets) * loss for part, loss in terms)
    return sum(others, start=first)


def has_target(targets: Tensor) -> Tensor:
    """Which samples of a batch have any target, (B,) bool."""
    if not targets.is_floating_point():
        return targets >= 0
    return targets.isfinite().flatten(1).any(1)
