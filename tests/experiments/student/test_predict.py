"""Answers for new recordings: those of the record, without a look at privileged files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pkdot
from pkdot.__main__ import main
from pkdot.data import Corpus, load_corpus
from pkdot.experiments.student import predict as predicting
from pkdot.experiments.student.loaded import load_student
from pkdot.experiments.student.predict import Prediction, write_answers
from pkdot.experiments.student.recordings import open_recordings
from tests.experiments.student.conftest import told
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus, windows_corpus


def saved(path: Path, corpus: Corpus, **more: Any) -> Path:
    """The test samples of a corpus as an ``.npz`` of the prevalent modalities."""
    test = corpus.split.test
    arrays = {name: corpus.modalities[name][test] for name in corpus.prevalent}
    np.savez(path, **arrays, ids=corpus.ids[test], groups=corpus.groups[test], **more)
    return path


def table_of(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out) if out.suffix == ".parquet" else pd.read_csv(out)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_answers_equal_the_records_own(
    ending: str,
    digits_run: pkdot.RunRecord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(predicting, "CHUNK", 100)
    path = saved(tmp_path / "new.npz", load_corpus(small_config().data, 0))
    out = tmp_path / f"answers{ending}"
    command = ["predict", str(digits_run.path), str(path), "--out", str(out), "--quiet"]
    assert main(command) == 0
    assert "1637 answers of 1637 samples" in capsys.readouterr().out
    found = table_of(out)
    expected = digits_run.predictions.query("split == 'test'")
    assert found["sample_id"].tolist() == expected["sample_id"].tolist()
    columns = [f"probability {c}" for c in range(10)]
    assert list(found) == ["sample_id", "answer", *columns]
    np.testing.assert_allclose(found[columns], told(digits_run), atol=1e-6)
    assert found["answer"].astype(int).tolist() == told(digits_run).argmax(1).tolist()
    assert "Not for clinical use" in (tmp_path / "answers.card.md").read_text()


def test_groups_are_gathered_before_anything_is_answered(
    signal_run: pkdot.RunRecord,
    signal_corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In chunks that cut through people, as if all had been there at once."""
    monkeypatch.setattr(predicting, "CHUNK", 7)
    student = load_student(signal_run)
    recordings = open_recordings(student, saved(tmp_path / "new.npz", signal_corpus))
    tables = list(Prediction(student, recordings, progress=False).tables())
    assert [len(table) for table in tables] == [7, 7, 7, 7, 2]
    found = pd.concat(tables)
    columns = ["probability hole", "probability stroke"]
    np.testing.assert_allclose(found[columns], told(signal_run), atol=1e-5)
    assert set(found["answer hole"]) <= {0.0, 1.0}


def test_frames_of_windows_are_answered_once(tmp_path: Path) -> None:
    corpus = windows_corpus()
    record = pkdot.run_experiment(
        small_config(training__epochs=1), corpus, progress=False, runs_dir=tmp_path
    )
    student = load_student(record)
    expected = record.predictions.query("split == 'test'")
    test = corpus.split.test
    path = saved(
        tmp_path / "new.npz", corpus, targets=corpus.targets[test], frames=corpus.frames[test]
    )
    recordings = open_recordings(student, path)
    found = pd.concat(Prediction(student, recordings, progress=False).tables())
    assert found["sample_id"].tolist() == expected["sample_id"].tolist()
    np.testing.assert_allclose(found[["valence", "arousal"]], told(record), atol=1e-5)
    bare = open_recordings(student, saved(tmp_path / "bare.npz", corpus))
    names = pd.concat(Prediction(student, bare, progress=False).tables())["sample_id"]
    assert names.tolist()[:7] == [*(f"window 090#{i}" for i in range(6)), "window 091#0"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recordings as a folder a modality, the privileged one nothing but poison."""
    corpus = small_corpus()
    root = tmp_path / "recordings"
    for name in ("face", "eda"):
        (root / name).mkdir(parents=True)
    for i in corpus.split.test:
        np.save(root / "face" / f"{corpus.ids[i]}.npy", corpus.modalities["face"][i])
        (root / "eda" / f"{corpus.ids[i]}.npy").write_bytes(b"\x93NUMPY poison")
    return root


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> pkdot.RunRecord:
    config = small_config(training__epochs=2)
    runs = tmp_path_factory.mktemp("small")
    return pkdot.run_experiment(config, small_corpus(), progress=False, runs_dir=runs)


def test_no_privileged_byte_is_read(
    small_run: pkdot.RunRecord, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Poisoned files, files that cannot be opened, no files: the same answers, byte by byte."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    command = ["predict", str(small_run.path), str(folder), "--quiet", "--out"]
    contents = []
    for number in range(3):
        out = tmp_path / f"{number}.csv"
        assert main([*command, str(out)]) == 0
        contents.append(out.read_bytes())
        for file in (folder / "eda").iterdir():
            file.chmod(0o000) if number == 0 else file.unlink()
    assert contents[0] == contents[1] == contents[2]
    columns = [f"probability {name}" for name in ("low", "middle", "high")]
    np.testing.assert_allclose(pd.read_csv(tmp_path / "0.csv")[columns], told(small_run), atol=1e-6)


@pytest.mark.slow
def test_a_privileged_file_is_not_even_opened(
    small_run: pkdot.RunRecord, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read what nobody may; so every opening of a file is watched."""
    import sys

    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[0], str | bytes | Path):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    out = tmp_path / "answers.csv"
    assert main(["predict", str(small_run.path), str(folder), "--quiet", "--out", str(out)]) == 0
    watching = False
    assert any("face" in name and name.endswith(".npy") for name in opened), "the watch works"
    assert not [name for name in opened if f"{folder.name}/eda/" in name]


