"""Networks and numbers of the user's in place of the kit's."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import pkdot
from pkdot.errors import ConfigError, DataError
from pkdot.networks.digest import network_digest
from tests.support.small_config import small_config
from tests.support.small_corpora import N, small_corpus, windows_corpus

CONFIG = small_config(method="pkdot", training__epochs=2)
CORPUS = small_corpus()


class Both(nn.Module):
    """Reads a mapping of every modality; gives an embedding (B, 6)."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(9, 6), scale

    def forward(self, samples: dict[str, Tensor]) -> Any:
        return self.layer(torch.cat([samples["face"], samples["eda"]], 1)) * self.scale


class Pair(nn.Module):
    """Reads the one prevalent modality itself; gives outputs and embedding."""

    def __init__(self, form: str = "tuple", width: int = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8))
        self.head, self.form = nn.Linear(8, width), form

    def forward(self, x: Tensor) -> Any:
        z = self.body(x)
        if self.form == "tuple":
            return self.head(z), z
        return {"logits": self.head(z), "embedding": z}


def run(tmp_path: Path, **own: Any) -> pkdot.RunRecord:
    config = own.pop("config", CONFIG)
    corpus = own.pop("corpus", CORPUS)
    return pkdot.run_experiment(config, corpus, progress=False, runs_dir=tmp_path, **own)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_a_student_that_answers_itself_trains_and_the_callers_stays(tmp_path: Path) -> None:
    torch.manual_seed(0)
    student = Pair()
    before = {name: x.clone() for name, x in student.state_dict().items()}
    record = run(tmp_path, student=student, config=CONFIG.changed({"training.epochs": 12}))
    assert record.best_epoch
    torch.testing.assert_close(student.state_dict(), before)
    kept, _ = record.checkpoint("student")
    assert not np.allclose(kept["network.head.weight"], before["head.weight"])
    trained = Pair()
    names = {n.removeprefix("network."): torch.as_tensor(x) for n, x in kept.items()}
    trained.load_state_dict(names)
    x = torch.as_tensor(CORPUS.modalities["face"][CORPUS.split.test])
    with torch.no_grad():
        outputs, _ = trained.eval()(x)
    told = record.predictions.query("split == 'test'")[[f"student_{c}" for c in range(3)]]
    np.testing.assert_allclose(outputs.softmax(1), told, atol=1e-6)
    assert "parameters learn" in record.facts["notes"][0]


def test_a_mapping_and_a_pair_are_the_same_student(tmp_path: Path) -> None:
    tables = []
    for form in ("tuple", "mapping"):
        torch.manual_seed(1)
        tables.append(run(tmp_path, student=Pair(form)).predictions)
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_a_teacher_learns_or_stays_as_its_gradients_say(tmp_path: Path) -> None:
    torch.manual_seed(0)
    teacher = Both()
    trained = run(tmp_path, teacher=teacher)
    weights, _ = trained.checkpoint("teacher")
    start = teacher.layer.weight.detach().numpy()
    assert not np.allclose(weights["network.layer.weight"], start)
    frozen = run(tmp_path, teacher=teacher.requires_grad_(False))
    kept, _ = frozen.checkpoint("teacher")
    assert set(kept) == {"head.weight", "head.bias"}, "the module is the user's own file"
    assert "frozen as it comes" in frozen.facts["notes"][0]
    assert frozen.scores["teacher accuracy"] > 0.5
    probe = frozen.embeddings(0).teacher
    where = {name: i for i, name in enumerate(CORPUS.ids)}
    rows = [where[name] for name in frozen.probe["sample_id"]]
    samples = {name: torch.as_tensor(x[rows]) for name, x in CORPUS.modalities.items()}
    np.testing.assert_allclose(probe, teacher(samples).detach(), atol=1e-6)


@pytest.mark.slow
def test_the_answers_of_a_frozen_module_are_those_of_its_numbers(tmp_path: Path) -> None:
    """Three ways to give one teacher: a frozen module, its embeddings, and these in any order."""
    torch.manual_seed(0)
    teacher = Both().requires_grad_(False)
    samples = {name: torch.as_tensor(x) for name, x in CORPUS.modalities.items()}
    z = teacher(samples)
    order = np.random.default_rng(0).permutation(N)
    more = torch.cat([z[order], torch.zeros(3, 6)])
    ids = [*CORPUS.ids[order], "a", "b", "c"]
    given = [teacher, z, {"embedding": more.numpy(), "ids": ids}]
    scores = [run(tmp_path, teacher=each).scores for each in given]
    assert scores[1] == scores[2]
    assert scores[0] == pytest.approx(scores[1], abs=0.05)


