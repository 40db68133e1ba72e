"""What the plan does with the pairing, where the answer is known."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

import numpy as np
import pytest
import torch

import pkdot
from pkdot.evidence.ablation import Chosen
from pkdot.evidence.contenders import Contender
from pkdot.evidence.pairing import (
    MATCHED_BY,
    measure_pairing,
    pairing_cells,
    pairing_table,
    run_pairing,
    run_pairing_cell,
)
from pkdot.evidence.report import write_report
from pkdot.evidence.results import read_results
from pkdot.evidence.steps import run_studies
from pkdot.evidence.studies import find_studies
from pkdot.evidence.tuning import Choice, write_choices
from pkdot.experiments.cells import Arm, cell_key
from pkdot.experiments.sweep import ALONE
from tests.support.small_campaign import SMALL, small_campaign


def embeddings(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    draw = torch.Generator().manual_seed(seed)
    teacher, student = (torch.randn(12, 5, generator=draw).double() for _ in range(2))
    return teacher, student, np.arange(12) % 3


def test_a_price_on_identity_makes_transport_the_pairing() -> None:
    teacher, student, labels = embeddings()
    dear = measure_pairing(teacher, student, labels, pkdot.PKDOTLoss(policy="all", identity=100.0))
    assert dear["own"] == pytest.approx(1)
    assert dear["same_class"] == pytest.approx(1)
    assert dear["cosine"] == pytest.approx(1)
    assert dear["strength"] == pytest.approx(1)
    free = measure_pairing(teacher, student, labels, pkdot.PKDOTLoss(policy="all"))
    assert free["own"] < 1
    assert free["cosine"] < dear["cosine"]


def test_much_entropy_knows_nothing() -> None:
    teacher, student, labels = embeddings()
    blind = measure_pairing(teacher, student, labels, pkdot.PKDOTLoss(policy="all", blur=100.0))
    assert blind["own"] == pytest.approx(blind["own_chance"], rel=1e-2) == pytest.approx(1 / 12)
    assert blind["same_class"] == pytest.approx(blind["same_class_chance"], rel=1e-2)
    assert blind["same_class_chance"] == pytest.approx(1 / 3)


def test_samples_that_come_twice_share_their_mass() -> None:
    draw = torch.Generator().manual_seed(1)
    teacher = torch.randn(6, 5, generator=draw).double().repeat_interleave(2, 0)
    moved = teacher + 1e-3 * torch.randn(6, 5, generator=draw).double().repeat_interleave(2, 0)
    labels = np.arange(6).repeat(2)
    found = measure_pairing(teacher, moved, labels, pkdot.PKDOTLoss(policy="all", blur=0.05))
    assert found["own"] == pytest.approx(0.5, abs=1e-3)
    assert found["same_class"] == pytest.approx(1, abs=1e-3)
    assert found["cosine"] == pytest.approx(1, abs=1e-3), "and it does not matter which is whose"
    still = measure_pairing(teacher, teacher, labels, pkdot.PKDOTLoss(policy="all", blur=0.05))
    assert np.isnan(still["cosine"]), "no gradient has a direction here"


def test_a_cell_that_another_process_is_at_is_waited_for(tmp_path: Path) -> None:
    (base,) = SMALL.bases([0])
    arm, cells = Arm("alone", "student alone", ALONE), pairing_cells(tmp_path)
    key = cell_key(base, arm)
    claim = cells.claim(key)
    assert claim is not None
    with ThreadPoolExecutor(1) as other:
        wanted = other.submit(run_pairing_cell, base, arm, {"method": "pkdot"}, tmp_path)
        with pytest.raises(NotYet):
            wanted.result(0.2)
        cells.keep(key, {"seed": 7})
        claim.release()
        assert wanted.result(20) == {"seed": 7}
    assert not (tmp_path / "teachers").exists(), "it trained nothing"


@pytest.mark.slow
def test_from_training_to_the_report(tmp_path: Path) -> None:
    chosen: Chosen = {
        "alone": ALONE,
        "pkdot": {"method": "pkdot", "options.pkdot.weight": 3.0},
        "rows": {"method": "rows", "options.rows.weight": 3.0},
    }
    campaign = small_campaign(
        tmp_path,
        contenders=[Contender(name, name, (changes,) * 6) for name, changes in chosen.items()],
        studies=find_studies(["rows"]),
    )
    choices = {n: Choice(n, changes, (0.5,), (0.5,), (0, 1)) for n, changes in chosen.items()}
    write_choices(campaign.choices_folder, SMALL, choices)
    bases = SMALL.bases(campaign.seeds.studies)
    assert pairing_table(bases, chosen, campaign.cells_folder).empty
    run_studies(campaign)
    files = {f: f.stat().st_mtime_ns for f in (campaign.cells_folder / "pairing").glob("*.json")}
    assert len(files) == 4
    run_pairing(bases, chosen, campaign.cells_folder, campaign.workers)
    assert files == {f: f.stat().st_mtime_ns for f in files}, "each student is trained once"
    seen = pairing_table(bases, chosen, campaign.cells_folder)
    assert seen["student"].value_counts().to_dict() == dict.fromkeys(MATCHED_BY.values(), 4)
    assert seen["own"].between(0, 1).all()
    assert seen["cosine"].between(-1, 1).all()
    _, page = write_report(campaign, read_results(campaign), tmp_path / "evidence.md")
    kept = seen[(seen["student"] == "transport") & seen["moment"].str.contains("kept")]
    assert f"**At the end of a training with transport {100 * kept['own'].mean():.1f} %" in (
        page.read_text()
    )
