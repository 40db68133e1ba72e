"""Small arrays and tables to draw, and one call of every figure."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from pkdot import figures
from pkdot.analysis.predictions import Outputs
from pkdot.analysis.projection import Maps
from pkdot.analysis.subgroups import groups_table, people_table
from pkdot.figures import SampleTable
from pkdot.tasks import Classification, Multilabel, Regression
from tests.support.example_records import CLASSES, structured_arrays

RNG = np.random.default_rng(0)
ARRAYS = structured_arrays(n=30)
LABELS = ARRAYS["labels"]
POINTS = RNG.normal(size=(30, 2))
MAPS = Maps(POINTS, -POINTS)
IDS = [f"sample {i}" for i in range(30)]
SAMPLES = SampleTable(LABELS, class_names=CLASSES)
NAMED = SampleTable(LABELS, IDS, class_names=CLASSES)


def cosine(z: np.ndarray) -> np.ndarray:
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    return unit @ unit.T


TEACHER, STUDENT = cosine(ARRAYS["teacher"]), cosine(ARRAYS["teacher"] + ARRAYS["noise"])
PLAN = RNG.random((30, 30)) + 2 * np.eye(30)
METRICS = pd.DataFrame(
    [
        (stage, epoch, split, name, 0.1 * epoch)
        for stage in ("teacher", "student")
        for epoch in range(4)
        for split in ("train", "validation")
        for name in ("accuracy", "cross_entropy")
    ],
    columns=["stage", "epoch", "split", "name", "value"],
)
TABLE = pd.DataFrame(
    {
        "arm": ["alone", "<b>PKDOT</b>", "teacher"],
        "mean": [50.0, 55.0, 80.0],
        "low": [48.0, 54.0, 79.0],
        "high": [53.0, 57.0, 82.0],
        "n": [10, 10, 10],
        "difference": [np.nan, 5.0, 30.0],
        "difference_low": [np.nan, 3.0, 28.0],
        "difference_high": [np.nan, 7.0, 31.0],
    }
)
AGREEMENT = pd.DataFrame(
    {"epoch": [0, 1, 2], "correlation": [0.1, 0.4, 0.6], "cka": [0.2, np.nan, 0.8]}
)
COVERAGE = pd.DataFrame(
    {
        "policy": ["shared", "shared", "per_sample", "per_sample"],
        "k": [1, 2, 1, 2],
        "coverage": [0.2, 0.5, -0.1, 0.0],
        "classes": [0.2, 0.4, 1.0, 1.0],
    }
)
ANSWERS = Outputs(
    Classification(classes=("no", "yes")),
    np.array([[0.1, 0.9]]),
    np.array([[0.5, 0.5]]),
    np.array([1]),
)
VALUES = Outputs(
    Regression(targets=("valence", "arousal")),
    np.array([[0.1, 0.9]]),
    np.array([[0.4, -0.2]]),
    np.array([[0.3, np.nan]]),
)
HELD = Outputs(
    Multilabel(labels=("hole", "<b>stroke</b>")), *(RNG.uniform(0, 1, (20, 2)) for _ in range(2)),
    np.arange(40.0).reshape(20, 2) % 3 % 2,
)  # fmt: skip
FRAMES = Outputs(VALUES.task, *(RNG.uniform(-1, 1, (40, 2)) for _ in range(3)))
PEOPLE = people_table(
    pd.DataFrame({"alone": [0.5, 0.7, 0.6], "pkdot": [0.6, 0.6, 0.6]}, index=["a", "b", "c"]),
    {name: {"sex": "w", "age": 20 + 20 * i} for i, name in enumerate("abc")},
    "pkdot",
)
STUDY = pd.DataFrame(
    {
        "label": ["3", "30", "<b>100</b>"],
        "n": [10, 10, 10],
        "gain": [1.0, 5.0, -2.0],
        "gain_low": [0.0, 4.0, -3.5],
        "gain_high": [2.0, 6.0, -0.5],
    }
)
GAINS = pd.DataFrame(
    {
        "title": ["digits", "<b>digits</b>", "diabetes"],
        "task": ["classification", "classification", "regression"],
        "fusion": "concat",
        "encoder": ["copied", "fresh", "copied"],
        "n": [3, 3, 4],
        **{"gain": [4.0, 0.0, -1.0], "gain_low": [3.0, -2.0, -5.0], "gain_high": [6.0, 1.0, 2.0]},
        **{
            "adds": [30.0, 30.0, 5.0],
            "adds_low": [28.0, 28.0, -2.0],
            "adds_high": [31.0, 31.0, 9.0],
        },
    }
)
FOREST = pd.DataFrame(
    {
        "row": ["<b>digits</b>", "digits", "vowels", "vowels"],
        "method": ["soft labels", "PKDOT", "soft labels", "PKDOT"],
        "n": [10, 10, 10, 10],
        "wrong": [0.0, 0.0, 20.0, 50.0],
        "gain": [4.0, 5.0, 1.0, -3.0],
        "gain_low": [3.0, 4.0, -1.0, -5.0],
        "gain_high": [5.0, 6.0, 3.0, -1.0],
    }
)
UNITS = pd.DataFrame(
    {"unit": ["3", "<b>1</b>"], "alone": [50.0, 52.0], "method": [53.0, 51.0], "gain": [3.0, -1.0]}
)
ROWS = TEACHER[:, :6], STUDENT[:, :6]
DRAWN: dict[str, Callable[..., Any]] = {
    "similarity": lambda **o: figures.similarity_matrices(TEACHER, STUDENT, SAMPLES, **o),
    "rows": lambda **o: figures.anchor_rows(*ROWS, SAMPLES, **o),
    "row": lambda **o: figures.sample_row(*ROWS, 0, anchors=range(6), **o),
    "anchor maps": lambda **o: figures.anchor_maps(
        POINTS, {"shared": [1, 2], "per_sample": np.tile([1, 2, 3], (30, 1))}, SAMPLES, **o
    ),
    "anchor images": lambda **o: figures.anchor_images(ARRAYS["images"], [3, 1], SAMPLES, **o),
    "plan": lambda **o: figures.transport_plan(PLAN, SAMPLES, epsilon=0.01, **o),
    "maps": lambda **o: figures.embedding_maps(MAPS, NAMED, epoch=4, **o),
    "film": lambda **o: figures.map_film(POINTS, {0: -POINTS, 4: POINTS}, SAMPLES, **o),
    "curves": lambda **o: figures.training_curves(METRICS, best_epoch=2, **o),
    "features": lambda **o: figures.hallucination(ARRAYS["real"], ARRAYS["real"] * 0.5, **o),
    "many features": lambda **o: figures.hallucination(
        np.tile(ARRAYS["real"], (1, 30)), np.tile(ARRAYS["real"], (1, 30)) + 0.1, **o
    ),
    "images": lambda **o: figures.image_grid({"full": ARRAYS["images"][:4]}, **o),
    "one row": lambda **o: figures.similarity_row(TEACHER, STUDENT, 0, SAMPLES, **o),
    "row before": lambda **o: figures.sample_row(
        *ROWS, 0, SAMPLES, anchors=range(6), before=STUDENT[:, 6:12], **o
    ),
    "flows": lambda **o: figures.group_flows(PLAN, SAMPLES, **o),
    "one flow": lambda **o: figures.sample_flows(PLAN, NAMED, source=3, target=1, **o),
    "flows of all": lambda **o: figures.sample_flows(PLAN, **o),
    "residuals": lambda **o: figures.answer_residuals(VALUES, **o),
    "label": lambda **o: figures.label_answers(HELD, 1, **o),
    "mass": lambda **o: figures.sample_mass(PLAN, 3, NAMED, **o),
    "plans": lambda **o: figures.plan_panels({"one": PLAN, "two": PLAN.T}, SAMPLES, **o),
    "convergence": lambda **o: figures.convergence([0.1, 0.01, 0.001], tolerance=0.005, **o),
    "agreement": lambda **o: figures.agreement_curves(AGREEMENT, best_epoch=2, epoch=1, **o),
    "coverage": lambda **o: figures.coverage_curves(COVERAGE, k=2, **o),
    "runs": lambda **o: figures.run_curves({"<b>a</b>": METRICS, "b": METRICS}, **o),
    "answers": lambda **o: figures.sample_answers(ANSWERS, 0, **o),
    "values": lambda **o: figures.sample_answers(VALUES, 0, **o),
    "trajectories": lambda **o: figures.value_trajectories(FRAMES, np.arange(40), **o),
    "plane": lambda **o: figures.value_plane(FRAMES, **o),
    "one feature": lambda **o: figures.sample_features(
        ARRAYS["real"], np.roll(ARRAYS["real"], 1, axis=0), 0, NAMED, **o
    ),
    "windows": lambda **o: figures.sample_windows(
        {"video": np.zeros((3, 7, 8, 8, 3), np.uint8)},
        {"eda": np.zeros((3, 50)), "ecg": np.ones((3, 50))},
        captions=["a, BL1", "a, PA4", "<b>b</b>, BL1"],
        seconds=(0.0, 5.5),
        **o,
    ),
    "subjects": lambda **o: figures.subject_gains(PEOPLE, chance=50.0, **o),
    "groups": lambda **o: figures.group_gains(groups_table(PEOPLE), **o),
    "T-Net by subject": lambda **o: figures.tnet_subjects(
        {"eda": {"a_w_25": 0.3, "b_m_36": -0.1}}, **o
    ),
    "results": lambda **o: figures.result_dots(TABLE, reference="alone", **o),
    "study": lambda **o: figures.study_dots(STUDY, "k = 30 wins", factor="k", usual="30", **o),
    "gains": lambda **o: figures.gain_scatter(GAINS, "Much is added, and little gained", **o),
    "forest": lambda **o: figures.gain_forest(FOREST, "Soft labels hold", **o),
    "units": lambda **o: figures.unit_gains(UNITS, "PKDOT: +1.0 points", **o),
    "lines": lambda **o: figures.gain_lines(
        FOREST, "Gains shrink", x="wrong", x_title="wrong pairs (%)", **o
    ),
    "ranks": lambda **o: figures.rank_axis(
        {"PKDOT": 2.5, "soft labels": 1.2, "<b>rows</b>": 2.3},
        [("PKDOT", "<b>rows</b>")],
        "Soft labels lead",
        critical_difference=0.9,
        blocks=12,
        **o,
    ),
}
"""How each figure is drawn; options are added to its call."""
