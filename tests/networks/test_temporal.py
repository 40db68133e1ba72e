"""Encoders over time: windows never mix, a convolution reaches as far as it says; none is none."""

import pytest
import torch
from torch import Tensor, nn

from pkdot.errors import ConfigError
from pkdot.networks import NetworkSettings, Student, Teacher, build_student, build_tnets
from pkdot.networks.encoders import build_encoder
from pkdot.networks.models import NetworkOutput, build_teacher
from pkdot.networks.temporal import (
    EncoderOverTime,
    TemporalConvolution,
    TemporalRecurrence,
    encode_frames,
    over_time,
)
from tests.support.small_corpora import windows_corpus

F, D, L = 8, 6, 9
PARTS = ["tcn", "gru"]


def sizes(**changes: object) -> NetworkSettings:
    plain = {"feature_dim": F, "embedding_dim": D, "hidden": 16, "dropout": 0.0, "input_noise": 0.0}
    return NetworkSettings(**{**plain, **changes})


def part(kind: str) -> nn.Module:
    torch.manual_seed(0)
    return TemporalConvolution(F, 2, 0.0) if kind == "tcn" else TemporalRecurrence(F, 0.0)


def windows(batch: int = 4, length: int = L, seed: int = 1) -> Tensor:
    return torch.randn(batch, length, F, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", PARTS)
def test_windows_of_any_length_keep_their_shape_and_never_mix(kind: str) -> None:
    network, given = part(kind), windows()
    found = network(given)
    assert found.shape == given.shape
    assert network(given[:, :3]).shape == (4, 3, F)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(network(given[order]), found[order])
    torch.testing.assert_close(network(given[:1]), found[:1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", PARTS)
def test_a_frame_learns_from_both_sides(kind: str) -> None:
    given = windows().requires_grad_()
    part(kind)(given)[:, 4].square().sum().backward()
    assert given.grad is not None
    read = given.grad.abs().sum((0, 2)) > 0
    assert read[3]
    assert read[5]


@pytest.mark.parametrize(("blocks", "reach"), [(1, 2), (2, 6), (3, 14)])
def test_a_convolution_reaches_as_far_as_it_says_and_no_further(blocks: int, reach: int) -> None:
    torch.manual_seed(0)
    network = TemporalConvolution(F, blocks, 0.0)
    assert network.reach == reach
    middle = 20
    given = windows(1, 2 * middle + 1).requires_grad_()
    network(given)[0, middle].sum().backward()
    assert given.grad is not None
    read = torch.nonzero(given.grad[0].abs().sum(-1)).flatten()
    assert (int(read.min()), int(read.max())) == (middle - reach, middle + reach)


def test_places_of_frames_are_followed_each_by_itself() -> None:
    torch.manual_seed(0)
    encoder = over_time(build_encoder((5, 3), sizes(temporal="tcn")), sizes(temporal="tcn")).eval()
    assert isinstance(encoder, EncoderOverTime)
    frames = torch.randn(2 * L, 5, 3)
    tokens = encoder.encoder(frames).unflatten(0, (2, L))
    found = encode_frames(encoder, frames, (2, L)).unflatten(0, (2, L))
    assert found.shape == (2, L, 5, F)
    by_itself = encoder.norm(encoder.temporal(tokens[:, :, 3]))
    torch.testing.assert_close(found[:, :, 3], by_itself)


def network_of(who: str, settings: NetworkSettings) -> Teacher | Student:
    corpus = windows_corpus()
    torch.manual_seed(0)
    teacher = build_teacher(corpus, settings)
    if who == "teacher":
        return teacher.eval()
    return build_student(corpus, settings, teacher, build_tnets({"eda": (F,)}, 2)).eval()


def samples(batch: int = 4) -> dict[str, Tensor]:
    corpus = windows_corpus()
    return {name: torch.as_tensor(corpus.modalities[name][:batch]) for name in corpus.names}


@pytest.mark.parametrize("who", ["teacher", "student"])
def test_without_time_a_window_is_its_frames(who: str) -> None:
    """``temporal=none``: bit-equal to encoders, T-Nets, fusion, norm and head frame by frame."""
    network = network_of(who, sizes())
    found = network(samples())
    flat = {name: network.encoders[name](samples()[name].flatten(0, 1)) for name in
            network.encoders}  # fmt: skip
    if isinstance(network, Student):
        flat |= network.tnets(flat["face"])
    joint = network.joint
    z = joint.norm(joint.fusion(list(flat.values())))
    assert torch.equal(found.embedding.flatten(0, 1), z)
    assert torch.equal(found.outputs.flatten(0, 1), joint.head(z))
    assert not any("temporal" in key for key in network.state_dict())


@pytest.mark.parametrize("kind", PARTS)
def test_a_student_hallucinates_from_features_that_know_time(kind: str) -> None:
    network = network_of("student", sizes(temporal=kind))
    assert isinstance(network, Student)
    found: NetworkOutput = network(samples())
    assert found.features["face"].shape == found.features["eda"].shape == (4, 6, F)
    made = network.tnets(found.features["face"].flatten(0, 1))["eda"]
    torch.testing.assert_close(found.features["eda"].flatten(0, 1), made)
    other = samples()
    other["face"][:, 5] += 3.0
    moved = (network(other).features["eda"] - found.features["eda"]).abs().sum((0, 2))
    assert moved[4] > 0


@pytest.mark.parametrize("kind", PARTS)
def test_a_student_takes_the_temporal_part_over_or_leaves_it(kind: str) -> None:
    corpus, settings = windows_corpus(), sizes(temporal=kind, freeze_student_encoder=True)
    teacher = build_teacher(corpus, settings)
    copied = build_student(corpus, settings, teacher)
    state, own = teacher.encoders["face"].state_dict(), copied.encoders["face"].state_dict()
    assert any(name.startswith("temporal.") for name in own)
    assert all(torch.equal(own[name], value) for name, value in state.items())
    assert not any(p.requires_grad for p in copied.encoders.parameters())
    fresh = build_student(corpus, sizes(temporal=kind, student_encoder="fresh"), teacher)
    other = fresh.encoders["face"].state_dict()
    assert any(not torch.equal(other[name], value) for name, value in state.items())


def test_samples_that_are_no_windows_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"network\.temporal is 'gru'.*choose 'none'"):
        Teacher({"face": (5,), "eda": (4,)}, 2, sizes(temporal="gru"))
    over = sizes(fusion="gated_transformer", attends_over="frames")
    with pytest.raises(ConfigError, match=r"network\.attends_over to 'places'"):
        Teacher({"face": (5, 3)}, 2, over)
