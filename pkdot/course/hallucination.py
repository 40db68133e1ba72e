"""A T-Net for the classroom: coarse views in, sharp images out."""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from .classroom import Classroom


def encoder_decoder(waist: int, *, seed: int = 0) -> nn.Module:
    """From coarse views (B, 16) over a waist to sharp images (B, 64); the output is linear.

    Args:
        waist: numbers that pass between encoder and decoder.
        seed: of the first weights; what ran before changes nothing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(16, 128),
            nn.ReLU(),
            nn.Linear(128, waist),
            nn.Linear(waist, 128),
            nn.ReLU(),
            nn.Linear(128, 64),
        )


def fit_tnet(
    room: Classroom, network: nn.Module, *, steps: int = 600, batch: int = 128, seed: int = 0
) -> nn.Module:
    """Train by squared error on all training pairs; no label is read.

    Args:
        room: the problem.
        network: where it starts; it is left as it is.
        steps: updates.
        batch: pairs an update.
        seed: of the batches.

    Returns:
        The network at the step of least error on the validation images.
    """
    network = deepcopy(network)
    sharp = room.sharp.reshape(len(room.sharp), -1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    draw = torch.Generator().manual_seed(seed)

    def error(places: Tensor) -> Tensor:
        return mse_loss(network(room.coarse[places]), sharp[places])

    best, weights = float("inf"), deepcopy(network.state_dict())
    for step in range(1, steps + 1):
        places = room.train[torch.randperm(len(room.train), generator=draw)[:batch]]
        optimiser.zero_grad()
        error(places).backward()
        optimiser.step()
        if step % 10 == 0:
            with torch.no_grad():
                now = float(error(room.validation))
            if now < best:
                best, weights = now, deepcopy(network.state_dict())
    network.load_state_dict(weights)
    return network.eval()
