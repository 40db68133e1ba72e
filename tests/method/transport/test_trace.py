"""The trace of Sinkhorn's iteration rises to the value that the solver finds."""

import torch

import pkdot
from pkdot.method import transport
from tests.support import problems as generators


def test_trace_rises_to_the_value():
    cost = transport.squared_cost(*generators.clouds("random", 7, 9)).expand(2, 7, 9)
    trace = transport.sinkhorn_trace(cost, epsilon=1.0, iterations=200, keep_plans=True)
    solved = pkdot.sinkhorn(cost, epsilon=1.0)
    assert trace.marginal_error.shape == trace.dual_value.shape == (200, 2)
    assert trace.plans.shape == (200, 2, 7, 9)
    assert (trace.dual_value.diff(dim=0) > -1e-10).all()
    assert (trace.marginal_error.diff(dim=0) < 1e-10).all()
    torch.testing.assert_close(trace.dual_value[-1], solved.value)
    torch.testing.assert_close(trace.plans[-1], solved.plan, rtol=0, atol=1e-8)
