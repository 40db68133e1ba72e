"""BioVid folders for tests: a tiny simulated one, the same in other layouts, and damage."""

import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd

from pkdot.data.simulate.biovid import simulate
from pkdot.data.simulate.files import write_video

SUBJECTS, WINDOWS = 6, 2


def write_tiny(dest: Path) -> Path:
    """Six people, BL1 and PA4, two windows each: what five grouped folds need at least."""
    return simulate(dest, subjects=SUBJECTS, windows=WINDOWS, seed=3, jobs=1, progress=False)


def copy(root: Path, dest: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(root, dest))


def signal_file(root: Path, which: int = 0) -> Path:
    return sorted((root / "biosignals_filtered").rglob("*_bio.csv"))[which]


def video_file(root: Path, which: int = 0) -> Path:
    return sorted((root / "video").rglob("*.mp4"))[which]


def read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t")


def write_table(path: Path, table: pd.DataFrame, sep: str = "\t") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep=sep, index=False)


def as_part(root: Path, dest: Path, part: str) -> Path:
    """The owners' database folder with one part in it; part A loses its facial EMGs."""
    base = copy(root, dest / f"Part{part}")
    if part == "A":
        kept = "time\tgsr\tecg\temg_trapezius"
        for path in base.rglob("*_bio.csv"):
            lines = path.read_text(encoding="utf-8").splitlines()
            assert lines[0].startswith(kept)
            short = ("\t".join(line.split("\t")[:4]) for line in lines)
            path.write_text("\n".join(short) + "\n", encoding="utf-8")
    return dest


def as_released(
    root: Path, dest: Path, *, first: int = 0, last: int = 137, only: int | None = None
) -> Path:
    """The released code's layout: frames as jpg, physio by class, one annotation file."""
    lines = []
    for path in sorted((root / "video").rglob("*.mp4"))[:only]:
        number = {"BL1": 0, "PA4": 4}[path.stem.split("-")[1]]
        folder = dest / str(number) / path.stem
        folder.mkdir(parents=True)
        for at, picture in enumerate(decode(path)[first : last + 1]):
            cv2.imwrite(
                str(folder / f"img_{at + 1:05d}.jpg"),
                picture[..., ::-1],
                [cv2.IMWRITE_JPEG_QUALITY, 98],
            )
        source = root / "biosignals_filtered" / path.parent.name / f"{path.stem}_bio.csv"
        target = dest / "physio" / str(number) / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        lines.append(f"{number}/{path.stem} 0 {last - first} {int(number > 0)}")
    (dest / "annotations.txt").write_text("\n".join(lines) + "\n")
    return dest


def decode(path: Path) -> list[np.ndarray]:
    """Every frame, RGB."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def clock_video(path: Path, seconds: float = 5.52, fps: int = 25, size: int = 64) -> Path:
    """Frame i shows i in eight black or white stripes: a picture tells its own number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bits = [(np.arange(round(seconds * fps)) >> bit) & 1 for bit in range(8)]
    stripes = np.repeat(np.stack(bits, axis=1) * 160 + 40, size // 8, axis=1)
    frames = (
        np.broadcast_to(row[None, :, None], (size, size, 3)).astype(np.uint8) for row in stripes
    )
    write_video(path, frames, fps)
    return path


def frame_numbers(pictures: np.ndarray) -> np.ndarray:
    """What the frames (n, H, W, 3) of a clock video tell, (n,)."""
    stripes = np.stack(np.split(pictures.mean(axis=(1, 3)), 8, axis=1)).mean(axis=2)
    return ((stripes > 120) * 2 ** np.arange(8)[:, None]).sum(axis=0)


def truncate(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
