"""Fusions over the frames of a window: a vector a frame, windows apart, formulas by hand."""

import pytest
import torch
from torch import Tensor, nn

from pkdot.errors import ConfigError, InputError
from pkdot.networks import NetworkSettings
from pkdot.networks.frame_fusion import (
    GatedTransformerOverFrames,
    JointCrossAttentionOverFrames,
    JointTransformerFusion,
)
from pkdot.networks.fusion import FRAME_FUSIONS, build_fusion

F, D, L, B = 8, 6, 5, 3


def fusion(name: str, n: int = 2) -> nn.Module:
    torch.manual_seed(0)
    settings = NetworkSettings(
        feature_dim=F, embedding_dim=D, hidden=16, dropout=0.0, fusion=name, attends_over="frames"
    )
    return build_fusion(n, settings)


def frames(n: int = 2, length: int = L) -> list[Tensor]:
    draw = torch.Generator().manual_seed(1)
    return [torch.randn(B, length, F, generator=draw) for _ in range(n)]


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAME_FUSIONS)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_vector_a_frame_from_every_modality(name: str, n: int) -> None:
    network, given = fusion(name, n), [x.requires_grad_() for x in frames(n)]
    joint = network(given)
    assert joint.shape == (B, L, D)
    assert network([x[:, :2] for x in given]).shape == (B, 2, D)
    joint[0, 2].square().sum().backward()
    for x in given:
        assert x.grad is not None
        assert (x.grad[0].abs().sum(-1) > 0).all(), "a frame of the window is not read"
        assert not x.grad[1:].any(), "another window is read"
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key


@pytest.mark.parametrize("name", FRAME_FUSIONS)
@pytest.mark.parametrize("training", [True, False])
def test_other_orders_give_the_same_vectors_in_that_order(name: str, training: bool) -> None:
    """Of windows, which never mix; of frames, as an attention alone knows no time."""
    network, given = fusion(name).train(training), frames()
    found = network(given)
    order, places = torch.tensor([2, 0, 1]), torch.tensor([3, 1, 4, 0, 2])
    torch.testing.assert_close(network([x[order] for x in given]), found[order])
    torch.testing.assert_close(network([x[:, places] for x in given]), found[:, places])
    torch.testing.assert_close(network([x[:1] for x in given]), found[:1])


def test_joint_cross_attention_by_hand() -> None:
    network, given = fusion("joint_cross_attention"), frames()
    assert isinstance(network, JointCrossAttentionOverFrames)
    x = [norm(t)[0] for norm, t in zip(network.norms, given, strict=True)]
    joint = torch.cat(x, dim=1)
    assert joint.shape == (L, 2 * F)
    seen = []
    for m in range(2):
        c = torch.tanh(x[m] @ network.correlate[m].weight.T @ joint.T / (2 * F) ** 0.5)
        assert c.shape == (L, L)
        taken = c @ (joint @ network.take[m].weight.T) / L
        seen.append(x[m] + network.out[m](torch.relu(network.keep[m](x[m]) + taken)))
    torch.testing.assert_close(network(given)[0], network.layers(torch.cat(seen, dim=1)))


def test_the_joint_transformer_attends_in_all_pairs() -> None:
    network, given = fusion("joint_transformer"), frames()
    assert isinstance(network, JointTransformerFusion)
    face, sound = given
    three = [face, sound, network.join(torch.cat(given, dim=2))]
    a, b, j = (block(x, x) for block, x in zip(network.within, three, strict=True))
    of_a, of_b, of_j = network.between
    pairs = [of_a(a, b), of_a(a, j), of_b(b, a), of_b(b, j), of_j(j, a), of_j(j, b)]
    torch.testing.assert_close(network(given), network.out(torch.cat(pairs, dim=2)))


def test_each_frame_has_a_gate_of_its_own() -> None:
    network, given = fusion("gated_transformer"), frames()
    assert isinstance(network, GatedTransformerOverFrames)
    attended = network.attended(given)
    for place in range(L):
        h = torch.stack([x[:, place] for x in attended], dim=1)
        torch.testing.assert_close(network(given)[:, place], network.mixed(h))


def test_what_it_cannot_join_is_refused() -> None:
    for name in FRAME_FUSIONS:
        with pytest.raises(InputError, match="T >= 2"):
            fusion(name)(frames(length=1))
        with pytest.raises(InputError, match="joins 2 modalities, not 1"):
            fusion(name)(frames(1))
    with pytest.raises(ConfigError, match=r"attends_over to 'frames'"):
        NetworkSettings(fusion="joint_transformer")
