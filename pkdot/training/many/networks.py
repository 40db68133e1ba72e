"""Networks of one shape as one: every weight has a leading axis of members.

Explicit batched layers, not ``torch.func.stack_module_state`` under ``vmap``: a pass took
1.1 to 1.4 times as long there, as vmap adds each bias in a pass of its own and turns every batch
norm's input around twice (``reports/benchmarks/training.md``). What the kit's networks do between
their layers is therefore written here once more; tests hold both to the same numbers.
"""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...networks.encoders import VectorEncoder
from ...networks.fusion import ConcatFusion
from ...networks.models import NetworkOutput, Student, Teacher
from ...networks.named_modules import NamedModules
from ...networks.tnet import TNet, TNets
from ..loop import set_training_mode
from .draws import Draws

LAYERS = (nn.Linear, nn.BatchNorm1d, nn.LayerNorm, nn.ReLU, nn.Dropout, nn.Identity)
CONTAINERS = (nn.Sequential, NamedModules, TNets, TNet, VectorEncoder, ConcatFusion)


def obstacle(network: nn.Module) -> str:
    """Why a network cannot train together with others of its shape; empty where it can."""
    if type(network) not in (Student, Teacher, TNets):
        return "networks of one's own train one by one"
    if getattr(network, "is_sequence", False):
        return "windows of frames train one by one"
    known = (*LAYERS, *CONTAINERS, Student, Teacher)
    for module in network.modules():
        own = type(module).__module__ == "pkdot.networks.models"  # fusion, norm and head together
        if type(module) not in known and not own:
            return f"networks with a {type(module).__name__} train one by one"
    return ""


def shape_of(network: nn.Module) -> tuple[str, ...]:
    """Equal for networks that can be members of one stack, in layers, sizes and what learns."""
    noises = [str(m.input_noise) for m in network.modules() if isinstance(m, VectorEncoder)]
    learns = [f"{name} {p.requires_grad} {p.dtype}" for name, p in network.named_parameters()]
    buffers = [f"{name} {tuple(b.shape)}" for name, b in network.named_buffers()]
    return (repr(network), *noises, *learns, *buffers)


class StackedNetworks:
    """M networks of one :func:`shape_of` and what learns beside them.

    Attributes:
        flat: (M, P), all that learns, a row a member; the leaf of autograd.
        fixed: name -> (M, ...), parameters that do not learn.
        buffers: name -> (M, ...).

    Args:
        networks: members; read, never written but by :meth:`restore`.
        adapters: of each member name -> parameter, what learns along in the loss alone.
    """

    def __init__(
        self, networks: Sequence[nn.Module], adapters: Sequence[Mapping[str, nn.Parameter]]
    ) -> None:
        self._template = networks[0]
        set_training_mode(self._template)
        self._modes = {name: m.training for name, m in self._template.named_modules()}
        learning = {n: p for n, p in self._template.named_parameters() if p.requires_grad}
        self._own = tuple(learning)
        self._shapes = {n: tuple(p.shape) for n, p in (*learning.items(), *adapters[0].items())}
        self._sizes = [p.numel() for p in (*learning.values(), *adapters[0].values())]
        rows = []
        for network, extra in zip(networks, adapters, strict=True):
            own = dict(network.named_parameters())
            parts = [*(own[name] for name in self._own), *extra.values()]
            rows.append(torch.cat([p.detach().reshape(-1) for p in parts]))
        self.flat = torch.stack(rows).requires_grad_()
        self.fixed = {
            name: torch.stack([dict(n.named_parameters())[name].detach() for n in networks])
            for name, p in self._template.named_parameters()
            if not p.requires_grad
        }
        self.buffers = {
            name: torch.stack([dict(n.named_buffers())[name] for n in networks])
            for name, _ in self._template.named_buffers()
        }

    def __len__(self) -> int:
        return len(self.flat)

    def keep(self, places: Sequence[int]) -> None:
        """Leave out all members but those at these places."""
        index = torch.as_tensor(places, device=self.flat.device)
        self.flat = self.flat.detach()[index].requires_grad_()
        self.fixed = {name: x[index] for name, x in self.fixed.items()}
        self.buffers = {name: x[index] for name, x in self.buffers.items()}

    def state(self) -> dict[str, Tensor]:
        """Copies of all that training changes, a row a member."""
        buffers = {name: x.clone() for name, x in self.buffers.items()}
        return {"": self.flat.detach().clone(), **buffers}

    def copy_row(self, place: int, state: Mapping[str, Tensor], row: int) -> None:
        """Write a member's present state into a row of a :meth:`state`."""
        for name, kept in state.items():
            kept[row].copy_((self.buffers[name] if name else self.flat.detach())[place])

    def restore(self, network: nn.Module, state: Mapping[str, Tensor], row: int) -> None:
        """Give a network the weights in a row of a :meth:`state`."""
        parts = zip(self._shapes.items(), state[""][row].split(self._sizes), strict=True)
        values = {name: part.view(shape) for (name, shape), part in parts}
        own = {name: values[name] for name in self._own}
        own |= {name: kept[row] for name, kept in state.items() if name}
        network.load_state_dict(own, strict=False)

    def parameters(self) -> dict[str, Tensor]:
        """Name -> (M, ...) of all that learns, with gradient to :attr:`flat`."""
        parts = self.flat.split(self._sizes, 1)  # its backward is one concatenation
        return {
            name: part.view(len(self.flat), *self._shapes[name])
            for name, part in zip(self._shapes, parts, strict=True)
        }

    def forward(
        self, parameters: Mapping[str, Tensor], inputs: Mapping[str, Tensor], draws: Draws
    ) -> NetworkOutput:
        """Outputs in training mode of B samples a member, every tensor with the axis of members.

        Args:
            parameters: of :meth:`parameters`.
            inputs: modality -> (M, B, F).
            draws: of each member.
        """
        tensors = {**parameters, **self.fixed, **self.buffers}
        return _Pass(tensors, self._modes, draws).network(self._template, inputs)

    @torch.no_grad()
    def evaluate(self, inputs: Mapping[str, Tensor], places: Sequence[int]) -> NetworkOutput:
        """Outputs in eval mode of the members at these places, for (m, n, F) inputs."""
        index = torch.as_tensor(places, device=self.flat.device)
        every = {**self.parameters(), **self.fixed, **self.buffers}
        tensors = every if len(places) == len(self) else {n: x[index] for n, x in every.items()}
        return _Pass(tensors, {}, None).network(self._template, inputs)


