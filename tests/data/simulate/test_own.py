"""The simulated data set in the three forms of own data."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from pkdot.__main__ import main
from pkdot.data import OwnSettings, load_corpus
from pkdot.data.simulate.own import CLASSES, SIZE, write_examples
from pkdot.errors import DataError


def test_three_forms_hold_the_same_samples(tmp_path: Path) -> None:
    found = write_examples(tmp_path / "x", people=3, samples=4, progress=False)
    table = pd.read_csv(found.table)
    arrays = np.load(found.arrays)
    assert len(table) == 12
    assert list(table["id"]) == list(arrays["ids"])
    assert list(table["mood"]) == list(arrays["targets"])
    assert set(table["mood"]) <= set(CLASSES)
    np.testing.assert_allclose(table.filter(like="skin."), arrays["skin"], atol=1e-4)
    for row, name in enumerate(table["id"]):
        picture = cv2.imread(str(found.folder / "face" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        assert picture.shape == (SIZE, SIZE)
        np.testing.assert_allclose(arrays["face"][row, 0] * 255, picture, atol=1e-3)
        assert (found.folder / "voice" / f"{name}.wav").is_file()
        assert (found.table.parent / table["face"][row]).is_file()


@pytest.mark.parametrize("form", ["table", "folder", "arrays"])
def test_data_read_from_it_say_that_they_are_simulated(tmp_path: Path, form: str) -> None:
    found = write_examples(tmp_path / "x", people=3, samples=4, progress=False)
    privileged = "voice" if form == "folder" else "skin"
    settings = OwnSettings(path=getattr(found, form), prevalent="face", privileged=privileged)
    if form != "arrays":
        settings = settings.model_copy(update={"target": ("mood",), "group": "person"})
    assert load_corpus(settings, 0, progress=False).simulated
    (found.table.parent / "SIMULATED.json").unlink()
    assert not load_corpus(settings, 0, progress=False).simulated


def test_it_is_found_again_and_another_seed_is_another(tmp_path: Path) -> None:
    found = write_examples(tmp_path / "x", people=3, samples=2, progress=False)
    before = found.table.stat().st_mtime_ns
    write_examples(tmp_path / "x", people=3, samples=2, progress=False)
    assert found.table.stat().st_mtime_ns == before
    with pytest.raises(DataError, match="other settings"):
        write_examples(tmp_path / "x", people=3, samples=2, seed=1, progress=False)
    other = write_examples(tmp_path / "y", people=3, samples=2, seed=1, progress=False)
    assert found.table.read_text() != other.table.read_text()


def test_the_skin_tells_more_of_tension_than_the_face(tmp_path: Path) -> None:
    found = write_examples(tmp_path / "x", people=6, samples=20, progress=False)
    table, faces = pd.read_csv(found.table), np.load(found.arrays)["face"]

    def explained(features: np.ndarray) -> float:
        from sklearn.linear_model import RidgeCV
        from sklearn.model_selection import cross_val_score

        model = RidgeCV(alphas=np.logspace(-2, 4, 13))
        return float(cross_val_score(model, features, table["tension"], cv=4).mean())

    assert explained(table.filter(like="skin.").to_numpy()) > explained(
        faces.reshape(len(faces), -1)
    )


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="choose another folder"):
        write_examples(tmp_path, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(DataError, match="three people"):
        write_examples(tmp_path / "y", people=2, progress=False)


def test_the_command_names_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = str(tmp_path / "x")
    assert main(["simulate", "own", dest, "--subjects", "3", "--windows", "1", "--quiet"]) == 0
    assert "check own" in capsys.readouterr().out
