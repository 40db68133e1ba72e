"""The page Your embeddings without a browser: files that are named, and what is taken away."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.example_records import write_record
from tests.support.pages import listen_on, opened, surround, words

RNG = np.random.default_rng(0)
N = 40
Z = RNG.normal(size=(N, 6)).astype("f4")


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)
    np.save(tmp_path / "video.npy", Z)
    np.save(tmp_path / "wrist.npy", Z[:, :4])
    pain = pd.DataFrame({"pain": Z[:, 0], "state": np.array(["rest", "pain"])[np.arange(N) % 2]})
    pain.to_csv(tmp_path / "pain.csv", index=False)


def naming(**files: Path | str) -> Any:
    """The page with some files named on it."""
    app = opened("yours")
    app.get("button_group")[0].set_value("path").run()
    for role, path in files.items():
        app.text_input(key=f"path of {role}").set_value(str(path))
    return app.run()


def names_of(app: Any) -> list[str]:
    return [str(option) for option in app.sidebar.selectbox[0].options]


@pytest.mark.slow
def test_files_that_are_named_become_the_record_of_all_pages(tmp_path: Path) -> None:
    from pkdot.record import list_records, open_record

    app = naming(
        teacher=tmp_path / "video.npy",
        student=tmp_path / "wrist.npy",
        targets=tmp_path / "pain.csv",
    )
    told = words(app).replace("\\", "")
    assert "40 × 6 · float32 · 1.09 kB" in told
    app.multiselect(key="target columns").set_value(["state"])
    app.button(key="compare embeddings").click().run()
    assert not app.exception
    assert not app.error
    (summary,) = list_records(tmp_path / "runs")
    record = open_record(summary.path)
    assert record.name == "video against wrist"
    assert record.task.class_names == ("pain", "rest")
    assert app.sidebar.selectbox[0].value == summary.path.name
    assert "They are a record now" in words(app)


@pytest.mark.slow
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", Z[:30])
    app = naming(teacher=tmp_path / "video.npy", student=tmp_path / "short.npy")
    app.button(key="compare embeddings").click().run()
    (error,) = app.error
    assert "has 40 rows and short.npy 30" in str(error.value).replace("\\", "")
    assert not (tmp_path / "runs").exists()


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    app = naming(teacher="~nobody-here/z.npy", student=tmp_path, targets="a\x00b.npy")
    assert ["There is no file" in str(error.value) for error in app.error] == [True] * 3


@pytest.mark.slow
def test_a_column_chosen_in_one_file_is_forgotten_in_another(tmp_path: Path) -> None:
    app = naming(targets=tmp_path / "pain.csv")
    app.multiselect(key="target columns").set_value(["state"]).run()
    (tmp_path / "y.csv").write_text("kind\n" + "a\nb\n" * (N // 2))
    for role, name in (("targets", "y.csv"), ("teacher", "video.npy"), ("student", "wrist.npy")):
        app.text_input(key=f"path of {role}").set_value(str(tmp_path / name))
    app.run()
    app.button(key="compare embeddings").click().run()
    assert not app.exception
    assert not app.error
    assert "They are a record now" in words(app)


def test_a_hostile_file_is_refused_before_it_is_read_and_its_name_is_plain(tmp_path: Path) -> None:
    evil = tmp_path / "<b>x<`b> [a](http:`y) \x1b[31m.npy"
    np.save(evil, np.array([{}] * 3, dtype=object), allow_pickle=True)
    app = naming(teacher=evil, student=tmp_path / "wrist.npy")
    (error,) = app.error
    assert "never unpickled" in str(error.value)
    assert "\x1b" not in str(error.value)
    assert r"\<b\>" in str(error.value)
    assert r"\[a\]" in str(error.value)
    assert app.button(key="compare embeddings").disabled


def test_a_file_that_would_take_too_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard import given_files

    np.savez_compressed(tmp_path / "bomb.npz", embeddings=np.zeros((2**15, 8), "f4"))
    monkeypatch.setattr(given_files, "MOST_MEMORY", 2**18)
    app = naming(teacher=tmp_path / "bomb.npz")
    (error,) = app.error
    assert "bomb.npz would take 1.05 MB of memory" in str(error.value).replace("\\", "")


def test_a_public_page_takes_no_files_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(tmp_path / "runs", run_id="patterns")
    listen_on(monkeypatch, "0.0.0.0")
    app = opened("yours")
    assert "takes files only where it listens on its own machine alone" in words(app)
    assert not app.get("file_uploader")
    assert not app.text_input
    assert app.get("download_button")


def test_without_any_record_there_is_nothing_to_take_away() -> None:
    app = opened("yours")
    assert not app.exception
    assert "Once there is a record" in words(app)
    assert not app.get("download_button")


@pytest.mark.slow
def test_the_probe_of_any_record_can_be_taken_away(tmp_path: Path) -> None:
    from dashboard.other_programs import packed

    write_record(tmp_path / "runs", run_id="patterns")
    app = opened("yours", epoch="2")
    assert not app.exception
    assert not app.warning
    assert app.select_slider(key="epoch").value == 2
    assert [b.proto.label for b in app.get("download_button")] == ["Teacher", "Student", "Both"]
    files = {"a.tsv": b"1\t2\n", "b.tsv": b"3\n"}
    with zipfile.ZipFile(io.BytesIO(packed(files))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/z.npy", "z.npy"),
        ("C:\\data\\z.NPZ", "z.npz"),
        ("..", "file"),
        (".npy", "file.npy"),
        ("", "file"),
        ("a\x00\x1b[1m.csv", "a\\x00\\x1b[1m.csv"),
        ("é" * 300 + ".parquet", "é" * 60 + ".parquet"),
    ],
)
def test_an_upload_stays_in_its_folder_whatever_it_is_called(given: str, kept: str) -> None:
    from dashboard.given_files import safe_name

    assert safe_name(given) == kept
