"""A run that was interrupted and resumed ends as one that was not: the same bytes."""

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
import torch

from pkdot import open_record
from pkdot.__main__ import main
from pkdot.atomic_files import WriterLock
from pkdot.data import Corpus
from pkdot.errors import ConfigError, DataError, HeldError
from pkdot.experiments.checkpoints import RunCheckpoints
from pkdot.experiments.own_networks import KITS
from pkdot.experiments.recording import RecordKeeper
from pkdot.experiments.resumption import Resumption
from pkdot.record import schema
from pkdot.record.environment import environment_facts
from tests.support.clips import clip_corpus
from tests.support.interruption import Ended, contents, ended_before, every_state, run, unequal
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus, windows_corpus

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a run without an interruption, and without a checkpoint."""
    folder = tmp_path_factory.mktemp("whole")
    return run(folder, config=every_state(), checkpoint_every=None)


def interrupted(folder: Path, moment: str, number: int, **given: object) -> Path:
    """The record of a run that was ended at a moment."""
    with ended_before(moment, number), pytest.raises(Ended):
        run(folder, **given)
    (record,) = (path for path in folder.iterdir() if path.is_dir())
    return record


def resume_files(record: Path) -> list[Path]:
    return sorted((record / schema.RESUME).glob("*.safetensors"))


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        pytest.param("update", 1, id="before anything is kept", marks=pytest.mark.slow),
        pytest.param("update", 13, id="when the teacher has ended"),
        pytest.param("update", 19, id="within an epoch of the T-Net", marks=pytest.mark.slow),
        pytest.param("report", 11, id="before an epoch is on record", marks=pytest.mark.slow),
        pytest.param("file", 36, id="between two files of an epoch"),
        pytest.param("checkpoint", 38, id="before an epoch is kept", marks=pytest.mark.slow),
        pytest.param("conclusion", 1, id="when all have learnt"),
    ],
)
def test_resumed_equals_uninterrupted(
    tmp_path: Path, whole: Path, moment: str, number: int
) -> None:
    record = interrupted(tmp_path, moment, number, config=every_state())
    assert run(tmp_path, resume=record.name) == record
    assert unequal(record, whole) == []
    assert not (record / schema.RESUME).exists()


@pytest.mark.slow
def test_twice_interrupted_and_seldom_kept(tmp_path: Path, whole: Path, monkeypatch) -> None:
    """Every third moment is due: a stage's end waits for the next state, and is not lost."""
    due, calls = RunCheckpoints.due, count()
    monkeypatch.setattr(RunCheckpoints, "due", lambda self: due(self) and next(calls) % 3 == 0)
    record = interrupted(tmp_path, "checkpoint", 5, config=every_state())
    with ended_before("checkpoint", 6), pytest.raises(Ended):
        run(tmp_path, resume=record.name)
    run(tmp_path, resume=record)
    assert unequal(record, whole) == []
    resumed = open_record(record).facts["resumed"]
    assert [one["stage"] for one in resumed] == ["teacher", "student"]
    assert resumed[1]["epoch"] == 0
    assert 0 < resumed[0]["after_seconds"] < resumed[1]["after_seconds"]
    assert open_record(record).facts["seconds"]["total"] > resumed[1]["after_seconds"]


@pytest.mark.slow
def test_finished_stages_are_not_trained_again(tmp_path: Path, whole: Path) -> None:
    record = interrupted(tmp_path, "report", 11, config=every_state())
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        keep = RecordKeeper.keep
        patch.setattr(RecordKeeper, "keep", lambda s, r: (seen.append(r.stage), keep(s, r))[1])
        run(tmp_path, resume=record.name)
    assert seen == ["student"] * 2


@pytest.mark.slow
def test_a_damaged_checkpoint_costs_the_time_since_the_one_before(
    tmp_path: Path, whole: Path
) -> None:
    record = interrupted(tmp_path, "update", 36, config=every_state())
    last = resume_files(record)[-1]
    content = bytearray(last.read_bytes())
    content[-20] ^= 1
    last.write_bytes(content)
    assert run(tmp_path, resume=record.name)
    assert unequal(record, whole) == []
    assert open_record(record).facts["resumed"][0]["epoch"] == 1


