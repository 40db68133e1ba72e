"""A run that was interrupted and resumed ends as one that was not: the same bytes."""

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
from pkdot.errors import ConfigError, DataError, HeldError, RecordError
from pkdot.experiments.checkpoints import RunCheckpoints
from pkdot.experiments.recording import RecordKeeper
from pkdot.record import schema
from pkdot.record.environment import environment_facts
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
        ("update", 1),  # before anything is kept
        ("update", 13),  # the teacher has ended
        ("update", 19),  # in the midst of an epoch of the T-Net
        ("report", 11),  # an epoch has ended and is not yet on record
        ("file", 36),  # between two files of one epoch
        ("checkpoint", 38),  # an epoch is on record and in no checkpoint
        ("conclusion", 1),  # all have learnt
    ],
)
def test_resumed_equals_uninterrupted(
    tmp_path: Path, whole: Path, moment: str, number: int
) -> None:
    record = interrupted(tmp_path, moment, number, config=every_state())
    assert run(tmp_path, resume=record.name) == record
    assert unequal(record, whole) == []
    assert not (record / schema.RESUME).exists()


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


def test_finished_stages_are_not_trained_again(tmp_path: Path, whole: Path) -> None:
    record = interrupted(tmp_path, "report", 11, config=every_state())
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        keep = RecordKeeper.keep
        patch.setattr(RecordKeeper, "keep", lambda s, r: (seen.append(r.stage), keep(s, r))[1])
        run(tmp_path, resume=record.name)
    assert seen == ["student"] * 2


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


def test_without_a_whole_checkpoint_it_begins_anew(tmp_path: Path, whole: Path) -> None:
    record = interrupted(tmp_path, "update", 36, config=every_state())
    resume_files(record)[0].write_bytes(b"the teacher's end")
    run(tmp_path, resume=record.name)
    assert unequal(record, whole) == []
    assert open_record(record).facts["resumed"][0]["stage"] == "the beginning"


def test_few_files_are_kept(tmp_path: Path) -> None:
    record = interrupted(tmp_path, "update", 30, config=every_state())
    assert [file.name.split("-", 1)[1] for file in resume_files(record)] == [
        "teacher.safetensors", "tnet.safetensors", "student.safetensors", "student.safetensors",
    ]  # fmt: skip


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


def test_changed_data_are_refused(tmp_path: Path) -> None:
    record = interrupted(tmp_path, "update", 5, corpus=small_corpus(), config=small_config())
    before = contents(record)
    with pytest.raises(DataError, match="changed"):
        run(tmp_path, resume=record.name, corpus=small_corpus(fingerprint="another"))
    assert contents(record) == before


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


def test_what_cannot_be_resumed(tmp_path: Path, whole: Path, monkeypatch) -> None:
    with pytest.raises(ConfigError, match="has finished"):
        run(whole.parent, resume=whole.name)
    with pytest.raises(RecordError, match="no run record"):
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


KILLED = """
import os, sys
from pathlib import Path
from tests.support.interruption import ended_before, every_state, kill, run
moment, number, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
names = [path.name for path in folder.iterdir()] if folder.exists() else []
given = {"resume": names[0]} if names else {"config": every_state()}
with ended_before(moment, number, kill):
    run(folder, **given)
"""


@pytest.mark.slow
def test_a_process_killed_again_and_again_ends_as_one_that_was_not(
    tmp_path: Path, whole: Path
) -> None:
    for moment, number in (("update", 5), ("file", 30), ("conclusion", 1)):
        command = [sys.executable, "-c", KILLED, moment, str(number), str(tmp_path)]
        ended = subprocess.run(command, cwd=ROOT, timeout=300)
        assert ended.returncode == -signal.SIGKILL
        (record,) = tmp_path.iterdir()
        assert open_record(record).status == "stopped"
    run(tmp_path, resume=record.name)
    assert unequal(record, whole) == []
    assert [one["stage"] for one in open_record(record).facts["resumed"]] == [
        "teacher", "student", "student",
    ]  # fmt: skip
