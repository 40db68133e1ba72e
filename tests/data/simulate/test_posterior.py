"""What the latent pain says about the class: Bayes' rule against the generator's own draws."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pkdot.data.biovid.corpus import load
from pkdot.data.biovid.settings import BioVidSettings
from pkdot.data.simulate.biovid import STRENGTHS, Window, draw_latent
from pkdot.data.simulate.posterior import class_posterior, read_posterior
from pkdot.errors import DataError
from tests.support import biovid_files as files


def pains(class_id: int, n: int) -> np.ndarray:
    windows = [Window("", class_id, i, (0,), (1, class_id, i)) for i in range(n)]
    return np.array([draw_latent(window, STRENGTHS)[1].pain for window in windows])


@pytest.mark.slow
def test_the_posterior_is_the_share_of_each_class_among_draws() -> None:
    drawn = [pains(class_id, 2000) for class_id in (0, 4)]
    for low, high in ((0.0, 1e-9), (0.3, 0.45), (0.45, 0.55), (0.55, 0.7), (1.0, 1.1)):
        inside = [pain[(pain >= low) & (pain < high)] for pain in drawn]
        counts = [len(pain) for pain in inside]
        assert sum(counts) > 50
        told = class_posterior(np.concatenate(inside), (0, 4)).mean(0)
        assert told[1] == pytest.approx(counts[1] / sum(counts), abs=0.05)


def test_known_values_and_symmetry() -> None:
    told = class_posterior(np.array([0.5, 0.6]), (0, 4))
    assert told[0] == pytest.approx([0.5, 0.5])
    # Two normals of one width: the log odds are (difference of means) · (distance) / variance.
    odds = np.exp(STRENGTHS.stimulus * 0.1 / STRENGTHS.spread**2)
    assert told[1, 1] == pytest.approx(odds / (1 + odds))
    grid = np.linspace(0, 1, 11)
    five = class_posterior(grid, range(5))
    assert np.allclose(five.sum(1), 1)
    assert np.allclose(five, five[::-1, ::-1]), "pain turned round is class turned round"
    sharp = class_posterior(np.array([0.5, 0.6]), (0, 4), replace(STRENGTHS, spread=0.01))
    assert sharp[1, 1] > 1 - 1e-9


@pytest.mark.slow
def test_a_simulated_corpus_tells_its_posterior_and_a_copy_in_another_layout_does_not(
    biovid_root: Path, tmp_path: Path
) -> None:
    corpus = load(BioVidSettings(root=biovid_root), 0, progress=False)
    assert corpus.posterior is not None
    assert corpus.posterior.shape == (len(corpus), 2)
    assert (corpus.posterior.argmax(1) == corpus.targets).mean() > 0.7
    latents = files.read_table(biovid_root / "simulation" / "latent.csv").set_index("sample_name")
    again = class_posterior(latents["pain"].loc[list(corpus.ids)].to_numpy(), (0, 4))
    assert np.array_equal(corpus.posterior, again)
    released = files.as_released(biovid_root, tmp_path / "released")
    assert load(BioVidSettings(root=released), 0, progress=False).posterior is None


def test_damaged_latents_are_told(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "copy")
    (root / "simulation" / "latent.csv").write_text("sample_name\tpain\nnobody\t0.5\n")
    with pytest.raises(DataError, match="holds no latent pain"):
        read_posterior(root, ["somebody"], (0, 4))
