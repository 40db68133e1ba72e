"""Several ranks learn what one learns, agree on when to stop, and end together."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pkdot import open_record
from pkdot.errors import ConfigError
from pkdot.experiments.ranks import Ranks, check_ranks, make_fabric
from pkdot.networks.ranks import GatheredBatchNorm, gather_batch_norms
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus

ROOT = Path(__file__).parents[2]


def in_a_process_of_its_own(source: str, *given: object) -> subprocess.CompletedProcess[str]:
    """Run a script that forks its ranks."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", source, *map(str, given)],
        env=environment, timeout=500, check=True, capture_output=True, text=True,
    )  # fmt: skip


NORMS = """
import os, sys
import torch
from pathlib import Path
from torch import distributed, nn
from safetensors.torch import save_file
from pkdot.networks.ranks import gather_batch_norms, dealt_rows
from tests.support.ranks import on_ranks

def learn(ranks, out):
    rank = int(os.environ.get("LOCAL_RANK", 0))
    if ranks > 1:
        distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    found = {}
    kinds = {"vectors": (nn.BatchNorm1d, (12, 3)), "tokens": (nn.BatchNorm1d, (12, 3, 5)),
             "clips": (nn.BatchNorm3d, (12, 3, 2, 4, 4))}
    for name, (kind, shape) in kinds.items():
        torch.manual_seed(0)
        x = 100 + torch.randn(shape, dtype=torch.float64)
        aim = torch.randn(shape, dtype=torch.float64)
        network = nn.Sequential(kind(3, momentum=None if name == "tokens" else 0.1)).double()
        if ranks > 1:
            gather_batch_norms(network)
        own = x[rank::ranks].clone().requires_grad_(True)
        for _ in range(2):
            y = network(own)
            whole = dealt_rows(y) if ranks > 1 else y
            ((whole * aim).sum() + whole.pow(3).sum()).backward()
        parameters = {n: p.grad.clone() for n, p in network.named_parameters()}
        if ranks > 1:  # as DDP does
            for gradient in parameters.values():
                distributed.all_reduce(gradient)
                gradient /= ranks
        slope = torch.zeros(shape, dtype=torch.float64)
        slope[rank::ranks] = own.grad / ranks
        if ranks > 1:
            distributed.all_reduce(slope)
        found |= {f"{name} y": whole.detach(), f"{name} slope": slope}
        found |= {f"{name} grad {n}": g for n, g in parameters.items()}
        found |= {f"{name} {n}": b for n, b in network.named_buffers()}
    if rank == 0:
        save_file({n: x.contiguous() for n, x in found.items()}, out)

for ranks in (1, 2):
    assert on_ranks(ranks, learn, ranks, f"{sys.argv[1]}/{ranks}.safetensors") == [0] * ranks
"""


