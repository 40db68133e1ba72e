"""What lies in a folder is told by the names of its files, whatever folders they lie in."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pkdot.data.open import cremad, fsdd, ravdess
from pkdot.data.open.pointers import parse_pointer
from pkdot.errors import ConfigError, DataError
from tests.support.open_files import POINTER


def touch(root: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_fsdd_names(tmp_path: Path) -> None:
    touch(tmp_path, "recordings/7_jackson_32.wav", "0_yweweler_0.wav", "recordings/notes.wav")
    touch(tmp_path, "copy/7_jackson_32.wav", ".hidden/1_theo_1.wav", "README.md")
    index = fsdd.read_index(tmp_path)
    assert index.table["id"].tolist() == ["0_yweweler_0", "7_jackson_32"]
    assert index.table["class_id"].tolist() == [0, 7]
    assert index.table["group"].tolist() == ["yweweler", "jackson"]
    assert index.table["sound"].tolist() == ["0_yweweler_0.wav", "copy/7_jackson_32.wav"]
    assert "1 files are there twice" in index.remarks[0]
    assert "1 files have names of no recording" in index.remarks[1]
    assert not index.simulated


def test_ravdess_names_are_read_field_by_field() -> None:
    facts = ravdess.parse_name("02-01-06-01-02-01-12")
    assert facts == {
        "id": "01-06-01-02-01-12",
        "modality": "video",
        "group": "actor-12",
        "class_id": 5,
        "channel": "speech",
        "strong": False,
        "statement": 2,
        "repetition": 1,
    }
    assert ravdess.CLASSES[5] == "fearful"


@pytest.mark.parametrize(
    "stem",
    [
        "04-01-06-01-02-01-12",  # no such modality
        "02-01-09-01-02-01-12",  # no such emotion
        "02-01-01-02-02-01-12",  # neutral is never strong
        "02-01-06-01-02-01-25",  # no such actor
        "02-01-06-01-02-01",
    ],
)
def test_names_that_are_no_recording_of_ravdess(stem: str) -> None:
    assert ravdess.parse_name(stem) is None


def test_ravdess_pairs_video_and_sound_by_the_last_six_fields(tmp_path: Path) -> None:
    touch(tmp_path, "Video/Actor_01/02-01-03-01-01-01-01.mp4")
    touch(tmp_path, "Video/Actor_01/01-01-03-01-01-01-01.mp4")  # with sound: not needed
    touch(tmp_path, "Audio/Actor_01/03-01-03-01-01-01-01.wav")
    touch(tmp_path, "Video/Actor_02/01-01-04-01-01-01-02.mp4")  # serves as both
    touch(tmp_path, "Audio/Actor_03/03-02-04-01-01-01-03.wav")  # song without a video
    index = ravdess.read_index(tmp_path)
    assert index.table["id"].tolist() == [
        "01-03-01-01-01-01",
        "01-04-01-01-01-02",
        "02-04-01-01-01-03",
    ]
    video, sound = index.table["video"].tolist(), index.table["sound"].tolist()
    assert video[0] == "Video/Actor_01/02-01-03-01-01-01-01.mp4"
    assert sound[0] == "Audio/Actor_01/03-01-03-01-01-01-01.wav"
    assert video[1] == sound[1] == "Video/Actor_02/01-01-04-01-01-01-02.mp4"
    assert video[2] == ""
    assert index.having("video").tolist() == [True, True, False]
    assert {name: one["sex"] for name, one in index.people.items()} == {
        "actor-01": "m",
        "actor-02": "w",
        "actor-03": "m",
    }


def test_cremad_leaves_out_what_is_known_to_be_bad(tmp_path: Path) -> None:
    touch(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "VideoFlash/1001_DFA_ANG_XX.flv")
    touch(tmp_path, "AudioWAV/1076_MTI_SAD_XX.wav", "VideoFlash/1076_MTI_SAD_XX.flv")
    touch(tmp_path, "AudioWAV/1092_DFA_ANG_XX.wav")  # no such actor
    index = cremad.read_index(tmp_path)
    assert index.table["id"].tolist() == ["1001_DFA_ANG_XX"]
    assert any("1076_MTI_SAD_XX" in remark for remark in index.remarks)
    assert index.people == {"1001": {"sex": "", "age": -1}}
    (tmp_path / "VideoDemographics.csv").write_text('"ActorID","Age","Sex"\n1001,51,"Male"\n')
    assert cremad.read_index(tmp_path).people == {"1001": {"sex": "m", "age": 51}}


def test_a_folder_of_pointers_is_refused_with_the_way_out(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "AudioWAV/1001_DFA_ANG_XX.wav",
        "VideoFlash/1001_DFA_ANG_XX.flv",
        content=POINTER,
    )
    with pytest.raises(DataError, match=r"pointer of git-lfs.*git lfs pull"):
        cremad.read_index(tmp_path)


def test_pointers_are_told_from_other_files() -> None:
    found = parse_pointer(POINTER)
    assert found is not None
    assert (found.size, found.oid[:4]) == (72862, "c6f9")
    for other in (b"", b"RIFF....WAVE", POINTER[:60], POINTER + b"x" * 2000):
        assert parse_pointer(other) is None


def test_no_folder_and_no_recording(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        fsdd.read_index(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no recording of Ryerson.*python -m pkdot fetch ravdess"):
        ravdess.read_index(tmp_path)


def test_a_broken_off_fetch_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "7_jackson_32.wav")
    (tmp_path / ".fetching").mkdir()
    assert "fetch into this folder" in fsdd.read_index(tmp_path).remarks[0]
    shutil.rmtree(tmp_path / ".fetching")
    assert fsdd.read_index(tmp_path).remarks == ()


VOTES = """"","A","D","F","H","N","S","fileName","numResponses"
"100001",0,0,0,1,3,0,"1001_DFA_ANG_XX",4
"200001",5,5,0,0,0,0,"1001_DFA_ANG_XX",10
"300001",6,2,0,0,2,0,"1001_DFA_ANG_XX",10
"300002",0,0,0,0,0,0,"1002_DFA_ANG_XX",0
"""


def test_raters_votes_become_shares(tmp_path: Path) -> None:
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / "tabulatedVotes.csv").write_text(VOTES)
    ids = ["1001_DFA_ANG_XX", "1002_DFA_ANG_XX", "1003_DFA_ANG_XX"]
    both = cremad.read_votes(tmp_path, ids, "both")
    np.testing.assert_allclose(both[0], [0.6, 0.2, 0, 0, 0.2, 0])
    assert np.isnan(both[1:]).all()  # nobody rated the second, the table lacks the third
    np.testing.assert_allclose(cremad.read_votes(tmp_path, ids[:1], "voice")[0, 4], 0.75)
    face = cremad.read_votes(tmp_path, ids, "face")
    assert cremad.majority(both).tolist() == [0, -1, -1]
    assert cremad.majority(face).tolist() == [-1, -1, -1]  # five against five: a tie


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", VOTES + VOTES.splitlines()[1] + "\n"])
def test_another_table_of_votes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tabulatedVotes.csv").write_text(text)
    with pytest.raises(DataError, match="no table of the raters' votes"):
        cremad.read_votes(tmp_path, ["1001_DFA_ANG_XX"], "voice")


def test_no_table_of_votes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fetch cremad"):
        cremad.read_votes(tmp_path, [], "both")
