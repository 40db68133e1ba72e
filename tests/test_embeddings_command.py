"""``embeddings`` as a person types it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.__main__ import main
from pkdot.record import list_records, open_record

RNG = np.random.default_rng(0)
N = 40


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Embeddings and targets of the same samples, in three kinds of files."""
    monkeypatch.chdir(tmp_path)
    z, labels = RNG.normal(size=(N, 6)), np.arange(N) % 2
    ids = np.array([f"clip{i}" for i in range(N)])
    np.savez("video.npz", embeddings=z, ids=ids)
    order = RNG.permutation(N)
    pd.DataFrame(z[order, :4]).add_prefix("e").assign(id=ids[order]).to_csv("ecg.csv", index=False)
    y = pd.DataFrame({"id": ids, "state": np.array(["rest", "pain"])[labels], "pain": z[:, 0]})
    y.to_parquet("y.parquet")
    return tmp_path


def test_it_writes_a_record_and_says_what_it_found(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = "embeddings video.npz ecg.csv --targets y.parquet --target state --probe 20 --runs runs"
    assert main(typed.split()) == 0
    told = capsys.readouterr().out
    assert "40 samples, joined by id; probe: 20 of 40 samples, drawn by strata of state" in told
    assert "The targets are classes (pain, rest)" in told
    assert "Over all samples: cka " in told
    (summary,) = list_records(files / "runs")
    assert f"The record is {summary.path}." in told
    assert summary.name == "video against ecg"
    assert len(open_record(summary.path).probe) == 20


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("absent.npy ecg.csv", "no file absent.npy"),
        ("video.npz ecg.csv --target state", "give --targets FILE"),
        ("video.npz ecg.csv --task ordinal", "give --targets FILE"),
        ("video.npz ecg.csv --targets y.parquet", "not text such as"),
        ("video.npz ecg.csv --targets y.parquet --target stat", "no column 'stat'"),
        ("video.npz ecg.csv --probe 2000", "3 to 1000 samples"),
        ("video.npz ecg.csv --seed -1", "A seed is 0 or more, not -1"),
        ("video.npz ecg.csv --probe nobody.txt", "cannot be read as a list of names"),
        ("video.npz y.parquet", "holds string, not numbers"),
    ],
)
def test_misuse_is_one_sentence_and_status_2(
    files: Path, capsys: pytest.CaptureFixture[str], typed: str, sentence: str
) -> None:
    assert main(["embeddings", *typed.split(), "--runs", "runs"]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert not (files / "runs").exists()


def test_rows_with_nan_can_be_left_out(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with np.load("video.npz") as stored:
        arrays = dict(stored)
    arrays["embeddings"][3] = np.nan
    np.savez("video.npz", **arrays)
    typed = ["embeddings", "video.npz", "ecg.csv", "--runs", "runs"]
    assert main(typed) == 2
    assert "1 rows of video hold NaN or infinity: 'clip3'" in capsys.readouterr().err
    assert main([*typed, "--drop-missing"]) == 0
    assert "39 samples (1 with NaN left out)" in capsys.readouterr().out
