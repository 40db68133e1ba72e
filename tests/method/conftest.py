"""Each way of solving is tested: the one this machine takes, and torch alone."""

import pytest

from pkdot.method.transport import compiled


@pytest.fixture(scope="session", autouse=True)
def machine_code():
    """Compiled before any test, some of which watch the clock."""
    if compiled.way() == "numba":
        compiled.load()


@pytest.fixture
def in_torch(monkeypatch):
    """Solves run in torch, whatever is installed."""
    monkeypatch.setenv(compiled.SWITCH, "torch")
