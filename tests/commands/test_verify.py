"""``verify`` reads every byte of records and caches."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pkdot import keyed_cache
from pkdot.__main__ import main
from pkdot.data.features import kept_features
from tests.faults.test_damage import flip

ROOT = Path(__file__).resolve().parents[2]


def test_whole_files_pass(record_copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(record_copy.parent)]) == 0
    assert ", 0 are not." in capsys.readouterr().out


@pytest.mark.parametrize("name", ["run.json", "metrics.parquet", "media/images.safetensors"])
def test_a_changed_file_is_named(
    record_copy: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(record_copy / name, 500)
    assert main(["verify", str(record_copy.parent)]) == 1
    out = capsys.readouterr().out
    assert f"changed: {record_copy / name}" in out
    assert ", 1 are not." in out


def test_large_features_are_read_here_and_not_when_they_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keyed_cache, "LARGE", 1000)
    values = np.ones((100, 10), np.float32)
    kept_features("key", 100, lambda: iter([values]), tmp_path)
    flip(tmp_path / "key.npy", 3000)
    assert len(kept_features("key", 100, lambda: iter([values]), tmp_path)) == 100
    assert main(["verify", str(tmp_path)]) == 1
    assert f"changed: {tmp_path / 'key.npy'}" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    assert main(["verify", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize("name", ["example", "example-control"])
def test_the_example_record_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    copy = shutil.copytree(ROOT / "reports" / name, tmp_path / "example")
    assert main(["verify", str(copy)]) == 0
    assert not capsys.readouterr().out.startswith("0 ")
