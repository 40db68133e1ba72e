"""A Lightning callback that keeps a run record while any LightningModule trains.

    callback = RecordEmbeddings(
        lambda module: (module.teacher(sharp), module.student(coarse)),
        pkdot.Probe(ids, subjects, labels),
    )
    Trainer(max_epochs=30, callbacks=[callback]).fit(module, loader)
    callback.record.path  # what `python -m pkdot app` shows

Epoch 0 of the record is before training, epoch e after e epochs of the Trainer.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, RecordError
from ..record import Probe, Recorder, RunRecord, open_record

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:
    try:
        from pytorch_lightning.callbacks import Callback
    except ImportError as error:
        raise ConfigError(
            "This callback needs Lightning; pip install 'pkdot[lightning]', or use pkdot.Recorder "
            "in a loop of your own."
        ) from error

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

Embed = Callable[[Any], "tuple[Tensor, Tensor]"]
SPLITS = {
    **{"val": "validation", "valid": "validation", "validation": "validation"},
    **{"train": "train", "test": "test"},
}


class RecordEmbeddings(Callback):
    """Keeps the embeddings of a probe, and every metric that the module logs, as a run record.

    Metrics stand under the stage ``student``; ``val_loss`` is ``loss`` on validation samples, and a
    name without such a beginning belongs to training. With several processes the first one writes.
    An exception marks the record failed, Ctrl-C stopped. Each call of ``fit`` makes a record.

    Args:
        embed: gives the embeddings of the probe, teacher (N, D) and student (N, D'), from the
            module; it is called in eval mode, without gradients, on the module's device.
        probe: the N samples, in the order of these rows.
        every: epochs from one logged embedding to the next; the last epoch is always logged.
        name: what people call the run.
        **options: what else :class:`pkdot.Recorder` takes: ``task``, ``class_names``,
            ``runs_dir``, ``corpus``, ``method``, ``seed``, ``config``, ``facts``.

    Raises:
        ConfigError: if ``every`` is below 1.
    """

    def __init__(
        self,
        embed: Embed,
        probe: Probe,
        *,
        every: int = 1,
        name: str = "a Lightning run",
        **options: Any,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ConfigError(f"every counts epochs from 1, not {every}.")
        self._embed, self._probe, self._every = embed, probe, every
        self._name, self._options = name, options
        self._recorder: Recorder | None = None
        self._logged = -1

    @property
    def record(self) -> RunRecord:
        """The record of the last ``fit``, also while it is being written.

        Raises:
            RecordError: if nothing was fitted, or another process writes the record.
        """
        if self._recorder is None:
            raise RecordError("There is no record yet; call the Trainer's fit first.")
        return open_record(self._recorder.path)

    # -- what Lightning calls ----------------------------------------------------------------

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin a record with the embeddings before training."""
        if not trainer.is_global_zero:
            return
        self._recorder = Recorder(self._name, probe=self._probe, **self._options)
        self._logged = -1
        with self._failing_marks_the_record():
            self._log_embeddings(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep the epoch's metrics and, where it is its turn, its embeddings."""
        if self._recorder is None:
            return
        epoch = trainer.current_epoch + 1
        with self._failing_marks_the_record():
            for split, values in by_split(trainer.callback_metrics).items():
                self._recorder.log_metrics("student", epoch, split, values)
            if epoch % self._every == 0:
                self._log_embeddings(trainer, pl_module, epoch)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep the last embeddings, and finish the record."""
        if self._recorder is None:
            return
        with self._failing_marks_the_record():
            if self._logged < trainer.current_epoch:
                self._log_embeddings(trainer, pl_module, trainer.current_epoch)
            self._recorder.finish()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Say in the record why training ended."""
        if self._recorder is not None:
            self._recorder.__exit__(type(exception), exception, exception.__traceback__)

    # -- inside ------------------------------------------------------------------------------

    def _log_embeddings(self, trainer: Any, module: Any, epoch: int = 0) -> None:
        import torch

        assert self._recorder is not None
        with evaluating(module), torch.no_grad():
            teacher, student = self._embed(module)
        self._recorder.log_embeddings(epoch, teacher=teacher, student=student)
        self._logged = epoch

    @contextmanager
    def _failing_marks_the_record(self) -> Iterator[None]:
        """Lightning reports no exception of a hook that runs before or after its loop."""
        try:
            yield
        except BaseException as error:
            assert self._recorder is not None
            self._recorder.__exit__(type(error), error, error.__traceback__)
            raise


@contextmanager
def evaluating(module: "Module") -> Iterator[None]:
    """A module in eval mode; afterwards each of its parts is as it was."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def by_split(metrics: Any) -> dict[str, dict[str, float]]:
    """Metrics as Lightning names them, ``val_loss`` or ``val/loss`` say, by split and name.

    Where a metric was logged by step and by epoch, that of the epoch is kept; where ``loss`` and
    ``train_loss`` are both there, each keeps its whole name.
    """
    found: dict[str, dict[str, float]] = {}
    for whole, value in metrics.items():
        base = whole.removesuffix("_step").removesuffix("_epoch")
        both = f"{base}_step" in metrics and f"{base}_epoch" in metrics
        if both and not whole.endswith("_epoch"):
            continue
        name = base if both else whole
        first, _, rest = name.replace("/", "_").partition("_")
        split = SPLITS.get(first) if rest else None
        own = rest if split and not (split == "train" and rest in metrics) else name
        found.setdefault(split or "train", {})[own] = float(value)
    return found
