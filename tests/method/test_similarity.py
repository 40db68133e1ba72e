import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from pkdot import cosine_similarity_matrix
from pkdot.errors import InputError


def rows(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 50), st.integers(1, 12), st.integers(1, 6))
def test_agrees_with_scipy(seed: int, size: int, dim: int) -> None:
    z = rows(seed, size, dim)
    expected = 1 - cdist(z.numpy(), z.numpy(), "cosine")
    np.testing.assert_allclose(cosine_similarity_matrix(z).numpy(), expected, atol=1e-12)


@given(st.integers(0, 50), st.floats(1e-30, 1e30))
def test_length_does_not_matter(seed: int, factor: float) -> None:
    z = rows(seed, 6, 4).float()
    torch.testing.assert_close(
        cosine_similarity_matrix(z * factor), cosine_similarity_matrix(z), atol=1e-6, rtol=0
    )


def test_a_zero_row_gives_zeros_and_no_gradient() -> None:
    z = rows(0, 5, 3)
    z[2] = 0
    z.requires_grad_(True)
    similarity = cosine_similarity_matrix(z)
    assert (similarity[2] == 0).all()
    assert (similarity[:, 2] == 0).all()
    (similarity * rows(1, 5, 5)).sum().backward()
    assert z.grad is not None
    assert torch.isfinite(z.grad).all()
    assert (z.grad[2] == 0).all()
    assert (z.grad[0] != 0).any()


def test_gradient_agrees_with_finite_differences() -> None:
    # The diagonal is 1 whatever z is; leaving it out keeps the check off the clamp's kink.
    off = ~torch.eye(5, dtype=torch.bool)
    z = rows(3, 5, 3).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: cosine_similarity_matrix(x)[off], z)


def test_autocast_changes_nothing() -> None:
    z = rows(4, 8, 6).float() + 5
    with torch.autocast("cpu", torch.bfloat16):
        inside = cosine_similarity_matrix(z)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, cosine_similarity_matrix(z))


def test_leading_axes_are_batches() -> None:
    z = rows(5, 2, 3, 6, 4)
    whole = cosine_similarity_matrix(z)
    torch.testing.assert_close(whole[1, 2], cosine_similarity_matrix(z[1, 2]))


@pytest.mark.parametrize(
    "bad", [torch.zeros(4), torch.zeros(4, 3, dtype=torch.long), torch.zeros(4, 0)]
)
def test_refuses_what_has_no_rows(bad: torch.Tensor) -> None:
    with pytest.raises(InputError, match="one row per sample"):
        cosine_similarity_matrix(bad)


@pytest.mark.parametrize("bad", [np.ones((4, 3)), [[1.0, 2.0]]])
def test_refuses_what_no_gradient_can_reach(bad: object) -> None:
    with pytest.raises(InputError, match="give a torch tensor"):
        cosine_similarity_matrix(bad)  # type: ignore[arg-type]
