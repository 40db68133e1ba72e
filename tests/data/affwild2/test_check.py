"""``check affwild2``: every layout, exact counts, and each kind of loss named."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pkdot.__main__ import main
from pkdot.data.affwild2.check import check
from pkdot.data.affwild2.report import CheckReport, FaceReport
from pkdot.errors import ConfigError, DataError
from tests.support import affwild2_files as files


def run(root: Path) -> CheckReport:
    return check(root, jobs=1, progress=False)


def face(report: CheckReport, name: str) -> FaceReport:
    return next(face for face in report.faces if face.name == name)


@pytest.mark.parametrize("layout", files.LAYOUTS)
def test_counts_are_the_same_in_every_layout(tmp_path: Path, layout: str) -> None:
    root = files.write_layout(tmp_path / "root", files.LAYOUTS[layout])
    report = run(root)
    for part, expected in files.EXPECTED.items():
        total = report.total(part)
        assert {name: total[name] for name in expected} == expected
    assert report.exit_status == 0
    assert report.shared_recordings == ()
    left, right = face(report, "video5_left"), face(report, "video5_right")
    assert left.recording == right.recording == "video5"
    assert left.video == right.video
    assert left.sound.source == "video"
    assert right.rows_beyond_video == 1
    assert not any("rows for" in remark for remark in right.remarks)  # one more is usual
    assert face(report, "1-30-64x48").video.rate == 25  # the container's, not the name's


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as people have it: written by hand, every name and loss that was ever met."""
    root = tmp_path_factory.mktemp("awkward")
    new = root / "My Data/6th ABAW Annotations/VA_Estimation_Challenge"
    old = root / "My Data/5th_ABAW_Annotations/VA_Estimation_Challenge"
    good = [(0.1, 0.2)] * 20
    files.write_annotation(old / "Train_Set/gone.txt", good)
    files.write_annotation(new / "Train_Set/10-60-1280x720.txt", good)
    files.write_annotation(new / "Train_Set/10-60-1280x720_right.txt", [(-5, -5)] * 3 + good)
    files.write_annotation(new / "Train_Set/video10_1_left.txt", good)
    files.write_annotation(new / "Train_Set/5-60-64x48-1.txt", good)
    files.write_annotation(new / "Validation_Set/5-60-64x48-4.txt", good)
    (new / "Train_Set/._video2.txt").write_bytes(b"\0junk of another system")
    rows = ["0.5,-1.2", "0.5,-5", "1,1", "-1,-1", "happy", "", "nan,0", "0,0,0", "0,0", ""]
    text = "\r\n".join(["valence,arousal", *rows])
    (new / "Validation_Set/Mixed Lines.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (new / "Validation_Set/no header.txt").write_text("0.1,0.2\n" * 20)
    (root / "lists").mkdir()
    (root / "lists/Valence_Arousal_Estimation_Challenge_test_set_release.txt").write_text("77-30\n")

    crops = root / "cropped_aligned"
    for name in ("10-60-1280x720", "10-60-1280x720_right", "5-60-64x48-1", "5-60-64x48-4"):
        files.write_crops(crops / "cropped_aligned" / name, range(1, 21))
    files.write_crops(crops / "cropped_aligned_new_50_vids/video10_1_left", range(1, 21))
    files.write_crops(crops / "cropped_aligned_new_50_vids/Mixed Lines", range(1, 10))
    files.write_crops(crops / "77-30", [1, 2])
    files.write_crops(crops / "unasked", [1])
    (crops / "cropped_aligned/10-60-1280x720/.DS_Store").write_bytes(b"x")
    (crops / "cropped_aligned/10-60-1280x720/notes.txt").write_bytes(b"x")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    half = crops / "cropped_aligned/10-60-1280x720/00004.jpg"
    cv2.imwrite(str(half), noise)
    half.write_bytes(half.read_bytes()[:2000])

    files.write_video(root / "batch1/10-60-1280x720.mp4", frames=17)
    files.write_video(root / "batch2/VIDEOS/video10_1.AVI".replace(".AVI", ".avi"))
    (root / "batch2/VIDEOS/video10_1.avi").rename(root / "batch2/VIDEOS/video10_1.AVI")
    files.write_film(
        root / "new_vids/5-60-64x48-1.mp4", files.grey(20), 25, files.click(0.3), sound_start=0.3
    )
    content = bytearray(files.write_video(root / "new_vids/Mixed Lines.mp4").read_bytes())
    (root / "new_vids/Mixed Lines.mp4").write_bytes(content[: len(content) // 3])
    files.write_video(root / "new_vids/5-60-64x48-4.mp4", sound=False)
    files.write_wav(root / "wavs/5-60-64x48-4.wav", files.click(0.8))
    return root


def test_counts_of_an_awkward_folder(awkward: Path) -> None:
    report = run(awkward)
    counts = {
        f.name: (f.part, f.rows, f.valid, f.malformed, f.without_crop, f.beyond, f.damaged_crops)
        for f in report.faces
    }
    assert counts == {
        "10-60-1280x720": ("train", 20, 20, 0, 0, 0, 1),
        "10-60-1280x720_right": ("train", 23, 20, 0, 3, 0, 0),
        "video10_1_left": ("train", 20, 20, 0, 0, 0, 0),
        "5-60-64x48-1": ("train", 20, 20, 0, 0, 0, 0),
        "5-60-64x48-4": ("validation", 20, 20, 0, 0, 0, 0),
        # of nine rows: two outside, two without two numbers, one empty, one NaN; three count
        "Mixed Lines": ("validation", 9, 3, 3, 0, 0, 0),
        "no header": ("validation", 20, 20, 0, 20, 0, 0),
        "77-30": ("test", 0, 0, 0, 0, 0, 0),
    }
    assert face(report, "10-60-1280x720").usable == 19
    sounds = {f.name: f.sound.source for f in report.faces}
    assert sounds == {
        "10-60-1280x720": "video",
        "10-60-1280x720_right": "video",
        "video10_1_left": "video",
        "5-60-64x48-1": "video",
        "5-60-64x48-4": "wav",
        "Mixed Lines": "none",
        "no header": "none",
        "77-30": "none",
    }
    late = face(report, "5-60-64x48-1").sound
    assert late.late == pytest.approx(0.3, abs=0.07)
    assert late.short == pytest.approx(0.2, abs=0.07)
    assert face(report, "video10_1_left").video.frames == 20
    assert report.shared_recordings == ("5-60-64x48",)
    assert report.exit_status == 0


def test_each_loss_of_an_awkward_folder_is_named(awkward: Path) -> None:
    text = run(awkward).render()
    for words in (
        "5th_ABAW_Annotations/VA_Estimation_Challenge was not read",
        "00004.jpg: it is a JPEG that was cut off",
        "10-60-1280x720: 20 rows for 17 frames",
        "10-60-1280x720_right: 23 rows for 17 frames",
        "5-60-64x48-1: its sound begins 0.2",
        "5-60-64x48-1: its sound ends 0.",
        "new_vids/Mixed Lines.mp4: it cannot be decoded",
        "Mixed Lines: it has no sound",
        "Mixed Lines.txt: 3 rows hold no two numbers valence,arousal and count as invalid (line ",
        "no header.txt: it has no first line valence,arousal",
        "no header: it has no folder of crops",
        "no header: its video is not there",
        "unasked; they are not used",
        "5-60-64x48: parts of this recording stand in training and validation",
    ):
        assert words in text, words
    assert "gone" not in text
    assert "._video2" not in text


def test_json_holds_all_and_no_nan(awkward: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", "affwild2", str(awkward), "--json", "--jobs", "1", "--quiet"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert told["totals"]["validation"]["malformed"] == 3
    assert {f["name"]: f["video"]["rate"] for f in told["faces"]}["no header"] is None
    assert told["simulated"] is False


def test_a_folder_of_no_use_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        run(tmp_path / "absent")
    with pytest.raises(DataError, match="Train_Set"):
        run(tmp_path)
    files.write_annotation(tmp_path / "VA_Set/Training_Set/a.txt", [(0, 0)] * 3)
    report = run(tmp_path)
    assert report.exit_status == 1
    assert "no frame of train" in report.render()
    (tmp_path / "VA_Set/Training_Set/a.txt").write_text("Expression\n3\n4\n")
    assert "no row of two numbers" in run(tmp_path).render()