def test_numbers_with_outputs_need_no_head_and_probabilities_are_understood(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((N, 3))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for outputs in (logits, p):
        name = "logits" if outputs is logits else "outputs"
        record = run(tmp_path, teacher={"embedding": logits, name: outputs})
        told = record.predictions.query("split == 'test'")[[f"teacher_{c}" for c in range(3)]]
        np.testing.assert_allclose(told, p[90:], atol=1e-5)
        assert "teacher" not in record.checkpoints


class Frames(nn.Module):
    """Reads windows (B, L, 5) and gives an embedding a frame."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(5, 6, batch_first=True)

    def forward(self, windows: Tensor) -> Tensor:
        return self.layer(windows)[0]


@pytest.mark.parametrize("numbers", [False, True])
def test_windows_go_through_networks_and_numbers_too(numbers: bool, tmp_path: Path) -> None:
    corpus = windows_corpus()
    teacher = np.random.default_rng(0).standard_normal((N, 6, 4)) if numbers else None
    record = run(tmp_path, corpus=corpus, teacher=teacher, student=Frames())
    assert np.isfinite(record.scores["student ccc"])
    student = pkdot.load_student(record, Frames())
    z = student({"face": corpus.modalities["face"][:3]}).embedding
    assert z.shape == (3, 6, 6)
    with pytest.raises(ConfigError, match=r"instead of \(3, 6, D\)"):
        run(tmp_path, corpus=corpus, student=Pooled())


class Pooled(Frames):
    """Gives an embedding a window, where one a frame is needed."""

    def forward(self, windows: Tensor) -> Tensor:
        return super().forward(windows).mean(1)


def test_a_sample_that_a_given_teacher_did_not_see_counts_as_incomplete(tmp_path: Path) -> None:
    z = np.random.default_rng(0).standard_normal((N, 4))
    z[5:15] = np.nan
    notes = run(tmp_path, teacher=z).facts["notes"]
    assert any("10 lack 'teacher'" in note for note in notes)


def test_ids_that_do_not_match_are_named(tmp_path: Path) -> None:
    z = np.zeros((N, 4))
    given = {"embedding": z[10:], "ids": CORPUS.ids[10:]}
    with pytest.raises(DataError, match=r"no row for 10 of the corpus's 120 .*clip 000.*clip 004"):
        run(tmp_path, teacher=given)
    with pytest.raises(DataError, match=r"110 rows.* 120 samples"):
        run(tmp_path, teacher=z[10:])
    with pytest.raises(DataError, match="1 samples more than once"):
        run(tmp_path, teacher={"embedding": z, "ids": ["clip 001", *CORPUS.ids[1:]]})
    with pytest.raises(DataError, match=r"outputs have shape \(120, 2\).*give 3 numbers a row"):
        run(tmp_path, teacher={"embedding": z, "outputs": z[:, :2]})
    with pytest.raises(DataError, match="no row of numbers for any labelled sample"):
        run(tmp_path, teacher=np.full((N, 4), np.nan))
    assert not list(tmp_path.iterdir())


class Wrong(nn.Module):
    """Does one thing that a network must not do."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.layer, self.what = nn.Linear(5, 3), what

    def forward(self, x: Tensor) -> Any:
        z = self.layer(x)
        wrong: dict[str, Any] = {
            "tokens": z[:, None],
            "batch": z.flatten(),
            "half": z[: len(z) // 2],
            "width": (z[:, :2], z),
            "text": "z",
            "other": {"logits": z},
            "nan": z / 0 * 0,
            "detached": z.detach(),
            "half detached": (z, z.detach()),
        }
        if self.what == "raises":
            raise ValueError("no such thing")
        return wrong[self.what]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("tokens", r"shape \(3, 1, 3\).*instead of \(3, D\)"),
        ("batch", r"shape \(9,\).*instead of \(3, D\)"),
        ("half", r"shape \(1, 3\).*one row of real numbers for each of the 3"),
        ("width", r"outputs have shape \(3, 2\) instead of \(3, 3\)"),
        ("text", "gave a str; give an embedding"),
        ("other", "dict with logits"),
        ("nan", "holds NaN"),
        ("detached", "its embedding carry no gradient"),
        ("half detached", "its embedding carry no gradient"),
        ("raises", "ValueError: no such thing"),
    ],
)
def test_a_module_that_cannot_serve_is_refused_in_a_sentence(
    what: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"student Wrong cannot.*{words}"):
        run(tmp_path, student=Wrong(what))
    assert not list(tmp_path.iterdir())


def test_what_cannot_go_with_own_networks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to learn"):
        run(tmp_path, student=Pair().requires_grad_(False))
    with pytest.raises(ConfigError, match=r"'mt_pkdot' reads features.*would do: .*pkdot"):
        run(tmp_path, student=Pair(), config=CONFIG.changed({"method": "mt_pkdot"}))
    with pytest.raises(ConfigError, match="control 'random_teacher'"):
        run(tmp_path, teacher=Both(), config=CONFIG.changed({"control": "random_teacher"}))
    with pytest.raises(ConfigError, match="A student is a torch module, not a ndarray"):
        run(tmp_path, student=np.zeros((N, 2)))
    with pytest.raises(ConfigError, match="given are outputs"):
        run(tmp_path, teacher={"logits": np.zeros((N, 3))})


def test_a_digest_follows_weights_attributes_and_source() -> None:
    torch.manual_seed(0)
    one = Both()
    torch.manual_seed(0)
    assert network_digest(Both()) == network_digest(one) is not None
    torch.manual_seed(0)
    assert network_digest(Both(2.0)) != network_digest(one), "an attribute that forward reads"
    with torch.no_grad():
        one.layer.bias += 1
    torch.manual_seed(0)
    assert network_digest(Both()) != network_digest(one)


def test_what_has_no_readable_source_is_not_kept_and_said(tmp_path: Path) -> None:
    place: dict[str, Any] = {"nn": nn, "__name__": "__main__"}
    code = "class Typed(nn.Linear):\n    def forward(self, x): return super().forward(x)"
    exec(code, place)
    typed = place["Typed"](9, 6)
    assert network_digest(typed) is None
    hooked = Both()
    hooked.register_forward_hook(lambda *_: None)
    assert network_digest(hooked) is None
    by_lambda = Both()
    by_lambda.act = lambda x: x  # type: ignore[assignment]
    assert network_digest(by_lambda) is None
    cache = tmp_path / "cache"
    record = run(tmp_path / "runs", teacher=by_lambda.requires_grad_(False))
    assert any("not kept for other runs" in note for note in record.facts["notes"])
    assert not cache.exists()
    run(tmp_path / "runs", teacher=Both().requires_grad_(False))
    assert len(list((cache / "features").glob("own-*.npy"))) == 1
