"""Files of scores with gains that are known: of a sweep, and as the evidence publishes them."""

import json
from pathlib import Path
from typing import Any

GAINS = {"kd": (0.02, 0.04, 0.03), "pkdot": (0.05, 0.07, 0.06)}
"""Gain of each arm over the student alone, by seed."""


def sweep_content(gains: dict[str, tuple[float, ...]] | None = None, **more: Any) -> dict[str, Any]:
    """A sweep of three seeds: method ``kd``, and others by their gains."""
    gains = {"kd": GAINS["kd"]} if gains is None else gains
    alone = (0.5, 0.52, 0.51)
    names = ["alone", *gains]
    table = {
        "corpus": "digits",
        "unit": "seeds",
        "units": ["0", "1", "2"],
        "task": {"kind": "classification"},
        "arms": [{"name": name, "title": f"title of {name}"} for name in names],
        "scores": {
            "alone": list(alone),
            **{
                name: [round(a + g, 6) for a, g in zip(alone, own, strict=True)]
                for name, own in gains.items()
            },
        },
        **more,
    }
    return {"version": 1, "tables": [table]}


def write_sweep_file(runs: Path, name: str = "digits-kd-0a1b2c", **more: Any) -> Path:
    """The same beside the folder of runs, where a sweep leaves it."""
    folder = runs.parent / "sweeps" / "scores"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(json.dumps(sweep_content(GAINS, **more)))
    return file
