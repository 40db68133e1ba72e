import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkdot import cosine_similarity_matrix, gather_anchor_rows, select_anchors
from pkdot.errors import InputError
from pkdot.method.anchors import POLICIES

# Worked by hand. Means to the others: 0.5, 0.4, 0.2, 0.1.
BY_HAND = torch.tensor(
    [
        [1.0, 0.9, 0.5, 0.1],
        [0.9, 1.0, 0.1, 0.2],
        [0.5, 0.1, 1.0, 0.0],
        [0.1, 0.2, 0.0, 1.0],
    ]
)


def similarity(seed: int, size: int = 12) -> torch.Tensor:
    z = torch.randn(size, 5, generator=torch.Generator().manual_seed(seed))
    return cosine_similarity_matrix(z)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("shared", [3, 2]),
        ("most_similar", [0, 1]),
        ("per_sample", [[2, 3], [2, 3], [1, 3], [0, 2]]),
        # From 3: its similarities are 0.1, 0.2, 0.0, so 2 is farthest.
        ("farthest", [3, 2]),
        ("all", [0, 1, 2, 3]),
    ],
)
def test_by_hand(policy: str, expected: list[int]) -> None:
    assert select_anchors(BY_HAND, 2, policy).tolist() == expected


def test_farthest_covers_where_shared_repeats() -> None:
    """Two near-copies are both least similar to the batch; farthest takes only one of them."""
    z = torch.tensor([[1.0, 0], [1, 0.1], [0.9, 0.2], [-1, 0.01], [-1, 0], [0, 1.0]])
    matrix = cosine_similarity_matrix(z)
    assert set(select_anchors(matrix, 2, "shared").tolist()) == {3, 4}
    chosen = select_anchors(matrix, 2, "farthest").tolist()
    assert len({3, 4} & set(chosen)) == 1


@pytest.mark.slow
@given(st.sampled_from(sorted(POLICIES)), st.integers(1, 11), st.integers(0, 20))
def test_anchors_are_distinct_and_in_range(policy: str, k: int, seed: int) -> None:
    anchors = select_anchors(similarity(seed), k, policy)
    for row in anchors.reshape(-1, anchors.shape[-1]).tolist():
        assert len(set(row)) == len(row) == (12 if policy == "all" else k)
        assert all(0 <= index < 12 for index in row)


@given(st.sampled_from(["shared", "most_similar", "farthest"]), st.integers(0, 20))
def test_renaming_the_samples_renames_the_anchors(policy: str, seed: int) -> None:
    matrix = similarity(seed)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(seed + 1))
    renamed = select_anchors(matrix[order][:, order], 4, policy)
    assert order[renamed].tolist() == select_anchors(matrix, 4, policy).tolist()


def test_ties_go_to_the_lower_index() -> None:
    assert select_anchors(torch.eye(5), 3, "shared").tolist() == [0, 1, 2]
    assert select_anchors(torch.eye(4), 2, "per_sample").tolist() == [
        [1, 2],
        [0, 2],
        [0, 1],
        [0, 1],
    ]


def test_random_follows_its_generator() -> None:
    draws = [
        select_anchors(
            similarity(0), 5, "random", generator=torch.Generator().manual_seed(seed)
        ).tolist()
        for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]


def test_rows_are_read_at_the_anchors() -> None:
    assert torch.equal(gather_anchor_rows(BY_HAND, torch.tensor([3, 2])), BY_HAND[:, [3, 2]])
    each = torch.tensor([[2, 3], [2, 3], [1, 3], [0, 2]])
    expected = torch.tensor([[0.5, 0.1], [0.1, 0.2], [0.1, 0.0], [0.1, 0.0]])
    assert torch.equal(gather_anchor_rows(BY_HAND, each), expected)


def test_gradient_reaches_only_what_was_read() -> None:
    matrix = BY_HAND.clone().requires_grad_(True)
    gather_anchor_rows(matrix, torch.tensor([1])).sum().backward()
    assert matrix.grad is not None
    assert matrix.grad[:, 1].tolist() == [1.0] * 4
    assert matrix.grad.sum() == 4


@pytest.mark.parametrize("k", [0, -1, 12, 40, 2.5])
def test_refuses_k_outside_the_batch(k: int) -> None:
    with pytest.raises(InputError, match=r"from 1 to 11.*larger batch"):
        select_anchors(similarity(0), k)


def test_refuses_what_it_cannot_read() -> None:
    with pytest.raises(InputError, match="shared, per_sample"):
        select_anchors(similarity(0), 3, "nearest")
    with pytest.raises(InputError, match="square"):
        select_anchors(torch.zeros(3, 4), 2)
    with pytest.raises(InputError, match=r"\(k,\) or \(B, k\)"):
        gather_anchor_rows(similarity(0), torch.zeros(3, 4, dtype=torch.long))
    for bad in (torch.tensor([9]), torch.tensor([-1]), torch.tensor([0.5]), torch.tensor([True])):
        with pytest.raises(InputError, match=r"whole numbers in 0\.\.3"):
            gather_anchor_rows(BY_HAND, bad)
    with pytest.raises(InputError, match="square"):
        gather_anchor_rows(torch.zeros(3, 4), torch.zeros(2, dtype=torch.long))