class _Pass:
    """One pass through stacked networks.

    Args:
        tensors: name -> (M, ...), parameters and buffers; running statistics change in place.
        modes: module -> whether it is in training mode; absent ones are not.
        draws: for what is in training mode.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], modes: Mapping[str, bool], draws: Draws | None
    ) -> None:
        self.tensors, self.modes, self.draws = tensors, modes, draws

    def network(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> NetworkOutput:
        if isinstance(network, TNets):
            (prevalent,) = inputs.values()
            answers = dict(self._tnets(network, "", prevalent))
            return NetworkOutput(prevalent[..., :0], prevalent[..., :0], answers)
        assert isinstance(network, Student | Teacher)
        encoders, joint = network.encoders, network.joint
        features = {
            name: self._encoder(encoder, f"encoders.{part}", inputs[name])
            for part, (name, encoder) in zip(encoders._modules, encoders.items(), strict=True)
        }
        if isinstance(network, Student):
            prevalent = _joined(list(features.values()))
            features |= dict(self._tnets(network.tnets, "tnets.", prevalent))
        fused = _joined(list(features.values()))
        fused = self._run(joint.fusion.layers, "joint.fusion.layers", fused)  # type: ignore[arg-type]
        z = self._run(joint.norm, "joint.norm", fused)
        return NetworkOutput(self._run(joint.head, "joint.head", z), z, features)

    def _tnets(self, tnets: TNets, prefix: str, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        for part, (name, tnet) in zip(tnets._modules, tnets.items(), strict=True):
            yield name, self._run(tnet.layers, f"{prefix}{part}.layers", x)  # type: ignore[arg-type]

    def _encoder(self, encoder: nn.Module, name: str, x: Tensor) -> Tensor:
        assert isinstance(encoder, VectorEncoder)
        mean, deviation = (self.tensors[f"{name}.{n}"].unsqueeze(1) for n in ("mean", "deviation"))
        x = (x - mean) / deviation
        if self.modes.get(name) and encoder.input_noise:
            assert self.draws is not None
            x = x + encoder.input_noise * self.draws.normal(x)
        return self._run(encoder.layers, f"{name}.layers", x)

    def _run(self, module: nn.Module, name: str, x: Tensor) -> Tensor:
        """A layer, or layers in a row, on (M, B, F)."""
        if isinstance(module, nn.Sequential):
            for part, child in module.named_children():
                x = self._run(child, f"{name}.{part}", x)
            return x
        if isinstance(module, nn.Linear):
            weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
            return torch.baddbmm(bias.unsqueeze(1), x, weight.mT)
        if isinstance(module, nn.BatchNorm1d):
            return self._batch_norm(module, name, x)
        if isinstance(module, nn.LayerNorm):
            weight, bias = (self.tensors[f"{name}.{n}"].unsqueeze(1) for n in ("weight", "bias"))
            return functional.layer_norm(x, x.shape[-1:], eps=module.eps) * weight + bias
        if isinstance(module, nn.ReLU):
            return x.relu()
        if isinstance(module, nn.Dropout) and module.p and self.modes.get(name):
            assert self.draws is not None
            return x * self.draws.kept(x, module.p)
        return x

    def _batch_norm(self, module: nn.BatchNorm1d, name: str, x: Tensor) -> Tensor:
        """Channels of all members side by side are the channels of one batch norm."""
        members, size, width = x.shape
        training = self.modes.get(name, False)
        parts = ("weight", "bias", "running_mean", "running_var")
        weight, bias, mean, variance = (self.tensors[f"{name}.{n}"].reshape(-1) for n in parts)
        assert module.momentum is not None
        if training:
            self.tensors[f"{name}.num_batches_tracked"].add_(1)
        wide = x.transpose(0, 1).reshape(size, members * width)
        normed = functional.batch_norm(
            wide, mean, variance, weight, bias, training, module.momentum, module.eps
        )
        return normed.view(size, members, width).transpose(0, 1)


def _joined(features: Sequence[Tensor]) -> Tensor:
    return features[0] if len(features) == 1 else torch.cat(list(features), dim=-1)
