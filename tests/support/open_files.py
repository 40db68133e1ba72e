"""Small files in the layouts of the open corpora, with little in them."""

from pathlib import Path

import av
import numpy as np

from pkdot.data.simulate.files import write_video, write_wav

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:c6f94b2592487c7556bd86df7df6e8f4420d1b9c11414aeec9d8e5e640b51495\nsize 72862\n"
)


def tone(seconds: float, hertz: float = 440.0, rate: int = 16_000) -> np.ndarray:
    """A sine of amplitude one half, (n,)."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def sound(path: Path, seconds: float = 0.3, hertz: float = 440.0, rate: int = 16_000) -> Path:
    """A wav file."""
    write_wav(path, tone(seconds, hertz, rate), rate)
    return path


def video(path: Path, frames: int = 10, size: int = 48) -> Path:
    """A video whose frames grow brighter, from 40 to 220."""
    greys = np.linspace(40, 220, frames).round().astype(np.uint8)
    form = "flv" if path.suffix == ".flv" else "mp4"
    write_video(path, (np.full((size, size, 3), g, np.uint8) for g in greys), 25, form)
    return path


def video_with_sound(path: Path, seconds: float = 0.4) -> Path:
    """A video of one colour with a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 48
        pictures.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(round(seconds * 25)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 48, 3), 99, np.uint8), format="rgb24")
            container.mux(pictures.encode(frame))
        samples = tone(seconds).astype(np.float32)[None]
        for at in range(0, samples.shape[1], 1024):
            part = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples[:, at : at + 1024]), format="fltp", layout="mono"
            )
            part.sample_rate, part.pts = 16_000, at
            container.mux(audio.encode(part))
        container.mux(pictures.encode())
        container.mux(audio.encode())
    return path
