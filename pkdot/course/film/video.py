"""Pictures to a file: an animated WebP, which loops in a page, or an MP4 for slides and posts."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from ...atomic_files import written_aside
from ...errors import ConfigError, InputError
from .canvas import Shot

KINDS = (".webp", ".mp4")
RATE = 25
"""Pictures a second of an MP4."""


def write_film(shots: Sequence[Shot], dest: Path) -> None:
    """Write a film; the file appears whole or not at all.

    Args:
        shots: its pictures, all of one size.
        dest: a file that ends in .webp or .mp4.

    Raises:
        ConfigError: for another kind of file, or if an MP4 is asked for without PyAV.
        InputError: if there is no picture.
        RecordError: if the disk refuses.
    """
    if not shots:
        raise InputError("A film needs at least one picture.")
    write = {".webp": _write_webp, ".mp4": _write_mp4}.get(dest.suffix.lower())
    if write is None:
        raise ConfigError(f"A film is written as {' or '.join(KINDS)}, not as {dest.name!r}.")
    with written_aside(dest) as aside:
        write(shots, aside)


def _write_webp(shots: Sequence[Shot], path: Path) -> None:
    from PIL import Image

    first, *others = [Image.fromarray(shot.picture) for shot in shots]
    first.save(
        path, format="WEBP", save_all=True, append_images=others, loop=0, quality=72, method=4,
        duration=[shot.milliseconds for shot in shots],
    )  # fmt: skip


def _write_mp4(shots: Sequence[Shot], path: Path) -> None:
    try:
        import av
    except ImportError:
        raise ConfigError("An MP4 is written by PyAV; try: pip install 'pkdot[media]'.") from None
    height, width, _ = shots[0].picture.shape
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as file:
        # H.264 in 4:2:0, as browsers and phones play nothing else everywhere
        stream = file.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        number = 0
        for shot in shots:
            for _ in range(max(1, round(shot.milliseconds * RATE / 1000))):
                frame = av.VideoFrame.from_ndarray(shot.picture, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                file.mux(stream.encode(frame))
                number += 1
        file.mux(stream.encode())
