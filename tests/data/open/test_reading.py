"""One recording at a time: faces, voices, and damage that must not pass."""

from pathlib import Path

import numpy as np
import pytest

from pkdot.data.biovid.settings import VideoOptions
from pkdot.data.media.damage import DamagedFile
from pkdot.data.media.wav import check_whole_wav
from pkdot.data.open.reading import read_face, read_voice
from pkdot.data.open.served import Chunked, NoisyVoices, Spectrograms, Voices
from tests.support.open_files import POINTER, sound, tone, video, video_with_sound

OPTIONS = VideoOptions(frames=5, size=16, face=False)


@pytest.mark.parametrize("ending", ["mp4", "flv"])
def test_frames_are_the_middles_of_equal_parts(tmp_path: Path, ending: str) -> None:
    crops, facts = read_face(video(tmp_path / f"a.{ending}", frames=50), OPTIONS)
    assert crops.shape == (5, 16, 16, 3)
    assert crops.dtype == np.uint8
    # 50 frames from 40 to 220: parts of 10 frames, whose middles are frames 4.5, 14.5, …
    expected = 40 + 180 * (np.arange(5) * 10 + 4.5) / 49
    np.testing.assert_allclose(crops.mean((1, 2, 3)), expected, atol=4)
    assert facts["seconds"] == pytest.approx(2.0, abs=0.02)
    assert facts["rate"] == pytest.approx(25, abs=0.2)


def test_a_short_video_repeats_its_frames(tmp_path: Path) -> None:
    crops, _ = read_face(video(tmp_path / "a.mp4", frames=3), OPTIONS)
    assert crops.shape[0] == 5
    assert (np.diff(crops.mean((1, 2, 3))) >= 0).all()


def test_the_middle_of_a_sound(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", seconds=1.0)
    samples, facts = read_voice(path, 0.5, middle=True)
    whole = np.round(tone(1.0) * 32767)
    assert np.abs(samples - whole[4000:12000]).max() <= 1
    assert facts["seconds"] == 1.0
    begin, _ = read_voice(path, 0.5, middle=False)
    assert np.abs(begin - whole[:8000]).max() <= 1


def test_a_short_sound_is_padded(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", seconds=0.5)
    middle, _ = read_voice(path, 1.0, middle=True)
    assert not middle[:4000].any()
    assert not middle[12000:].any()
    assert middle[4000:12000].std() > 1000
    begin, _ = read_voice(path, 1.0, middle=False)
    assert not begin[8000:].any()


def test_other_rates_come_at_16_khz_with_their_pitch(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", seconds=1.0, hertz=500, rate=8000)
    samples, _ = read_voice(path, 1.0, middle=False)
    loudest = np.abs(np.fft.rfft(samples.astype(float))).argmax()
    assert loudest == 500  # of 16,000 samples in one second


def test_the_sound_of_a_video(tmp_path: Path) -> None:
    path = video_with_sound(tmp_path / "a.mp4")
    samples, facts = read_voice(path, 0.4, middle=False)
    assert np.abs(np.fft.rfft(samples.astype(float))).argmax() == pytest.approx(176, abs=1)
    assert facts["seconds"] == pytest.approx(0.4, abs=0.1)
    assert read_face(path, OPTIONS)[0].shape[0] == 5


def damaged(tmp_path: Path, name: str) -> tuple[Path, str]:
    """A file that must not pass, and the kind of its damage."""
    path = tmp_path / name
    if name.startswith("pointer"):
        path.write_bytes(POINTER)
        return path, "pointer"
    if name.startswith("half"):
        whole = sound(path, 1.0) if path.suffix == ".wav" else video(path, 60)
        whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        return path, "damaged" if path.suffix == ".wav" else ""
    if name.startswith("silent"):
        return sound(path, hertz=0.0), "silent"
    if name.startswith("text"):
        path.write_text("no recording at all")
        return path, "unreadable"
    return path, "missing"


def read(path: Path) -> None:
    if path.suffix == ".wav":
        read_voice(path, 0.3, middle=True)
    else:
        read_face(path, OPTIONS)


@pytest.mark.parametrize(
    "name",
    ["pointer.wav", "half.wav", "silent.wav", "text.wav", "none.wav", "pointer.flv", "half.flv",
     "half.mp4", "text.flv", "none.flv"],
)  # fmt: skip
def test_damage_is_named(tmp_path: Path, name: str) -> None:
    path, kind = damaged(tmp_path, name)
    with pytest.raises(DamagedFile) as caught:
        read(path)
    if kind:
        assert caught.value.kind == kind


def test_a_wav_from_a_pipe_states_no_length(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    check_whole_wav(path)


# --- served ---------------------------------------------------------------------------------------


def test_chunks_read_like_one_array() -> None:
    whole = np.arange(7 * 3).reshape(7, 3)
    chunked = Chunked([whole[:3], whole[3:6], whole[6:]])
    assert chunked.shape == whole.shape
    for index in (np.array([6, 0, 3]), np.array([[1, 2], [5, 5]]), np.int64(4), np.arange(0)):
        np.testing.assert_array_equal(chunked[index], whole[index])


def voices(n: int = 3) -> Voices:
    values = np.stack([np.r_[tone(0.25), np.zeros(4000)] * 32767 for _ in range(n)])
    return Voices(Chunked([values.astype(np.int16)]), np.arange(n))


def test_noise_has_the_asked_for_level_and_stays_the_same() -> None:
    clean = voices()
    for snr in (-6.0, 0.0, 12.0):
        noisy = NoisyVoices(clean, snr, seed=1)
        index = np.array([2, 0])
        first = noisy[index]
        np.testing.assert_array_equal(first, noisy[index])
        assert first.dtype == np.float32
        noise = (first - clean[index])[:, 0]
        speech = clean[index][0, 0]
        power = np.square(speech[speech != 0]).mean() / np.square(noise).mean(1)
        np.testing.assert_allclose(10 * np.log10(power), snr, atol=0.01)
        assert not np.allclose(noise[0], noise[1])
    # speech at 8 kHz ends at 4 kHz, and so does its noise
    spectrum = np.square(np.abs(np.fft.rfft(noise[0])))
    half = len(spectrum) // 2
    assert spectrum[int(1.1 * half) :].sum() < 0.01 * spectrum.sum()


def test_spectrograms_show_high_tones_above_low_ones() -> None:
    values = np.stack([tone(0.5, hertz) * 32767 for hertz in (300, 3000)]).astype(np.int16)
    drawn = Spectrograms(Voices(Chunked([values]), np.arange(2)))[np.arange(2)]
    assert drawn.shape == (2, 64, 112)
    low, high = drawn.astype(float).mean(2).argmax(1)
    assert high < low  # pitch runs upwards
