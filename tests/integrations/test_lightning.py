"""A real Lightning Trainer on the CPU leaves a record that the page can open."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import pkdot
from pkdot.errors import ConfigError, RecordError

pl = pytest.importorskip("pytorch_lightning", reason="pip install pkdot[lightning]")
from pkdot.integrations.lightning import RecordEmbeddings, by_split, evaluating  # noqa: E402

N = 24
Z = torch.randn(N, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(N) % 2
PROBE = pkdot.Probe([f"s{i}" for i in range(N)], None, LABELS)


class Student(pl.LightningModule):  # type: ignore[misc]
    """A frozen teacher inside, a student that imitates it, and a metric of either split."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.teacher = nn.Linear(6, 4).eval().requires_grad_(False)
        self.student = nn.Sequential(nn.Linear(6, 3), nn.Dropout(0.5))
        self.fails_at = fails_at

    def loss(self, batch: Any) -> torch.Tensor:
        (z,) = batch
        return pkdot.PKDOTLoss(k=4)(self.teacher(z), self.student(z))

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        if self.fails_at == self.current_epoch:
            raise ValueError("the data ran out")
        loss = self.loss(batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=0.01)


def embed(module: Student) -> tuple[torch.Tensor, torch.Tensor]:
    assert not module.training
    assert not torch.is_grad_enabled()
    return module.teacher(Z), module.student(Z)


def fit(folder: Path, module: Student, epochs: int = 3, **options: Any) -> RecordEmbeddings:
    callback = RecordEmbeddings(embed, PROBE, runs_dir=folder, class_names=("no", "yes"), **options)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(Z), batch_size=12)
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[callback],
        default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(module, loader, loader)
    return callback


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_a_trainer_leaves_a_finished_record(tmp_path: Path) -> None:
    module = Student()
    record = fit(tmp_path, module, seed=3, method="pkdot").record
    assert record.status == "finished"
    assert (record.seed, record.method, record.class_names) == (3, "pkdot", ("no", "yes"))
    assert record.epochs == [0, 1, 2, 3]
    with evaluating(module), torch.no_grad():
        np.testing.assert_allclose(record.embeddings(3).student, module.student(Z), rtol=1e-6)
    assert list(record.probe["sample_id"]) == list(PROBE.sample_ids)
    rows = record.metrics
    assert set(zip(rows["split"], rows["name"], strict=True)) == {
        ("train", "loss"),
        ("validation", "loss"),
    }
    assert sorted(rows["epoch"].unique()) == [1, 2, 3]
    assert len(record.maps())


def test_the_teacher_is_kept_once_and_the_student_moves(tmp_path: Path) -> None:
    record = fit(tmp_path, Student()).record
    first, last = record.embeddings(0), record.embeddings(3)
    np.testing.assert_array_equal(first.teacher, last.teacher)
    assert np.abs(first.student - last.student).max() > 1e-3


def test_embeddings_are_logged_every_few_epochs_and_at_the_end(tmp_path: Path) -> None:
    assert fit(tmp_path, Student(), epochs=5, every=2).record.epochs == [0, 2, 4, 5]


def test_a_module_that_fails_leaves_a_failed_record(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ran out"):
        fit(tmp_path, Student(fails_at=1))
    (folder,) = (path for path in tmp_path.iterdir() if (path / "run.json").is_file())
    record = pkdot.open_record(folder)
    assert record.status == "failed"
    assert "the data ran out" in record.sentence
    assert record.epochs == [0, 1]


def test_embeddings_that_do_not_fit_the_probe_fail_at_once(tmp_path: Path) -> None:
    callback = RecordEmbeddings(lambda _: (Z[:5], Z[:5]), PROBE, runs_dir=tmp_path)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(Z), batch_size=12)
    trainer = pl.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[callback],
    )  # fmt: skip
    with pytest.raises(pkdot.errors.InputError, match="The probe has 24 samples, but 5 rows"):
        trainer.fit(Student(), loader)
    assert callback.record.status == "failed"


def test_parts_of_a_module_are_as_they_were() -> None:
    module = Student()
    module.student[1].eval()
    module.student[0].train()
    with evaluating(module):
        assert not any(part.training for part in module.modules())
    assert module.training
    assert not module.teacher.training
    assert module.student[0].training
    assert not module.student[1].training


def test_metrics_are_sorted_by_split() -> None:
    logged = {
        "loss": 1.0, "train_loss_step": 2.0, "train_loss_epoch": 3.0, "train_loss": 3.0,
        "val_loss": 4.0, "val/accuracy": torch.tensor(0.5), "test_ccc": float("inf"),
    }  # fmt: skip
    found = by_split(logged)
    assert found["train"] == {"loss": 1.0, "train_loss": 3.0}
    assert found["validation"] == {"loss": 4.0, "accuracy": 0.5}
    assert found["test"] == {"ccc": float("inf")}
    assert by_split({"train/ccc": 0.25}) == {"train": {"ccc": 0.25}}


def test_misuse_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match="from 1, not 0"):
        RecordEmbeddings(embed, PROBE, every=0)
    with pytest.raises(RecordError, match="no record yet"):
        _ = RecordEmbeddings(embed, PROBE).record
