"""Fusions and T-Nets: samples never mix, queries matter, the gate follows its formula."""

import pytest
import torch
from torch import Tensor, nn

from pkdot.errors import ConfigError, InputError
from pkdot.networks import NetworkSettings, TNet, TNets, TokenTNet, build_tnet, build_tnets
from pkdot.networks.attention import (
    AttentionBlock,
    GatedTransformerFusion,
    JointCrossAttentionFusion,
)
from pkdot.networks.encoders import TokenEncoder, build_encoder
from pkdot.networks.fusion import build_fusion
from pkdot.networks.models import Teacher

ATTENDING = ["gated_transformer", "joint_cross_attention"]
F, D = 8, 6


def sizes(fusion: str = "concat") -> NetworkSettings:
    return NetworkSettings(
        feature_dim=F, embedding_dim=D, hidden=16, dropout=0.0, input_noise=0.0, fusion=fusion
    )


def fusion(name: str, n: int = 2) -> nn.Module:
    torch.manual_seed(0)
    return build_fusion(n, sizes(name))


def tokens(batch: int = 5, seed: int = 1, n: int = 2) -> list[Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, places, F, generator=draw) for places in (7, 4, 3)[:n]]


@pytest.mark.parametrize("name", ATTENDING)
@pytest.mark.parametrize("training", [True, False])
def test_samples_never_see_each_other(name: str, training: bool) -> None:
    """Whoever shares the batch, in training mode too, a sample's joint vector is the same."""
    network = fusion(name).train(training)
    whole = network(tokens())
    mates = [x.clone() for x in tokens()]
    for x in mates:
        x[1:] = torch.randn(x[1:].shape, generator=torch.Generator().manual_seed(9))
    torch.testing.assert_close(network(mates)[0], whole[0])
    torch.testing.assert_close(network([x[:1] for x in tokens()])[0], whole[0])
    assert not torch.allclose(network(mates)[1], whole[1])


@pytest.mark.parametrize("name", ATTENDING)
def test_a_teachers_logits_do_not_change_with_batch_mates(name: str) -> None:
    torch.manual_seed(0)
    settings = NetworkSettings(feature_dim=F, embedding_dim=D, hidden=16, fusion=name)
    teacher = Teacher({"video": (7, 3), "eda": (4, 5)}, 2, settings).eval()
    draw = torch.Generator().manual_seed(1)
    samples = {
        "video": torch.randn(6, 7, 3, generator=draw),
        "eda": torch.randn(6, 4, 5, generator=draw),
    }
    alone = {key: x[:1] for key, x in samples.items()}
    torch.testing.assert_close(teacher(alone).outputs, teacher(samples).outputs[:1])


def test_queries_matter() -> None:
    """What a query finds depends on the query: over many keys, and not over one alone."""
    torch.manual_seed(0)
    block = AttentionBlock(F, 2, 16, 0.0)
    first, second = torch.randn(2, 3, F), torch.randn(2, 3, F)

    def found(queries: Tensor, keys: Tensor) -> Tensor:
        asked, answered = block.norm_queries(queries), block.norm_keys(keys)
        return block.attention(asked, answered, answered)[0]

    many, one = torch.randn(2, 5, F), torch.randn(2, 1, F)
    assert not torch.allclose(found(first, many), found(second, many), atol=1e-3)
    torch.testing.assert_close(found(first, one), found(second, one))


@pytest.mark.parametrize("name", ATTENDING)
def test_a_single_token_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="T >= 2"):
        fusion(name)([torch.randn(2, 7, F), torch.randn(2, 1, F)])
    with pytest.raises(InputError, match="concat"):
        fusion(name)([torch.randn(2, F), torch.randn(2, F)])
    with pytest.raises(InputError, match="joins 2 modalities, not 1"):
        fusion(name)(tokens(n=1))


@pytest.mark.parametrize("name", ["concat", *ATTENDING])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_modality_is_read_and_learns(name: str, n: int) -> None:
    given = [x.mean(1) if name == "concat" else x for x in tokens(n=n)]
    given = [x.requires_grad_() for x in given]
    network = fusion(name, n)
    joint = network(given)
    assert joint.shape == (5, D)
    joint.square().sum().backward()
    for x in given:
        assert x.grad is not None
        assert x.grad.abs().sum() > 0
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key