def test_a_sample_that_cannot_be_read_keeps_its_row_without_an_answer(
    small_run: pkdot.RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = small_corpus()
    table = pd.DataFrame(corpus.modalities["face"][corpus.split.test])
    table.columns = [f"face.{j}" for j in range(5)]
    table.insert(0, "id", corpus.ids[corpus.split.test])
    table.loc[[3, 8], "face.2"] = np.nan
    table.to_csv(tmp_path / "new.csv", index=False)
    assert main(["predict", str(small_run.path), str(tmp_path / "new.csv"), "--quiet"]) == 0
    printed = capsys.readouterr()
    assert "2 of 30 samples have no answer" in printed.err
    assert "clip 093, clip 098" in printed.err
    (tmp_path / "printed.csv").write_text(printed.out)
    found = pd.read_csv(tmp_path / "printed.csv")
    assert np.flatnonzero(found["answer"].isna()).tolist() == [3, 8]
    assert found["probability low"].isna().sum() == 2
    whole = np.flatnonzero(found["answer"].notna())
    np.testing.assert_allclose(
        found["probability low"][whole], told(small_run)[whole, 0], atol=1e-6
    )


@pytest.mark.slow
def test_from_a_table_to_answers_without_the_privileged_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything from the command line, with a table in and a table out, and an export."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    corpus = small_corpus("regression")
    table = pd.DataFrame({"id": corpus.ids, "group": corpus.groups})
    for name, values in corpus.modalities.items():
        for j, column in enumerate(np.asarray(values[:]).T):
            table[f"{name}.{j}"] = column
    table[["valence", "arousal"]] = corpus.targets
    table.to_csv("all.csv", index=False)
    settings = {
        "data.name": "own",
        "data.path": "all.csv",
        "data.prevalent": '["face"]',
        "data.privileged": '["eda"]',
        "data.target": '["valence", "arousal"]',
        "training.epochs": 2,
        "network.hidden": 16,
        "probe_size": 10,
        "options.pkdot.k": 5,
    }
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    assert main(["run", "--quiet", "--runs", "runs", *words]) == 0
    (run,) = Path("runs").iterdir()
    table.drop(columns=[c for c in table if c.startswith(("eda", "valence", "arousal"))]).to_csv(
        "new.csv", index=False
    )
    assert main(["predict", str(run), "new.csv", "--out", "answers.parquet", "--quiet"]) == 0
    found = pd.read_parquet("answers.parquet").set_index("sample_id")
    expected = pkdot.open_record(run).predictions.set_index("sample_id")
    both = found.loc[expected.index]
    assert list(found) == ["valence", "arousal"]
    np.testing.assert_allclose(both, expected[["student_0", "student_1"]], atol=1e-5)
    assert main(["export", str(run), "--out", "student.pt2", "--quiet"]) == 0
    assert "over 10 samples" in capsys.readouterr().out


def test_answers_appear_whole_or_not_at_all(
    small_run: pkdot.RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "CHUNK", 10)
    student = load_student(small_run)
    prediction = Prediction(
        student,
        open_recordings(student, saved(tmp_path / "new.npz", small_corpus())),
        progress=False,
    )
    whole, calls = prediction._of_rows, []

    def breaks(rows: Any, moments: Any) -> Any:
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(rows, moments)

    monkeypatch.setattr(prediction, "_of_rows", breaks)
    for ending in (".csv", ".parquet"):
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            write_answers(prediction, tmp_path / f"answers{ending}", "card")
    assert [path.name for path in tmp_path.iterdir()] == ["new.npz"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["RUN"], "Name the recordings"),
        (["no-such-run", "NEW"], "There is no run no-such-run"),
        (["RUN", "nowhere.npz"], "no file or folder nowhere.npz"),
        (["RUN", "NEW", "--out", "answers.txt"], "end it in .csv or .parquet"),
        (["RUN", "NEW", "--set", "media.sund_rate=3"], "no setting 'media.sund_rate'"),
        (["RUN", "NEW", "--set", "prevalent=eda"], "no setting 'prevalent' of recordings"),
        (["RUN", "NEW", "--out", "folder.csv"], "folder.csv is a folder"),
        (["RUN", "TABLE", "--out", "table.csv"], "holds the recordings themselves"),
        (["RUN", "OTHER"], "no modality 'face'"),
        (["RUN", "WIDE"], "shape (9,)"),
    ],
)
def test_misuse_is_one_sentence(
    words: list[str],
    sentence: str,
    small_run: pkdot.RunRecord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    corpus = small_corpus()
    np.savez("wide.npz", face=np.zeros((4, 9)))
    np.savez("other.npz", pulse=np.zeros((4, 9)))
    Path("folder.csv").mkdir()
    Path("table.csv").write_text("face.0\n1\n")
    places = {
        "TABLE": "table.csv",
        "RUN": str(small_run.path),
        "NEW": str(saved(tmp_path / "new.npz", corpus)),
        "WIDE": "wide.npz",
        "OTHER": "other.npz",
    }
    before = sorted(tmp_path.iterdir())
    assert main(["predict", *(places.get(word, word) for word in words), "--quiet"]) == 2
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert printed.out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_the_card_is_printed(
    small_run: pkdot.RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    name, runs = small_run.path.name, str(small_run.path.parent)
    assert main(["predict", name, "--card", "--runs", runs]) == 0
    assert capsys.readouterr().out == load_student(small_run).card
    assert json.loads((small_run.path / "run.json").read_text())["simulated"]


def test_columns_are_found_by_name_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Heights read as weights would be answers that nobody could tell from right ones."""
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    names = ["body.weight", "body.height", "body.age", "eda.0", "eda.1"]
    table = pd.DataFrame(chance.normal(size=(40, 5)) * [1, 100, 30, 1, 1], columns=names)
    table["target"] = (table["eda.0"] > 0).astype(int)
    table.to_csv("all.csv", index=False)
    words = ["--data", "all.csv", "--prevalent", "body", "--privileged", "eda", "--runs", "runs"]
    words += ["--set", "training.epochs=2", "--set", "options.pkdot.k=4"]
    assert main(["run", "--quiet", *words]) == 0
    run = str(next(Path("runs").iterdir()))
    table[["body.age", "body.weight", "body.height"]].to_csv("turned.csv", index=False)
    for name in ("all", "turned"):
        assert main(["predict", run, f"{name}.csv", "--out", f"{name}.out.csv", "--quiet"]) == 0
    pd.testing.assert_frame_equal(pd.read_csv("all.out.csv"), pd.read_csv("turned.out.csv"))
    table.rename(columns={"body.age": "body.iq"}).to_csv("other.csv", index=False)
    assert main(["predict", run, "other.csv", "--quiet"]) == 2
    assert "it lacks body.age, and has body.iq besides" in capsys.readouterr().err


def test_recordings_of_which_none_can_be_answered_are_refused(
    small_run: pkdot.RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame(np.ones((3, 5)), columns=[f"face.{j}" for j in range(5)])
    table.insert(0, "id", list("abc"))
    table.assign(**{"face.2": np.nan}).to_csv(tmp_path / "none.csv", index=False)
    table.head(1).to_csv(tmp_path / "one.csv", index=False)
    words = ["--quiet", "--out", str(tmp_path / "answers.csv")]
    assert main(["predict", str(small_run.path), str(tmp_path / "none.csv"), *words]) == 2
    assert "None of the 3 samples" in capsys.readouterr().err
    assert not (tmp_path / "answers.csv").exists()
    assert main(["predict", str(small_run.path), str(tmp_path / "one.csv"), *words]) == 0
    assert len(pd.read_csv(tmp_path / "answers.csv")) == 1
