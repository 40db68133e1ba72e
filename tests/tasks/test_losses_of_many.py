"""The task losses of many batches are those of each."""

import numpy as np
import pytest
import torch

from tests.tasks.examples import problem


@pytest.mark.parametrize("kind", ["classification", "ordinal", "regression", "multilabel"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_losses_and_gradients_are_those_of_each_batch(kind: str, smoothing: float) -> None:
    found = [problem(kind, seed) for seed in range(3)]
    task = found[0].task
    if smoothing and kind == "regression":
        pytest.skip("values have no label smoothing")
    targets = torch.as_tensor(np.stack([p.targets for p in found]))
    targets[1] = -1 if not targets.is_floating_point() else torch.nan  # a batch without a target
    shape = (*targets.shape[:2], task.output_width)
    outputs = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    together, apart = outputs.clone().requires_grad_(), outputs.clone().requires_grad_()
    losses = task.losses(together, targets, smoothing)
    each = torch.stack([task.loss(o, t, smoothing) for o, t in zip(apart, targets, strict=True)])
    assert losses[1] == 0
    torch.testing.assert_close(losses, each, rtol=1e-12, atol=1e-12)
    weights = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    (weights * losses).sum().backward()
    (weights * each).sum().backward()
    torch.testing.assert_close(together.grad, apart.grad, rtol=1e-12, atol=1e-12)
