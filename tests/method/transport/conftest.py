"""The laws and the referees of this folder bind both ways of solving."""

import pytest

from pkdot.method.transport import compiled


@pytest.fixture(
    params=["default", pytest.param("torch", marks=pytest.mark.slow)],
    autouse=True,
    scope="module",
)
def way(request):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "torch":
            patch.setenv(compiled.SWITCH, "torch")
        yield request.param
