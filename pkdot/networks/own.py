"""Networks that users bring: any module that gives an embedding becomes a teacher or a student.

A module of one's own takes a mapping from modality to samples (B, ...), or, where there is one
modality, its samples alone. It gives one of

- an embedding (B, D); a linear head is then added and learns,
- ``(outputs, embedding)``, with outputs (B, W) as the task loss reads them: a logit a class or
  label, or standardised values,
- a mapping with ``"embedding"`` and, if it has any, ``"outputs"`` or ``"logits"``.

Of windows of L frames each has an axis more, (B, L, ...). The embedding is compared as it comes:
end it with a norm where the loss reads cosines.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from .digest import network_digest
from .models import NetworkOutput

EXAMPLES = 3
"""Samples that a module is tried on before anything is trained."""


class OwnNetwork(nn.Module):
    """A module of the user's as teacher or student.

    Args:
        network: the module.
        names: modalities that it is given, in this order.
        as_mapping: whether it takes a mapping; else the samples of the one modality.
        head: embedding -> outputs; None where the module gives outputs itself.

    Attributes:
        learns: whether any parameter of the module was trainable at first.
    """

    chunk = 64
    """Samples at a time when outputs of many are computed: such networks may be large."""

    def __init__(
        self, network: nn.Module, names: Sequence[str], as_mapping: bool, head: nn.Linear | None
    ) -> None:
        super().__init__()
        self.network, self.head = network, head
        self.learns = not is_frozen(network)
        self.names, self.as_mapping = tuple(names), as_mapping

    def ask(self, samples: Mapping[str, Tensor]) -> Any:
        """What the module itself gives."""
        return _ask(self.network, self.names, samples, self.as_mapping)

    def forward(self, samples: Mapping[str, Tensor]) -> NetworkOutput:
        """Samples of every modality, each (B, ...) -> outputs and embedding; no features."""
        outputs, z = read_answer(self.ask(samples))
        if self.head is not None:
            outputs = self.head(z)
        assert outputs is not None
        return NetworkOutput(outputs, z, {})


def _ask(
    network: nn.Module, names: Sequence[str], samples: Mapping[str, Tensor], as_mapping: bool
) -> Any:
    return network({name: samples[name] for name in names} if as_mapping else samples[names[0]])


def read_answer(answer: Any) -> tuple[Tensor | None, Tensor]:
    """Outputs, where there are any, and embedding of what a module gave.

    Raises:
        ConfigError: for anything but the three forms.
    """
    if isinstance(answer, Tensor):
        return None, answer
    if isinstance(answer, Mapping) and isinstance(answer.get("embedding"), Tensor):
        return answer.get("outputs", answer.get("logits")), answer["embedding"]
    pair = isinstance(answer, tuple | list) and len(answer) >= 2
    if pair and all(isinstance(part, Tensor) for part in answer[:2]):
        return answer[0], answer[1]
    found = type(answer).__name__
    if isinstance(answer, Mapping):
        found += f" with {', '.join(map(str, answer)) or 'nothing'}"
    raise ConfigError(
        f"it gave a {found}; give an embedding (B, D), (outputs, embedding), or a mapping with "
        f"'embedding'"
    )


def wrap(
    network: nn.Module, who: str, samples: Mapping[str, Tensor], width: int, leading: int = 1
) -> OwnNetwork:
    """Try a module on a few samples, and add a head where it gives no outputs.

    Args:
        network: the module; left in the mode it was in.
        who: teacher or student, for sentences.
        samples: modality -> a few samples (b, ...), on the module's device.
        width: W, numbers that the task needs for a sample.
        leading: axes in front of the embedding's own: 1, or 2 where samples are windows.

    Raises:
        ConfigError: if the module fails, gives none of the known forms, or outputs of another
            width.
    """
    names, mode = tuple(samples), network.training
    network.eval()
    try:
        with torch.no_grad():
            as_mapping, answer = _try(network, names, samples)
        outputs, z = read_answer(answer)
        _check(outputs, z, next(iter(samples.values())).shape[:leading], width)
    except ConfigError as error:
        shown = ", ".join(f"{name} {tuple(x.shape)}" for name, x in samples.items())
        raise ConfigError(
            f"The {who} {type(network).__name__} cannot be used: given {shown}, {error}."
        ) from error.__cause__
    finally:
        network.train(mode)
    head = None
    if outputs is None:
        head = nn.Linear(z.shape[-1], width).to(z.device)
    return OwnNetwork(network, names, as_mapping, head)


def _try(
    network: nn.Module, names: Sequence[str], samples: Mapping[str, Tensor]
) -> tuple[bool, Any]:
    """Whether a module takes a mapping, and its answer; one modality is first given alone."""
    forms = (False, True) if len(names) == 1 else (True,)
    failures = []
    for as_mapping in forms:
        try:
            return as_mapping, _ask(network, names, samples, as_mapping)
        except Exception as error:  # whatever somebody's module raises
            failures.append(error)
    first = failures[0]
    words = str(first).splitlines() or [""]
    raise ConfigError(f"it failed with {type(first).__name__}: {words[0][:200]}") from first


def _check(outputs: Tensor | None, z: Tensor, leading: Sequence[int], width: int) -> None:
    axes = tuple(leading)
    rows = " × ".join(map(str, axes))
    form = f"({', '.join(map(str, axes))}, D)"
    if tuple(z.shape[:-1]) != axes or not z.is_floating_point():
        raise ConfigError(
            f"its embedding has shape {tuple(z.shape)} and type {str(z.dtype).split('.')[-1]} "
            f"instead of {form}, one row of real numbers for each of the {rows} given; average "
            f"over further axes, and leave the first as it is"
        )
    if not z.isfinite().all():
        raise ConfigError("its embedding holds NaN or infinite numbers")
    if outputs is not None and tuple(outputs.shape) != (*axes, width):
        raise ConfigError(
            f"its outputs have shape {tuple(outputs.shape)} instead of {(*axes, width)}, one "
            f"number for each of the task's {width} answers; the order is (outputs, embedding), "
            f"and without outputs a head is added"
        )


def check_gradient(network: OwnNetwork, who: str, samples: Mapping[str, Tensor]) -> None:
    """Refuse a module whose parameters learn, and whose outputs or embedding do not depend on them.

    Args:
        network: with or without a head of the kit's; tried in eval mode, and left in its own.
        who: teacher or student, for sentences.
        samples: modality -> a few samples (b, ...), on the module's device.

    Raises:
        ConfigError: one sentence.
    """
    if not network.learns:
        return
    mode = network.training
    network.eval()
    with torch.enable_grad():
        output = network(samples)
    network.train(mode)
    parts = {"outputs": output.outputs, "embedding": output.embedding}
    cut = [name for name, x in parts.items() if not x.requires_grad]
    if cut:
        raise ConfigError(
            f"The {who} {type(network.network).__name__} cannot learn: its parameters are "
            f"trainable, and its {' and '.join(cut)} carry no gradient; compute them without "
            f"torch.no_grad, detach or NumPy, or freeze it with requires_grad_(False)."
        )


def is_frozen(network: nn.Module) -> bool:
    """Whether none of a module's parameters learns."""
    return not any(p.requires_grad for p in network.parameters())


def network_facts(network: nn.Module) -> dict[str, Any]:
    """What a record keeps of a module: its class, how many numbers it holds, its digest."""
    kind = type(network)
    return {
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "parameters": sum(p.numel() for p in network.parameters()),
        "frozen": is_frozen(network),
        "digest": network_digest(network),
    }