def test_the_gate_shares_each_entry_between_the_modalities() -> None:
    network = fusion("gated_transformer")
    assert isinstance(network, GatedTransformerFusion)
    h = network.summaries(tokens())
    gate = network.gate(h)
    assert gate.shape == (5, 2, D)
    torch.testing.assert_close(gate.sum(1), torch.ones(5, D))
    scores = network.gates(h.flatten(1)).unflatten(1, (2, D))
    torch.testing.assert_close(gate[:, 0], torch.sigmoid(scores[:, 0] - scores[:, 1]))
    v = [torch.tanh(value(h[:, m])) for m, value in enumerate(network.values)]
    by_hand = gate[:, 0] * v[0] + (1 - gate[:, 0]) * v[1]
    torch.testing.assert_close(network(tokens()), by_hand)


def test_a_gate_that_shuts_a_modality_out_makes_it_silent() -> None:
    network = fusion("gated_transformer")
    with torch.no_grad():
        network.gates.weight.zero_()
        network.gates.bias[:D], network.gates.bias[D:] = 50.0, -50.0
    h = network.summaries(tokens())
    torch.testing.assert_close(network(tokens()), torch.tanh(network.values[0](h[:, 0])))


def test_joint_cross_attention_by_hand() -> None:
    network = fusion("joint_cross_attention")
    assert isinstance(network, JointCrossAttentionFusion)
    given = tokens(batch=1)
    x = [norm(t)[0] for norm, t in zip(network.norms, given, strict=True)]
    joint = torch.cat(x)
    for m, seen in enumerate(network.attended(given)):
        c = torch.tanh(x[m] @ network.correlate[m].weight.T @ joint.T / F**0.5)
        taken = c @ (joint @ network.take[m].weight.T) / len(joint)
        h = torch.relu(network.keep[m](x[m]) + taken)
        torch.testing.assert_close(seen[0], x[m] + network.out[m](h))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="3 heads"):
        NetworkSettings(heads=3)


def test_token_encoders_standardise_by_training_and_mark_places() -> None:
    encoder = build_encoder((4, 3), sizes())
    assert isinstance(encoder, TokenEncoder)
    samples = 5 + 2 * torch.randn(200, 4, 3, generator=torch.Generator().manual_seed(0))
    encoder.standardise_by(samples)
    torch.testing.assert_close(encoder.mean, samples.mean((0, 1)))
    same = torch.ones(1, 4, 3)
    assert not torch.allclose(encoder(same)[0, 0], encoder(same)[0, 1]), "places look alike"
    with pytest.raises(InputError, match="backbone first"):
        build_encoder((3, 4, 32, 32), sizes())
    with pytest.raises(InputError, match="backbone first"):
        build_encoder((1, 64), sizes())


def test_token_tnets_answer_by_place_and_sample() -> None:
    torch.manual_seed(0)
    tnet = build_tnet((4, F), 2)
    assert isinstance(tnet, TokenTNet)
    assert isinstance(build_tnet((F,), 2), TNet)
    prevalent = torch.randn(3, 7, F)
    found = tnet(prevalent)
    assert found.shape == (3, 4, F)
    torch.testing.assert_close(tnet(prevalent[:1]), found[:1])
    assert not torch.allclose(found[0, 0], found[0, 1])
    assert not torch.allclose(found[0], found[1])


@pytest.mark.parametrize("shape", [(F,), (4, F)])
def test_a_fresh_tnet_has_the_size_but_not_the_weights(shape: tuple[int, ...]) -> None:
    tnet = build_tnet(shape, 2)
    other = tnet.fresh()
    assert type(other) is type(tnet)
    pairs = list(zip(tnet.state_dict().values(), other.state_dict().values(), strict=True))
    assert all(a.shape == b.shape for a, b in pairs)
    assert any(not torch.equal(a, b) for a, b in pairs)


def test_all_tnets_of_a_corpus_are_one_module() -> None:
    torch.manual_seed(0)
    tnets = build_tnets({"eda": (F,), "ecg": (F,)}, 2)
    prevalent = torch.randn(3, F)
    hallucinated = tnets(prevalent)
    assert list(hallucinated) == ["eda", "ecg"]
    for name, tnet in tnets.items():
        assert torch.equal(hallucinated[name], tnet(prevalent))
    # Names of weights as in records of earlier versions: the modality, then the T-Net's own.
    expected = {f"{name}.{key}" for name in tnets for key in TNet(F).state_dict()}
    assert set(tnets.state_dict()) == expected
    torch.manual_seed(1)
    one = tnets.fresh()
    torch.manual_seed(1)
    two = {name: tnet.fresh() for name, tnet in tnets.items()}
    for name, tnet in one.items():
        assert torch.equal(tnet(prevalent), two[name](prevalent))
    assert TNets()(prevalent) == {}


def test_concatenation_averages_tokens() -> None:
    network = fusion("concat").eval()
    averaged = [x.mean(1) for x in tokens()]
    torch.testing.assert_close(network(tokens()), network(averaged))