@pytest.mark.slow
def test_without_a_whole_checkpoint_it_begins_anew(tmp_path: Path, whole: Path) -> None:
    record = interrupted(tmp_path, "update", 36, config=every_state())
    resume_files(record)[0].write_bytes(b"the teacher's end")
    run(tmp_path, resume=record.name)
    assert unequal(record, whole) == []
    assert open_record(record).facts["resumed"][0]["stage"] == "the beginning"


@pytest.mark.slow
def test_few_files_are_kept(tmp_path: Path) -> None:
    record = interrupted(tmp_path, "update", 30, config=every_state())
    assert [file.name.split("-", 1)[1] for file in resume_files(record)] == [
        "teacher.safetensors", "tnet.safetensors", "student.safetensors", "student.safetensors",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "corpus",
    [
        pytest.param(windows_corpus(), id="windows of frames"),
        pytest.param(small_corpus("regression"), id="values"),
    ],
)
def test_a_corpus_in_memory_is_given_again(tmp_path: Path, corpus: Corpus) -> None:
    given = {"corpus": corpus, "config": small_config(training__schedule="plateau")}
    whole = run(tmp_path / "whole", **given)
    record = interrupted(tmp_path / "cut", "update", 33, **given)
    with pytest.raises(ConfigError, match="from Python"):
        run(tmp_path / "cut", resume=record.name)
    run(tmp_path / "cut", resume=record.name, corpus=corpus)
    assert unequal(record, whole) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "stage"),
    [(2, "backbone_of_video"), (11, "head_of_video"), (20, "backbone_of_eda"), (29, "head_of_eda")],
)
def test_backbones_and_their_heads_go_on(
    tmp_path: Path, encoded: Path, number: int, stage: str
) -> None:
    record = interrupted(tmp_path, "update", number, config=ENCODING, corpus=clip_corpus(48))
    assert resume_files(record)[-1].name.endswith(f"-{stage}.safetensors")
    run(tmp_path, resume=record.name, corpus=clip_corpus(48))
    assert unequal(record, encoded) == []


ENCODING = small_config(keep_features=False, training__epochs=2).changed(
    {"backbones.feature_dim": 8, "backbones.epochs": 2, "backbones.batch_size": 16}
)


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a run of clips and signals without an interruption."""
    return run(tmp_path_factory.mktemp("encoded"), config=ENCODING, corpus=clip_corpus(48))


def test_changed_data_are_refused(tmp_path: Path) -> None:
    record = interrupted(tmp_path, "update", 5, corpus=small_corpus(), config=small_config())
    before = contents(record)
    with pytest.raises(DataError, match="changed"):
        run(tmp_path, resume=record.name, corpus=small_corpus(fingerprint="another"))
    assert contents(record) == before


@pytest.mark.slow
def test_networks_of_ones_own_are_given_again(tmp_path: Path) -> None:
    def student(width: int = 6) -> torch.nn.Module:
        torch.manual_seed(3)
        return torch.nn.Sequential(torch.nn.Linear(5, width), torch.nn.ReLU())

    given = {"corpus": small_corpus(prevalent=("face",)), "config": small_config()}
    whole = run(tmp_path / "whole", **given, student=student())
    record = interrupted(tmp_path / "cut", "update", 22, **given, student=student())
    for other in ({}, {"student": student(7)}):
        with pytest.raises(ConfigError, match="networks of your own"):
            run(tmp_path / "cut", resume=record.name, corpus=given["corpus"], **other)
    run(tmp_path / "cut", resume=record.name, corpus=given["corpus"], student=student())
    assert unequal(record, whole) == []


@pytest.mark.slow
def test_what_cannot_be_resumed(tmp_path: Path, whole: Path, monkeypatch) -> None:
    with pytest.raises(ConfigError, match="has finished"):
        run(whole.parent, resume=whole.name)
    with pytest.raises(ConfigError, match="no run nobody"):
        run(tmp_path, resume="nobody")
    record = interrupted(tmp_path, "update", 5, config=small_config())
    before = contents(record)
    with pytest.raises(ConfigError, match="settings given"):
        run(tmp_path, resume=record.name, config=small_config(seed=1))
    with pytest.raises(ConfigError, match="reads its corpus by its settings"):
        run(tmp_path, resume=record.name, corpus=small_corpus())
    with (
        WriterLock(record / schema.LOCK),
        pytest.raises(HeldError, match="another process"),
    ):
        run(tmp_path, resume=record.name)
    assert contents(record) == before


@pytest.mark.slow
def test_other_versions_are_refused_or_told(tmp_path: Path, monkeypatch) -> None:
    record = interrupted(tmp_path, "update", 5, config=small_config())
    real = environment_facts()
    other = {**real, "versions": {**real["versions"], "torch": "0.4"}}
    monkeypatch.setattr("pkdot.experiments.resumption.environment_facts", lambda: other)
    with pytest.raises(ConfigError, match=r"torch was .* and is 0\.4"):
        run(tmp_path, resume=record.name)
    run(tmp_path, resume=record.name, anyway=True)
    (resumed,) = open_record(record).facts["resumed"]
    assert resumed["though"] == [f"torch was {real['versions']['torch']} and is 0.4"]


@pytest.mark.slow
def test_an_interrupt_says_how_to_go_on(tmp_path: Path, monkeypatch, capsys) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RecordKeeper, "conclude", interrupt)
    small = ["--set", "training.epochs=1", "--set", "data.n_labelled=40"]
    arguments = ["run", "--quiet", "--runs", str(tmp_path / "my runs"), *small]
    assert main([*arguments, "--checkpoint-every", "0"]) == 130
    said = capsys.readouterr().err
    (record,) = (tmp_path / "my runs").iterdir()
    assert f"pkdot run --resume {record.name} --runs '{tmp_path / 'my runs'}'" in said
    monkeypatch.undo()
    again = ["run", "--quiet", "--runs", str(record.parent), "--resume", record.name]
    assert main([*again, "--seed", "1"]) == 2
    assert "leave --seed out" in capsys.readouterr().err
    assert main(again) == 0
    assert open_record(record).status == "finished"
    assert main(again) == 2


ENDED = """
import json, sys
from contextlib import nullcontext
from pathlib import Path
from lightning_fabric import Fabric
from tests.support.interruption import ended_before, every_state, kill, run
from tests.support.ranks import on_ranks

