"""``export --to``: the embeddings of a record as a person asks for them."""

from pathlib import Path

import pandas as pd
import pytest

from pkdot.__main__ import main


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_says_how_to_open_what_it_wrote(
    finished_record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(finished_record), "--to", "atlas", "--neighbours", "3"]) == 0
    told = capsys.readouterr().out
    folder = tmp_path / "finished-atlas"
    for network in ("teacher", "student"):
        assert f"embedding-atlas {folder / network}.parquet --x projection_x" in told
        table = pd.read_parquet(folder / f"{network}.parquet")
        assert {len(row["ids"]) for row in table["neighbors"]} == {4}
    assert main(["export", str(finished_record), "--to", "projector", "--out", "p"]) == 0
    assert f"tensorboard --logdir {tmp_path / 'p'}" in capsys.readouterr().out
    assert (tmp_path / "p" / "projector_config.pbtxt").is_file()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("--to atlas --epoch 7", "logged: 0, 2, 5, 9"),
        ("--to atlas --neighbours 0", "1 neighbour or more"),
        ("--to projector --map pca", "are for --to atlas"),
        ("--to atlas --data x", "leave it out with --to"),
        ("--epoch 2", "give --to atlas or projector"),
        ("--to atlas --out taken", "is there already"),
    ],
)
def test_misuse_is_one_sentence_and_status_2(
    finished_record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    typed: str, sentence: str,
) -> None:  # fmt: skip
    (tmp_path / "taken").touch()
    assert main(["export", str(finished_record), *typed.split()]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert [f.name for f in tmp_path.iterdir()] == ["taken"]
