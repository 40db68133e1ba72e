"""Pictures and sound share one time: a flash and a click at the same moment, in made videos."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pkdot.data.media.sound import RATE, read_sound
from pkdot.data.media.video import VideoReader, frame_times, survey_video
from pkdot.data.simulate.film import write_film
from tests.support import affwild2_files as files

NTSC = Fraction(30_000, 1001)
UNEVEN = np.cumsum(np.where(np.arange(60) % 3 == 0, 0.05, 0.03)).tolist()
FLASH = 37


@pytest.mark.parametrize(
    ("name", "rate", "start", "times"),
    [
        ("a.mp4", Fraction(25), 0.0, None),
        ("a.mp4", Fraction(25), 0.3, None),
        ("a.mp4", NTSC, 0.3, None),
        ("a.mp4", Fraction(30), 0.3, UNEVEN),
        ("a.avi", Fraction(25), 0.0, None),
        ("a.avi", NTSC, 0.0, None),
    ],
)
def test_a_click_is_heard_when_its_flash_is_seen(
    tmp_path: Path, name: str, rate: Fraction, start: float, times: list[float] | None
) -> None:
    moment = times[FLASH] if times else float(FLASH / rate)
    sound = files.click(3.0, [moment - start])
    path = tmp_path / name
    write_film(path, files.grey(60, [FLASH]), rate, sound, sound_start=start, times=times)
    seen = {
        time: float(frame.to_ndarray(format="gray").mean()) for time, frame in VideoReader(path)
    }
    flash = max(seen, key=lambda time: seen[time])
    heard = read_sound(path)
    click = heard.start + int(np.abs(heard.samples).argmax()) / heard.rate
    assert heard.rate == RATE
    assert abs(click - flash) < 0.5 / float(rate)
    assert abs(flash - moment) < 1e-3
    shown, container = frame_times(path)
    assert shown == pytest.approx(sorted(seen), abs=1e-6)  # without decoding, the same
    survey = survey_video(path)
    assert survey.varies == (times is not None)
    assert times is not None or container == pytest.approx(float(rate))


def test_a_pause_in_a_sound_stays_a_pause(tmp_path: Path) -> None:
    """A stream that leaves out a second is silent for a second, and keeps its time."""
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        for second in (1, 3):
            samples = np.full((1, 8000), 8000 * second, np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, 8000 * second, Fraction(1, 8000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    heard = read_sound(path)
    assert (heard.start, heard.end) == pytest.approx((1.0, 4.0), abs=0.01)
    middles = [heard.samples[int((at - heard.start) * RATE)] for at in (1.5, 2.5, 3.5)]
    assert middles == pytest.approx([8000 / 32768, 0, 24000 / 32768], abs=0.01)
