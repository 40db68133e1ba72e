"""A real experiment, small enough to run in a second."""

from typing import Any

from pkdot import ExperimentConfig


def small_config(**changes: Any) -> ExperimentConfig:
    """Digits with 40 labels, 80 unlabelled pairs, tiny networks and three epochs."""
    base = ExperimentConfig(
        data={"n_labelled": 40, "n_unlabelled": 80, "n_validation": 40},
        options={"pkdot": {"k": 8}},
        network={
            "feature_dim": 8,
            "embedding_dim": 8,
            "hidden": 16,
            "dropout": 0.1,
            "input_noise": 0.1,
        },
        training={"epochs": 3, "batch_size": 32},
        probe_size=20,
    )
    return base.changed({name.replace("__", "."): value for name, value in changes.items()})
