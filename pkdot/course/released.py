"""What the public script does, in lines of our own, for the lesson that reads it.

Facts are those of haseebaslam95/PKDOT, commit 4f1b6d4, the code of arXiv 2401.15489.
"""

from itertools import pairwise

import numpy as np
import torch
from sklearn.linear_model import SGDClassifier
from torch import Tensor, nn

from ..method.transport import squared_cost


def released_tnet(width: int = 512) -> nn.Module:
    """The script's T-Net: an encoder-decoder that ends in a sigmoid, (B, width) -> (B, width)."""
    half, quarter = width // 2, width // 4
    sizes = [width, half, quarter, half, width]
    layers: list[nn.Module] = []
    for read, made in pairwise(sizes):
        layers += [nn.Linear(read, made), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


def annealed_divergence(x: Tensor, y: Tensor, blur: float = 0.1, scaling: float = 0.5) -> Tensor:
    """The debiased divergence by a fixed number of steps, none of which asks whether it suffices.

    ε falls from the squared diameter to blur², each step by scaling²; at each ε the potentials are
    averaged once with their update, and one step more is taken at the end.

    Args:
        x: points (n, d).
        y: points (m, d); the gradient reaches these, through the last step alone.
        blur: square root of the last ε.
        scaling: 0.5 in the script; nearer to 1 is slower and closer.

    Source: Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn
    Divergences", AISTATS 2019, arXiv 1810.08278, with ε-scaling as its authors' library does it.
    """
    fixed = y.detach()
    pairs = {"xy": (x, fixed), "yx": (fixed, x), "xx": (x, x), "yy": (fixed, fixed)}
    costs = {name: squared_cost(*pair) for name, pair in pairs.items()}
    points = torch.cat([x, fixed])
    diameter = float((points.amax(0) - points.amin(0)).norm())
    falling = np.arange(2 * np.log(diameter), 2 * np.log(blur), 2 * np.log(scaling))
    epsilons = [diameter**2, *np.exp(falling), blur**2]
    twin = {"xy": "yx", "yx": "xy", "xx": "xx", "yy": "yy"}

    def updated(
        epsilon: float, potentials: dict[str, Tensor], costs: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        return {
            name: -epsilon
            * torch.logsumexp(
                (potentials[twin[name]].unsqueeze(0) - cost) / epsilon - np.log(cost.shape[1]), 1
            )
            for name, cost in costs.items()
        }

    potentials = {name: cost.new_zeros(cost.shape[0]) for name, cost in costs.items()}
    potentials = updated(epsilons[0], potentials, costs)
    for epsilon in epsilons:
        following = updated(epsilon, potentials, costs)
        potentials = {name: 0.5 * (f + following[name]) for name, f in potentials.items()}
    live = {**costs, "yx": squared_cost(y, x), "yy": squared_cost(y, fixed)}
    last = updated(epsilons[-1], potentials, live)
    return (last["xy"] - last["xx"]).mean() + (last["yx"] - last["yy"]).mean()


def simulated_clips(
    seed: int, people: int = 20, clips: int = 20, width: int = 40
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clips of people who each show pain in a way of their own: nothing holds for two of them.

    Returns:
        Features (N, width), labels (N,) of 0 and 1, and the person of each clip (N,).
    """
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), clips)
    label = np.tile(np.arange(clips) % 2, people)
    look, expression = rng.standard_normal((2, people, width))
    noise = 0.5 * rng.standard_normal((len(person), width))
    return (
        3 * look[person] + np.where(label, 1.0, -1.0)[:, None] * expression[person] + noise,
        (label),
        person,
    )


def epochs_of_chance(
    seed: int, epochs: int = 20, samples: int = 60, width: int = 30
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies of a classifier whose labels are coin tosses, epoch by epoch.

    Returns:
        On the validation samples and on the test samples, (epochs,) each, 0 to 1.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, samples, width))
    y = rng.integers(0, 2, (3, samples))
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=1.0, random_state=seed)
    scores = []
    for _ in range(epochs):
        model.partial_fit(x[0], y[0], classes=[0, 1])
        scores.append([model.score(x[part], y[part]) for part in (1, 2)])
    validation, test = np.array(scores).T
    return validation, test