@pytest.mark.slow
def test_gathered_batch_norms_are_those_of_the_whole_batch(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    in_a_process_of_its_own(NORMS, tmp_path)
    one, two = (load_file(tmp_path / f"{ranks}.safetensors") for ranks in (1, 2))
    assert len(one) == 3 * 7
    for name, expected in one.items():
        torch.testing.assert_close(two[name], expected, rtol=1e-9, atol=1e-9, msg=name)


def test_a_gathered_batch_norm_is_torchs_on_one_rank() -> None:
    norm = torch.nn.BatchNorm1d(3)
    network = torch.nn.Sequential(torch.nn.Sequential(norm, torch.nn.ReLU()), norm)
    before = network.state_dict()
    gather_batch_norms(network)
    assert isinstance(network[0][0], GatheredBatchNorm)
    assert isinstance(network[1], GatheredBatchNorm)
    assert network[1].weight is norm.weight
    assert list(network.state_dict()) == list(before)
    x = torch.randn(8, 3)
    fresh = torch.nn.BatchNorm1d(3)
    assert torch.equal(network[1](x), fresh(x))
    assert torch.equal(network[1].eval()(x), fresh.eval()(x))


TRAININGS = """
import sys
import numpy as np, torch
from pathlib import Path
from lightning_fabric import Fabric
from pkdot.experiments.recording import RecordKeeper
from tests.support.interruption import EVERYTHING, run
from tests.support.ranks import on_ranks
from tests.support.small_config import small_config
from tests.support.small_corpora import windows_corpus

# A bias before a batch norm has no gradient but rounding, which Adam makes a step of; a small loss
# keeps it, and what the running means make of it, below what is compared.
exact = {"network.dropout": 0.0, "network.input_noise": 0.0}
exact |= {"options.pkdot.tolerance": 1e-12, "options.pkdot.weight": 1.0}
given = {
    "digits": {"config": small_config().changed(EVERYTHING | exact)},
    "windows": {
        "config": small_config().changed(exact | {"options.pkdot.share": 1.0}),
        "corpus": windows_corpus(),
    },
}[sys.argv[2]]
conclude = RecordKeeper.conclude

def train(ranks, folder):
    torch.set_default_dtype(torch.float64)
    strategy = "ddp" if ranks > 1 else "auto"
    fabric = Fabric(accelerator="cpu", devices=ranks, strategy=strategy, precision="64-true")
    fabric.launch()

    def keep(self, trained):
        np.savez(folder / "exact", outputs=trained.output.outputs, z=trained.output.embedding,
                 teacher=trained.shared.targets.output.outputs)
        conclude(self, trained)

    RecordKeeper.conclude = keep
    run(folder, fabric=fabric, checkpoint_every=None, **given)

for ranks in (1, 2):
    folder = Path(sys.argv[1]) / str(ranks)
    folder.mkdir()
    assert on_ranks(ranks, train, ranks, folder) == [0] * ranks
"""


@pytest.mark.slow
@pytest.mark.parametrize("corpus", ["digits", pytest.param("windows", marks=pytest.mark.full)])
def test_two_ranks_learn_what_one_learns(tmp_path: Path, corpus: str) -> None:
    """Teacher, T-Net and student: the same losses, the same epochs, the same answers."""
    in_a_process_of_its_own(TRAININGS, tmp_path, corpus)
    answers = [np.load(tmp_path / ranks / "exact.npz") for ranks in "12"]
    for name in ("outputs", "z", "teacher"):
        assert answers[0][name].dtype == np.float64
        assert np.abs(answers[0][name] - answers[1][name]).max() < 1e-8, name
    one, two = (open_record(next((tmp_path / r).glob("*/run.json"))) for r in "12")
    assert one.best_epoch == two.best_epoch
    assert one.facts["best_epochs"] == two.facts["best_epochs"]
    places = ["stage", "epoch", "split", "name"]
    assert one.metrics[places].equals(two.metrics[places])
    apart = (one.metrics["value"] - two.metrics["value"]).abs()
    assert apart[one.metrics["split"] == "train"].max() < 1e-8
    assert apart.max() < 1e-5  # scores are taken in float32
    assert two.facts["ranks"] == 2


HALF = """
import sys
import torch
from pathlib import Path
from lightning_fabric import Fabric
from pkdot.distillers import Distiller
from tests.support.interruption import run
from tests.support.ranks import on_ranks
from tests.support.small_config import small_config

def train(folder):
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp", precision="bf16-mixed")
    fabric.launch()
    terms, kinds = Distiller.terms, set()

    def seen(self, *given):
        found = terms(self, *given)
        kinds.update(loss.dtype for _, loss in found)
        return found

    Distiller.terms = seen
    config = small_config(precision="bf16-mixed").changed({"options.pkdot.share": 1.0})
    run(folder, fabric=fabric, config=config, checkpoint_every=None)
    assert kinds == {torch.float32}, kinds

assert on_ranks(2, train, Path(sys.argv[1])) == [0, 0]
"""


@pytest.mark.full
@pytest.mark.slow
def test_half_precision_on_two_ranks_keeps_the_loss_in_single(tmp_path: Path) -> None:
    in_a_process_of_its_own(HALF, tmp_path)
    (record,) = map(open_record, tmp_path.iterdir())
    assert record.status == "finished"
    assert np.isfinite(record.metrics["value"]).all()
    weights = record.metrics.query("name == 'weight'")["value"]
    assert len(weights)
    assert weights.gt(0).all(), "a share of the pulls in half precision"


LOST = """
import sys, time
from pathlib import Path
from lightning_fabric import Fabric
from pkdot.errors import TrainingError
from tests.support.interruption import ended_before, kill, run
from tests.support.ranks import on_ranks
from tests.support.small_config import small_config

def train(folder):
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp")
    fabric.launch()
    with ended_before("update", 9, kill if fabric.global_rank == 1 else lambda: None):
        try:
            run(folder, fabric=fabric, config=small_config())
        except TrainingError as error:
            print(error)
            raise

began = time.monotonic()
print(on_ranks(2, train, Path(sys.argv[1])), time.monotonic() - began < 60)
"""


@pytest.mark.slow
def test_a_rank_that_dies_ends_the_others_with_a_sentence(tmp_path: Path) -> None:
    said = in_a_process_of_its_own(LOST, tmp_path).stdout.splitlines()
    assert said[-1] == "[1, -9] True"
    assert any("Rank 0 of 2 has lost the others" in line for line in said)
    (record,) = map(open_record, tmp_path.iterdir())
    assert record.status == "failed"
    assert "then resume the run" in record.sentence


@pytest.mark.slow
@pytest.mark.parametrize("starter", ["pkdot", pytest.param("torchrun", marks=pytest.mark.full)])
def test_the_command_line_starts_ranks(tmp_path: Path, starter: str) -> None:
    small = ["--set", "training.epochs=1", "--set", "data.n_labelled=40"]
    run = ["-m", "pkdot", "run", "--quiet", "--runs", str(tmp_path), *small]
    command = [sys.executable, *run, "--devices", "2"]
    if starter == "torchrun":
        start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        command = [sys.executable, *start, *run]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, timeout=300, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3, "one process speaks"
    (record,) = map(open_record, tmp_path.iterdir())
    assert (record.status, record.facts["ranks"]) == ("finished", 2)


def test_ranks_that_cannot_be(monkeypatch) -> None:
    with pytest.raises(ConfigError, match="at least one device"):
        Ranks.here(devices=0)
    with pytest.raises(ConfigError, match="choose auto or ddp"):
        Ranks(2, strategy="fsdp")
    with pytest.raises(ConfigError, match="too few for 5000 processes"):
        make_fabric(small_config(), Ranks(5000))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match="cannot use device 'cuda' 2 times"):
        make_fabric(small_config(device="cuda"), Ranks(2))
    with pytest.raises(ConfigError, match="less than two each"):
        check_ranks(small_config(), small_corpus(), 20)
    with pytest.raises(ConfigError, match="lower k"):
        check_ranks(
            small_config(options={"pkdot": {"k": 31, "policy": "shared"}}), small_corpus(), 3
        )


def test_torchrun_says_how_many_there_are(monkeypatch) -> None:
    told = {"TORCHELASTIC_RUN_ID": "x", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert Ranks.here() == Ranks(2, 3)
    with pytest.raises(ConfigError, match="started 2 processes on 3 nodes, not 4 on 3"):
        Ranks.here(devices=4)
