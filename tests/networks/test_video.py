"""Encoders of video and signals: sizes, names of weights, an independent R3D-18, safe loading."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy import signal as scipy_signal
from torch import Tensor, nn
from torch.nn import functional

from pkdot.errors import ConfigError, DataError, InputError
from pkdot.networks.signal import SmallSignalNet, SpectrogramNet
from pkdot.networks.video import R3D18, SmallVideoNet
from pkdot.networks.weights import KINETICS_SHA256, KINETICS_URL, download_r3d18, load_r3d18


@pytest.fixture(scope="module")
def r3d18() -> R3D18:
    """With weights and running statistics that are nowhere trivial."""
    torch.manual_seed(0)
    network = R3D18()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.1)  # type: ignore[union-attr, operator]
            module.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr, operator]
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


@torch.no_grad()
def reference_map(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """R3D-18 written out with functions alone, from torchvision's names of weights."""

    def conv_norm(name: str, norm: str, x: Tensor, stride: object, padding: object) -> Tensor:
        x = functional.conv3d(x, state[f"{name}.weight"], stride=stride, padding=padding)  # type: ignore[arg-type]
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + 1e-5).sqrt()
        shift = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        return x * scale[:, None, None, None] + shift[:, None, None, None]

    x = conv_norm("stem.0", "stem.1", x, (1, 2, 2), (1, 3, 3)).relu()
    for layer in range(1, 5):
        for block in range(2):
            stride = 2 if layer > 1 and block == 0 else 1
            at = f"layer{layer}.{block}"
            inner = conv_norm(f"{at}.conv1.0", f"{at}.conv1.1", x, stride, 1).relu()
            inner = conv_norm(f"{at}.conv2.0", f"{at}.conv2.1", inner, 1, 1)
            if stride == 2:
                x = conv_norm(f"{at}.downsample.0", f"{at}.downsample.1", x, 2, 0)
            x = (x + inner).relu()
    return x


@pytest.mark.slow
def test_r3d18_has_the_known_size(r3d18: R3D18) -> None:
    assert sum(weights.numel() for weights in r3d18.parameters()) == 33_371_472
    assert len(r3d18.state_dict()) == 122
    headless = R3D18(n_classes=None)
    assert sum(weights.numel() for weights in headless.parameters()) == 33_371_472 - 513 * 400


@torch.no_grad()
@pytest.mark.slow
def test_r3d18_gives_98_tokens_of_512(r3d18: R3D18) -> None:
    clips = torch.randn(2, 3, 10, 112, 112)
    assert r3d18.feature_map(clips).shape == (2, 512, 2, 7, 7)
    encoded = r3d18(clips)
    assert encoded.tokens.shape == (2, 98, 512)
    assert encoded.pooled.shape == (2, 512)
    assert r3d18.classify(clips).shape == (2, 400)
    with pytest.raises(ConfigError, match="without a head"):
        R3D18(n_classes=None).classify(clips)


