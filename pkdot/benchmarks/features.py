"""What does it save to encode once? The released script's way against cached features.

Both sides train the same student by the same updates on the same clips. The released way runs the
frozen R3D-18 twice for every clip of every batch, once for the teacher and once for the student.
With cached features every clip is encoded once and the teacher's outputs are computed once; this
time counts. Both students must end alike, or the comparison is refused.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.corpus import Corpus, Split
from ..data.features import with_features
from ..errors import PkdotError
from ..networks.models import NetworkSettings, Student, build_student, build_teacher
from ..networks.video import R3D18
from ..tasks import Classification
from ..training.encoding import EncodedOnDemand, encode
from .frame import benchmark_parser, publish

DEFAULT_REPORT = Path("reports/benchmarks/features.md")
_SETTINGS = NetworkSettings(tnet="none", student_encoder="fresh", dropout=0.0, input_noise=0.0)


@dataclass(frozen=True)
class Result:
    """Seconds of both sides, and how far apart the students' logits end.

    Attributes:
        clips: number of clips.
        frames: frames of each.
        pixels: height and width of each.
        epochs: passes over all clips.
        released: seconds with the backbone run twice per clip and epoch.
        cached: seconds with cached features, encoding included.
        difference: greatest difference between the two students' logits.
    """

    clips: int
    frames: int
    pixels: int
    epochs: int
    released: float
    cached: float
    difference: float

    @property
    def ratio(self) -> float:
        """Seconds of the released way over those of cached features."""
        return self.released / self.cached


def _clips(n: int, frames: int, pixels: int) -> Corpus:
    rng = np.random.default_rng(0)
    labels = (np.arange(n) % 2).astype(np.int64)
    indices = np.arange(n)
    # Only time is measured: validation and test are there because a corpus has them.
    split = Split(indices[:-2], indices[:0], indices[-2:-1], indices[-1:])
    return Corpus(
        name="clips",
        modalities={
            "video": rng.standard_normal((n, 3, frames, pixels, pixels), dtype=np.float32),
            "signal": rng.standard_normal((n, 16), dtype=np.float32),
        },
        prevalent=("video",),
        privileged=("signal",),
        targets=labels,
        given_targets=labels,
        groups=indices.astype(str),
        ids=indices.astype(str),
        task=Classification(classes=("a", "b")),
        split=split,
        simulated=True,
        fingerprint="benchmark",
    )


def measure(clips: int = 8, frames: int = 10, pixels: int = 112, epochs: int = 20) -> Result:
    """Time both sides, one batch of all training clips an epoch.

    Raises:
        PkdotError: if the two students differ; then they did not do the same work.
    """
    corpus = _clips(clips + 2, frames, pixels)
    torch.manual_seed(0)
    backbone = R3D18(None).eval().requires_grad_(False)
    train = corpus.split.train

    start = time.perf_counter()
    cached = with_features(corpus, {"video": encode(corpus, "video", backbone)})
    teacher = build_teacher(cached, _SETTINGS).eval()
    target = _teacher_embedding(teacher, cached, train)
    by_cache = _student(cached)
    for _ in range(epochs):
        _update(by_cache, _input(cached, train), target, corpus.targets[train])
    seconds_cached = time.perf_counter() - start

    looped = with_features(corpus, {"video": EncodedOnDemand(corpus, "video", backbone, "pooled")})
    by_loop = _student(cached)
    start = time.perf_counter()
    for _ in range(epochs):
        target = _teacher_embedding(teacher, looped, train)
        _update(by_loop, _input(looped, train), target, corpus.targets[train])
    seconds_released = time.perf_counter() - start

    batch = _input(cached, train)
    with torch.no_grad():
        one, other = (student.eval()(batch).outputs for student, _ in (by_cache, by_loop))
        difference = float((one - other).abs().max())
    if not difference < 0.05:
        raise PkdotError(
            f"The two students' logits differ by {difference:.3g}; the sides do not agree."
        )
    return Result(clips, frames, pixels, epochs, seconds_released, seconds_cached, difference)


def _input(corpus: Corpus, indices: np.ndarray) -> dict[str, torch.Tensor]:
    return {"video": corpus.batch("video", indices)}


def _student(corpus: Corpus) -> tuple[Student, torch.optim.Optimizer]:
    torch.manual_seed(1)
    student = build_student(corpus, _SETTINGS).train()
    return student, torch.optim.SGD(student.parameters(), lr=0.05)


@torch.no_grad()
def _teacher_embedding(teacher: nn.Module, corpus: Corpus, indices: np.ndarray) -> Tensor:
    return teacher({name: corpus.batch(name, indices) for name in ("video", "signal")}).embedding


def _update(
    trained: tuple[Student, torch.optim.Optimizer],
    x: dict[str, Tensor],
    target: Tensor,
    labels: np.ndarray,
) -> None:
    student, optimizer = trained
    output = student(x)
    loss = functional.cross_entropy(output.outputs, torch.as_tensor(labels))
    loss = loss + functional.mse_loss(output.embedding, target)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def format_page(result: Result) -> str:
    """The result as a page of Markdown."""
    return (
        "# Features of a frozen backbone, computed once\n\n"
        f"{result.clips} clips of {result.frames} × {result.pixels} × {result.pixels} through "
        f"R3D-18, {result.epochs} epochs, {torch.get_num_threads()} thread(s), torch "
        f"{torch.__version__}; both sides make the same updates.\n\n"
        "| | seconds |\n|---|---:|\n"
        f"| the released script's way: frozen backbone twice per clip and epoch "
        f"| {result.released:.2f} |\n"
        f"| cached features, encoding included | {result.cached:.2f} |\n\n"
        f"Caching is {result.ratio:.1f} times as fast (aim: at least 20). The students' logits "
        f"end {result.difference:.0e} apart.\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, write the report, and print it. Returns the exit status."""
    parser = benchmark_parser("features", __doc__, DEFAULT_REPORT)
    parser.add_argument("--clips", type=int, default=8, help="training clips (8)")
    parser.add_argument("--epochs", type=int, default=20, help="passes (20)")
    parser.add_argument("--pixels", type=int, default=112, help="side of a clip (112)")
    options = parser.parse_args(arguments)
    return publish(
        lambda: format_page(measure(options.clips, pixels=options.pixels, epochs=options.epochs)),
        options.report,
    )


if __name__ == "__main__":
    raise SystemExit(main())
