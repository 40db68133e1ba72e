"""How fast are clips prepared, next to plainly decoding the same files and finding one face?

Both sides read the same mp4 files in one process and take turns. Medians are compared, and on a
shared machine only the ratio means much. The plain side decodes every frame, turns one of them
into a picture and looks for a face in it: less is not possible. Preparation also cuts, crops and
scales ten frames, writes them to the disk, forces them there, and notes what it did.
"""

import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .frame import benchmark_parser, publish

DEFAULT_REPORT = Path("reports/benchmarks/preparation.md")


@dataclass(frozen=True)
class Result:
    """Speed of both sides, medians over the rounds.

    Attributes:
        windows: number of windows.
        prepared: windows prepared per second.
        plain: windows decoded per second.
        peak_mib: memory of the process at its peak, in MiB.
    """

    windows: int
    prepared: float
    plain: float
    peak_mib: float

    @property
    def ratio(self) -> float:
        """Time of preparation over that of plain decoding."""
        return self.plain / self.prepared


def measure(root: Path, windows: int = 100, rounds: int = 5) -> Result:
    """Time both sides on the first ``windows`` windows of a BioVid folder.

    Raises:
        ConfigError: if there is no such folder, or a library is missing.
        DataError: if it holds no index that can be read.
    """
    from ..data.biovid import require_libraries

    require_libraries()
    from ..data.biovid.index import BioVidIndex, read_index
    from ..data.biovid.prepare import prepare
    from ..data.biovid.settings import VideoOptions

    whole = read_index(root)
    table = whole.table.iloc[:windows]
    index = BioVidIndex(whole.root, whole.layout, table, whole.simulated)
    times: dict[str, list[float]] = {"prepared": [], "plain": []}
    for _ in range(rounds + 1):  # the first round fills the caches of the system
        with tempfile.TemporaryDirectory() as cache:
            start = time.perf_counter()
            prepare(index, "video", VideoOptions(), cache=Path(cache), progress=False)
            times["prepared"].append(time.perf_counter() - start)
        start = time.perf_counter()
        for name in table["video"]:
            _decode_and_detect(index.root / name)
        times["plain"].append(time.perf_counter() - start)
    speed = {side: len(table) / statistics.median(seconds[1:]) for side, seconds in times.items()}
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    return Result(len(table), speed["prepared"], speed["plain"], peak)


def _decode_and_detect(path: Path) -> None:
    import av

    from ..data.biovid.video import find_face

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"  # as in preparation
        for number, frame in enumerate(container.decode(stream)):
            if number == 69:  # the middle of a window
                picture = frame.to_ndarray(format="rgb24")
    find_face(picture)


def format_page(result: Result, root: Path) -> str:
    """The result as a page of Markdown."""
    return (
        "# Preparation of clips\n\n"
        f"{result.windows} windows of `{root.name}`, one process.\n\n"
        "| | windows per second |\n|---|---:|\n"
        f"| plain decoding and one detection per clip | {result.plain:.1f} |\n"
        f"| preparation, cached on disk | {result.prepared:.1f} |\n\n"
        f"Preparation takes {result.ratio:.2f} times as long (aim: at most 1.3). Peak memory of "
        f"the process: {result.peak_mib:.0f} MiB.\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, write the report, and print it. Returns the exit status."""
    parser = benchmark_parser("preparation", __doc__, DEFAULT_REPORT)
    parser.add_argument("root", type=Path, help="a BioVid folder, recorded or simulated")
    parser.add_argument("--windows", type=int, default=100, help="how many (100)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side (5)")
    options = parser.parse_args(arguments)
    return publish(
        lambda: format_page(measure(options.root, options.windows, options.rounds), options.root),
        options.report,
    )


if __name__ == "__main__":
    raise SystemExit(main())
