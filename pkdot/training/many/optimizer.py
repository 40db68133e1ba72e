"""AdamW on the rows of many members, each at its own learning rate."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adamw import adamw

from ..learning import Schedule
from ..settings import TrainingSettings


class StackedAdamW:
    """AdamW, as :func:`pkdot.training.loop.fit` uses it, for all members' rows at once.

    Learning rates come from torch's own schedulers, one for all members that share a schedule.

    Args:
        flat: (M, P), the rows.
        settings: learning rate, its schedule and weight decay.
        lengths: batches an epoch of each member.
    """

    def __init__(self, flat: Tensor, settings: TrainingSettings, lengths: Sequence[int]) -> None:
        self._settings = settings
        self._average = torch.zeros_like(flat, requires_grad=False)
        self._square = torch.zeros_like(flat, requires_grad=False)
        self._made = 0
        # One-cycle rates depend on the length of an epoch alone, those of a plateau on the member.
        alone = settings.schedule == "plateau"
        self._of = [row if alone else length for row, length in enumerate(lengths)]
        self._rates = {key: _Rate(settings, n) for key, n in zip(self._of, lengths, strict=True)}

    def keep(self, places: Sequence[int]) -> None:
        """Leave out all members but those at these places."""
        index = torch.as_tensor(places, device=self._average.device)
        self._average, self._square = self._average[index], self._square[index]
        self._of = [self._of[i] for i in places]

    @torch.no_grad()
    def step(self, flat: Tensor) -> None:
        """Move (M, P) rows against their gradient, by way of the moments kept so far."""
        groups: dict[tuple[float, float], list[int]] = {}
        for row, key in enumerate(self._of):
            groups.setdefault(self._rates[key].now, []).append(row)
        gradient = flat.grad
        assert gradient is not None
        whole = (flat, gradient, self._average, self._square)
        for (rate, beta), rows in groups.items():
            parts = [[x] if len(groups) == 1 else [x[row] for row in rows] for x in whole]
            params, grads, averages, squares = parts
            made = torch.tensor(float(self._made), device=flat.device)
            adamw(
                params=params,
                grads=grads,
                exp_avgs=averages,
                exp_avg_sqs=squares,
                max_exp_avg_sqs=[],
                state_steps=[made.clone() for _ in params],
                fused=True,
                amsgrad=False,
                beta1=beta,
                beta2=0.999,
                lr=rate,
                weight_decay=self._settings.weight_decay,
                eps=1e-8,
                maximize=False,
            )
        self._made += 1
        for key in dict.fromkeys(self._of):
            self._rates[key].step()

    def note(self, place: int, progress: float) -> None:
        """Tell the schedule of a member what its epoch has come to."""
        if self._settings.schedule == "plateau":
            self._rates[self._of[place]].note(progress)


class _Rate:
    """Learning rate and first moment's decay of one schedule, from torch's scheduler."""

    def __init__(self, settings: TrainingSettings, length: int) -> None:
        nothing = torch.nn.Parameter(torch.zeros(()))
        self._optimizer = torch.optim.AdamW([nothing], lr=settings.learning_rate)
        schedule = Schedule(self._optimizer, settings, length)
        self.step, self.note = schedule.after_update, schedule.after_epoch
        self._optimizer.step()  # a scheduler warns where none was made before its own first one

    @property
    def now(self) -> tuple[float, float]:
        group = self._optimizer.param_groups[0]
        return float(group["lr"]), float(group["betas"][0])
