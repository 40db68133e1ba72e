"""How well hallucinated features fit, as a whole and group by group."""

import numpy as np
import pytest
import torch

from pkdot.errors import InputError
from pkdot.training.reconstruction import reconstruction_by_group, reconstruction_metrics


@pytest.mark.parametrize("shape", [(3,), (4, 3)])
def test_reconstruction_by_group_splits_the_whole(shape: tuple[int, ...]) -> None:
    draw = torch.Generator().manual_seed(0)
    real, guess = (torch.randn(10, *shape, generator=draw) for _ in range(2))
    mean = real.mean(0)
    groups = np.array(["b"] * 4 + ["a"] * 6)
    found = reconstruction_by_group(real, guess, mean, groups)
    assert list(found) == ["a", "b"]
    assert found["b"] == reconstruction_metrics(real[:4], guess[:4], mean)
    whole = reconstruction_metrics(real, guess, mean)["mse"]
    assert 0.6 * found["a"]["mse"] + 0.4 * found["b"]["mse"] == pytest.approx(whole)
    for values in reconstruction_by_group(real, mean.expand_as(real), mean, groups).values():
        assert values["explained"] == pytest.approx(0)
    with pytest.raises(InputError, match="10 samples but 9 groups"):
        reconstruction_by_group(real, guess, mean, groups[:9])
