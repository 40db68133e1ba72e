"""Another checkout of the kit beside this one, so that both take turns in one process."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ConfigError

NAME = "pkdot_before"


def divergence_of(checkout: Path) -> Callable[..., Any]:
    """``sinkhorn_divergence`` as it is in another checkout.

    Args:
        checkout: a folder with the package ``pkdot`` in it.

    Raises:
        ConfigError: if there is none.
    """
    package = checkout / "pkdot"
    if not (package / "__init__.py").is_file():
        raise ConfigError(
            f"{checkout} holds no package pkdot: give a checkout, for instance from git worktree."
        )
    spec = importlib.util.spec_from_file_location(
        NAME, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise ConfigError(f"{package} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module  # its own relative imports then stay within it
    spec.loader.exec_module(module)
    found: Callable[..., Any] = importlib.import_module(
        f"{NAME}.method.transport"
    ).sinkhorn_divergence
    return found