@pytest.mark.slow
@torch.no_grad()
def test_r3d18_equals_one_written_out_with_functions(r3d18: R3D18) -> None:
    clips = torch.randn(1, 3, 6, 48, 48)
    ours, reference = r3d18(clips), reference_map(r3d18.state_dict(), clips)
    torch.testing.assert_close(ours.pooled, reference.mean((2, 3, 4)), rtol=1e-4, atol=1e-4)
    # tokens in reading order: time slowest, then rows, then columns
    torch.testing.assert_close(
        ours.tokens[0, -1], reference[0, :, -1, -1, -1], rtol=1e-4, atol=1e-4
    )
    torch.testing.assert_close(ours.tokens[0, 1], reference[0, :, 0, 0, 1], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_r3d18_equals_torchvisions_where_it_is_present(r3d18: R3D18) -> None:
    models = pytest.importorskip("torchvision.models.video")
    reference = models.r3d_18(weights=None).eval()
    reference.load_state_dict(r3d18.state_dict())
    clips = torch.randn(1, 3, 10, 112, 112)
    torch.testing.assert_close(r3d18.classify(clips), reference(clips), rtol=1e-4, atol=1e-4)


ENCODERS = {
    "video": (SmallVideoNet(), (3, 10, 112, 112), (245, 64)),
    "short video": (SmallVideoNet(feature_dim=24, width=8), (3, 4, 32, 32), (8, 24)),
    "signal": (SmallSignalNet(), (1, 176), (11, 64)),
    "spectrogram": (SpectrogramNet(), (1, 352), (10, 64)),
    "released spectrogram": (SpectrogramNet(size="resnet18"), (1, 1536), (12, 512)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODERS)
def test_tokens_and_their_mean(name: str) -> None:
    network, shape, tokens = ENCODERS[name]
    encoded = network.eval()(torch.randn(3, *shape))
    assert encoded.tokens.shape == (3, *tokens)
    assert encoded.pooled.shape == (3, tokens[1])
    assert network.feature_dim == tokens[1]
    torch.testing.assert_close(encoded.pooled, encoded.tokens.mean(1))
    encoded.pooled.square().sum().backward()
    for weights in network.parameters():
        assert weights.grad is not None
        assert weights.grad.abs().sum() > 0


@torch.no_grad()
@pytest.mark.parametrize("name", ENCODERS)
def test_samples_never_see_each_other(name: str) -> None:
    network, shape, _ = ENCODERS[name]
    network.eval()
    batch = torch.randn(4, *shape)
    together, alone = network(batch), network(batch[2:3])
    torch.testing.assert_close(together.tokens[2:3], alone.tokens, rtol=1e-4, atol=1e-5)
    permuted = network(batch[[2, 0, 3, 1]])
    torch.testing.assert_close(permuted.pooled, together.pooled[[2, 0, 3, 1]], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_spectrogram_is_scipys() -> None:
    wave = torch.randn(2, 1, 1536, dtype=torch.float64)
    ours = SpectrogramNet().spectrogram(wave)
    assert ours.shape == (2, 1, 127, 65)
    window = torch.hann_window(16, dtype=torch.float64).numpy()  # periodic, as scipy's is
    _, _, reference = scipy_signal.spectrogram(
        wave[:, 0].numpy(), window=window, nperseg=16, noverlap=4, nfft=128, scaling="spectrum",
        mode="psd", detrend="constant",
    )  # fmt: skip
    reference = reference * window.sum() ** 2  # power, not density
    reference[:, 1:-1] /= 2  # scipy folds negative frequencies onto positive ones
    np.testing.assert_allclose(
        ours[:, 0].numpy(), np.log1p(reference).transpose(0, 2, 1), rtol=1e-4, atol=1e-5
    )


def test_the_small_network_sees_motion_that_a_mean_hides() -> None:
    """Two clips of the same frames in another order differ; a mean over time would not tell."""
    torch.manual_seed(0)
    network = SmallVideoNet().eval()
    clip = torch.randn(1, 3, 10, 32, 32)
    moved = clip[:, :, torch.randperm(10)]
    torch.testing.assert_close(clip.mean(2), moved.mean(2), rtol=1e-4, atol=1e-5)
    assert (network(clip).pooled - network(moved).pooled).abs().max() > 1e-3


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"n_overlap": 16}, "0 ≤ n_overlap < n_perseg"),
    ({"n_fft": 8}, "≤ n_fft"),
    ({"size": "huge"}, "'small' or 'resnet18'"),
])  # fmt: skip
def test_spectrograms_that_cannot_be(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        SpectrogramNet(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"\(B, 1, L\)"):
        SpectrogramNet()(torch.randn(2, 1, 8))


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_come_back_from_a_file(r3d18: R3D18, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    (torch.save if suffix == ".pth" else save_file)(r3d18.state_dict(), path)  # type: ignore[operator]
    again = load_r3d18(path)
    assert not again.training
    clips = torch.randn(1, 3, 4, 32, 32)
    assert torch.equal(again(clips).pooled, r3d18(clips).pooled)


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no weights at"):
        load_r3d18(tmp_path / "absent.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(DataError, match="read safely"):
        load_r3d18(tmp_path / "text.pth")
    torch.save({"weights": [1, 2]}, tmp_path / "list.pth")
    with pytest.raises(DataError, match="no plain state dict"):
        load_r3d18(tmp_path / "list.pth")
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    with pytest.raises(DataError, match="holds no R3D-18"):
        load_r3d18(tmp_path / "other.pth")


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('the file was executed')",))


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    torch.save({"fc.weight": _Evil()}, tmp_path / "evil.pth")
    with pytest.raises(DataError, match="read safely"):
        load_r3d18(tmp_path / "evil.pth")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    """A server on this machine with one file; its address and its content."""
    content = b"weights" * 1000
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "net.pth").write_bytes(content)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/net.pth", content
        http.shutdown()
        thread.join()


@pytest.mark.slow
def test_a_download_is_verified_and_kept(server: tuple[str, bytes], tmp_path: Path) -> None:
    url, content = server
    digest = hashlib.sha256(content).hexdigest()
    path = download_r3d18(tmp_path / "cache", url, digest[:8])
    assert path.read_bytes() == content
    made = path.stat().st_mtime_ns
    (tmp_path / "served" / "net.pth").unlink()  # the second time nothing is fetched
    assert download_r3d18(tmp_path / "cache", url, digest) == path
    assert path.stat().st_mtime_ns == made


@pytest.mark.slow
def test_a_download_with_another_hash_is_refused(server: tuple[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected 00000000"):
        download_r3d18(tmp_path / "cache", server[0], "0" * 64)
    assert list((tmp_path / "cache").iterdir()) == []
    with pytest.raises(DataError, match="proves nothing"):
        download_r3d18(tmp_path / "cache", server[0], "0")


@pytest.mark.slow
def test_a_kept_file_that_was_damaged_is_refused(server: tuple[str, bytes], tmp_path: Path) -> None:
    url, content = server
    digest = hashlib.sha256(content).hexdigest()
    path = download_r3d18(tmp_path / "cache", url, digest)
    path.write_bytes(content[:-1])
    with pytest.raises(DataError, match="it was deleted"):
        download_r3d18(tmp_path / "cache", url, digest)
    assert download_r3d18(tmp_path / "cache", url, digest).read_bytes() == content


@pytest.mark.slow
def test_a_download_that_fails_says_what_to_do(server: tuple[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fetch it by hand"):
        download_r3d18(tmp_path / "cache", server[0].replace("net", "absent"), "0" * 8)


def test_the_public_name_carries_its_hash() -> None:
    assert f"-{KINETICS_SHA256}.pth" in KINETICS_URL
