"""What a run's numbers depend on besides its settings: versions, hardware, threads."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = ("pkdot", "torch", "numba", "numpy", "scipy", "scikit-learn", "pandas", "safetensors")


def environment_facts() -> dict[str, Any]:
    """Versions, hardware and thread count of this process.

    The same numbers come out again only for the same versions, the same number of threads and the
    same way of solving transport (``pkdot.method.transport.compiled``), so these belong to a
    record. torch is asked only where it is loaded already.
    """
    facts: dict[str, Any] = {
        "versions": {"python": platform.python_version(), **_versions()},
        "hardware": {
            "system": platform.system(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        },
        "threads": {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS")},
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        from ..method.transport.compiled import way

        facts["threads"]["torch"] = torch.get_num_threads()
        facts["transport"] = {"cpu": way()}
        facts["hardware"]["instructions"] = torch.backends.cpu.get_cpu_capability()
        if torch.cuda.is_available():
            facts["hardware"]["gpu"] = torch.cuda.get_device_name()
    return facts


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
