"""How fast are face crops and sound prepared, next to plainly decoding the same crops?

Both sides run in one process, preparation first in an empty cache. Preparation also judges every
picture (damage that OpenCV fills in), writes it to the disk, decodes the videos' sound, makes
spectrograms and plain descriptions. Seconds of the processor are given beside those of the clock,
as on a shared machine only they mean much.
"""

import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .frame import benchmark_parser, publish

DEFAULT_REPORT = Path("reports/benchmarks/crops.md")
_VIDEO = 10_000  # frames of a video
_FACES = 40  # different pictures of one


@dataclass(frozen=True)
class Result:
    """Both sides.

    Attributes:
        frames: how many.
        prepared, plain: seconds of the clock and of the processor.
        peak_mib: memory of the process at its peak, in MiB; 2 GiB is the aim.
        first_mib: the same before anything was prepared.
    """

    frames: int
    prepared: tuple[float, float]
    plain: tuple[float, float]
    peak_mib: float
    first_mib: float


def write_folder(root: Path, frames: int) -> Path:
    """A folder in Aff-Wild2's layout: videos of 10,000 frames, or of a quarter of all."""
    import cv2

    from ..data.simulate.face import ACTION_UNITS, Pose, draw_face, random_face
    from ..data.simulate.film import write_film

    chance = np.random.default_rng(0)
    length = min(_VIDEO, frames // 4)
    count = frames // length
    for video in range(count):
        face = random_face(chance)
        pictures = [
            draw_face(face, chance.uniform(0, 0.6, len(ACTION_UNITS)), Pose(), 112)
            for _ in range(_FACES)
        ]
        crops = [cv2.imencode(".jpg", p[..., ::-1])[1].tobytes() for p in pictures]
        folder = root / "cropped_aligned" / f"v{video}"
        folder.mkdir(parents=True)
        for i in range(length):
            (folder / f"{i + 1:05d}.jpg").write_bytes(crops[i % _FACES])
        sound = (0.1 * chance.standard_normal(length * 640)).astype(np.float32)
        film = (pictures[i % _FACES] for i in range(length))
        write_film(root / "videos" / f"v{video}.mp4", film, 25, sound)
        part = "Validation_Set" if video == count - 1 else "Train_Set"
        path = root / "VA_Set" / part / f"v{video}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        wave = 0.8 * np.sin(np.arange(length) / 50)
        rows = "\n".join(f"{v:.3f},{-v:.3f}" for v in wave)
        path.write_text(f"valence,arousal\n{rows}\n", encoding="utf-8")
    return root


def measure(frames: int = 60_000) -> Result:
    """Time both sides on so many frames, written to a temporary folder first.

    Raises:
        ConfigError: if a library is missing.
    """
    from ..data.affwild2 import AffWild2Settings, require_libraries

    require_libraries()
    import cv2

    from ..data.affwild2.corpus import load

    with tempfile.TemporaryDirectory() as place:
        root = write_folder(Path(place) / "root", frames)
        first = _peak()
        before = os.environ.get("PKDOT_CACHE")
        os.environ["PKDOT_CACHE"] = str(Path(place) / "cache")
        try:
            begin = time.perf_counter(), time.process_time()
            corpus = load(AffWild2Settings(root=root), 0, jobs=1, progress=False)
            prepared = time.perf_counter() - begin[0], time.process_time() - begin[1]
        finally:
            os.environ.pop("PKDOT_CACHE")
            if before is not None:
                os.environ["PKDOT_CACHE"] = before
        peak, count = _peak(), sum(corpus.facts["frames"].values())
        begin = time.perf_counter(), time.process_time()
        for crop in (root / "cropped_aligned").rglob("*.jpg"):
            cv2.imdecode(np.frombuffer(crop.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        plain = time.perf_counter() - begin[0], time.process_time() - begin[1]
    return Result(count, prepared, plain, peak, first)


def _peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def format_page(result: Result) -> str:
    """The result as a page of Markdown."""

    def row(name: str, seconds: tuple[float, float]) -> str:
        speeds = " | ".join(f"{result.frames / s:,.0f}" for s in seconds)
        return f"| {name} | {seconds[0]:.1f} | {seconds[1]:.1f} | {speeds} |\n"

    return (
        "# Preparation of face crops and sound\n\n"
        f"{result.frames:,} frames of 112 × 112, one process.\n\n"
        "| | seconds of the clock | of the processor | frames a second by the clock | by the "
        "processor |\n|---|---:|---:|---:|---:|\n"
        + row("a plain loop that decodes the crops", result.plain)
        + row("preparation: judged, kept, with sound and descriptions", result.prepared)
        + f"\nPeak memory of the process: {result.peak_mib:.0f} MiB (aim: under 2048), of which "
        f"{result.first_mib:.0f} MiB before preparation began.\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, write the report, and print it. Returns the exit status."""
    parser = benchmark_parser("crops", __doc__, DEFAULT_REPORT)
    parser.add_argument("--frames", type=int, default=60_000, help="how many (60000)")
    options = parser.parse_args(arguments)
    return publish(lambda: format_page(measure(options.frames)), options.report)


if __name__ == "__main__":
    raise SystemExit(main())