def train(folder, ranks, moment, number):
    strategy = "ddp" if ranks > 1 else "auto"
    fabric = Fabric(accelerator="cpu", devices=ranks, strategy=strategy)
    fabric.launch()
    names = fabric.broadcast([path.name for path in folder.iterdir()])
    given = {"resume": names[0]} if names else {"config": every_state()}
    killed = number and fabric.is_global_zero
    with ended_before(moment, number, kill) if killed else nullcontext():
        run(folder, fabric=fabric, **given)

found = []
for folder, ranks, moment, number in json.loads(sys.argv[1]):
    Path(folder).mkdir(exist_ok=True)
    found.append(on_ranks(ranks, train, Path(folder), ranks, moment, number))
print(json.dumps(found))
"""


def ends_of(*runs: tuple[Path, int, str, int]) -> list[list[int]]:
    """Exit statuses of the ranks of trainings, one after another.

    Each begins in its folder, or resumes what lies there, and its first rank is killed before a
    moment; by number 0 it comes to its end.
    """
    command = [sys.executable, "-c", ENDED, json.dumps([[str(run[0]), *run[1:]] for run in runs])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, timeout=500, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


KILLED = -signal.SIGKILL


@pytest.mark.slow
def test_a_process_killed_again_and_again_ends_as_one_that_was_not(
    tmp_path: Path, whole: Path
) -> None:
    folder = tmp_path / "runs"
    moments = (("update", 5), ("file", 30), ("conclusion", 1))
    assert ends_of(*((folder, 1, *moment) for moment in moments)) == [[KILLED]] * 3
    (record,) = folder.iterdir()
    assert open_record(record).status == "stopped"
    run(folder, resume=record.name)
    assert unequal(record, whole) == []
    assert [one["stage"] for one in open_record(record).facts["resumed"]] == [
        "teacher", "student", "student",
    ]  # fmt: skip


@pytest.mark.full
def test_two_killed_ranks_end_as_two_that_were_not(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    ends = ends_of(
        (whole, 2, "", 0), (cut, 2, "update", 8), (cut, 2, "checkpoint", 24), (cut, 2, "", 0)
    )
    assert ends == [[0, 0], [KILLED, 1], [KILLED, 1], [0, 0]]
    (record,) = cut.iterdir()
    assert unequal(record, *whole.iterdir()) == []
    assert [one["stage"] for one in open_record(record).facts["resumed"]] == ["teacher", "student"]
    other = interrupted(tmp_path / "one", "update", 3, config=every_state())
    with pytest.raises(ConfigError, match="begun by 1 processes, not 2"):
        Resumption(other).check(None, KITS, 2)
