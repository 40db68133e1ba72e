"""Pictures that are cut or damaged are found; whole ones are read as OpenCV reads them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pkdot.data.media.damage import DamagedFile
from pkdot.data.media.pictures import check_picture


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (48, 48, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_whole_picture_is_rgb(tmp_path: Path, picture: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), picture)
    assert np.array_equal(check_picture(path), cv2.imread(str(path))[..., ::-1])


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_picture_is_found(
    tmp_path: Path, picture: np.ndarray, suffix: str, share: float
) -> None:
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), picture)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DamagedFile):
        check_picture(path)


def test_damage_inside_a_jpeg_is_found(tmp_path: Path, picture: np.ndarray) -> None:
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), picture)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4] = b"\xff\xd8\xff\xc4"  # another picture begins in the scan
    path.write_bytes(content)
    assert cv2.imread(str(path)) is not None  # OpenCV takes it for whole
    with pytest.raises(DamagedFile) as caught:
        check_picture(path)
    assert caught.value.kind == "damaged"


def test_no_picture_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("version https://git-lfs.github.com/spec/v1")
    for name, kind in (("a.jpg", "unreadable"), ("b.jpg", "missing")):
        with pytest.raises(DamagedFile) as caught:
            check_picture(tmp_path / name)
        assert caught.value.kind == kind
