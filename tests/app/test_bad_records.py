"""A damaged or hostile record costs what is damaged in it, and never the page."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.example_records import forget_digests, write_record
from tests.support.pages import FIGURES, figures, opened, surround, words


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def errors(app) -> str:  # type: ignore[no-untyped-def]
    return "\n".join(str(element.value) for element in app.error).replace("\\", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "file", "shown"),
    [
        ("similarity", "embeddings/epoch_0005.safetensors", 0),
        ("maps", "maps/pca.parquet", FIGURES["maps"]),
        ("maps", "predictions.parquet", FIGURES["maps"]),
        ("samples", "predictions.parquet", 1),
        ("samples", "media/images.safetensors", 1),
        ("samples", "features.safetensors", 1),
    ],
)
def test_a_flipped_bit_is_named_and_the_rest_is_shown(
    page: str, file: str, shown: int, record_copy: Path
) -> None:
    flip(record_copy / file)
    app = opened(page)
    assert not app.exception
    assert f"{file} is not what was written" in errors(app)
    assert figures(app) >= shown


@pytest.mark.slow
def test_a_damaged_epoch_leaves_the_others(record_copy: Path) -> None:
    flip(record_copy / "embeddings/epoch_0005.safetensors")
    app = opened("similarity")
    assert "Other epochs may be whole" in errors(app)
    app = opened("similarity", epoch="9", panel="epochs")
    assert not app.exception
    assert not app.error
    assert figures(app) == FIGURES["similarity"]
    assert "Left out, as their files are damaged: epochs 5" in words(app)
    app = opened("maps", epoch="9")
    assert not app.error
    assert figures(app) == FIGURES["maps"]


STRANGE = {
    "seed": {"seed": 2**70},
    "surrogate": {"name": "\ud800"},
    "deep": {"config": json.loads("[" * 200 + "]" * 200)},
    "long": {"name": "x" * 50_000},
    "scores": {"scores": {"student accuracy": 1e308}},
    "when": {"created": "9" * 900},
    "outside": {"files": {"../../x": 1}},
}


@pytest.mark.slow
def test_the_list_shows_strange_records_in_a_line_each(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name, fields in STRANGE.items():
        path = write_record(runs, run_id=name).path
        file = path / "run.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))
    good = write_record(runs, run_id="good").path
    os.mkfifo(runs / "a pipe")
    (runs / "a link").symlink_to("/")
    with suppress(OSError):  # some file systems allow no such name
        os.mkdir(os.fsencode(runs) + b"/\xff\xfe")
    (runs / "\x1b[31m<b>bold").mkdir()
    app = opened("runs", run="good")
    assert not app.exception
    assert not app.error
    table = app.dataframe[0].value
    assert set(STRANGE) | {"good"} <= set(table["record"])
    assert (table["status"] == "damaged").sum() >= len(STRANGE)
    assert all(text.isprintable() for text in table["note"].astype(str))
    assert figures(app) == FIGURES["runs"]
    for name in ("seed", "outside", "a link"):
        app = opened("similarity", run=name)
        assert not app.exception
        assert "damaged" in words(app) or "no run record" in words(app) or "run.json" in words(app)
    assert good.is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["similarity", "maps", "samples"])
def test_words_for_groups_stay_plain_text(page: str, record_copy: Path) -> None:
    evil = "![x](https://example.org/x.png) www.example.org :red[x] \u202e a@example.org"
    forget_digests(record_copy)
    file = record_copy / "run.json"
    content = json.loads(file.read_text())
    content["facts"]["data"] = {"unit": evil, "media": f"left out {evil}"}
    file.write_text(json.dumps(content))
    app = opened(page)
    assert not app.exception
    groups = [str(option) for group in app.get("button_group") for option in group.options]
    for text in [*words(app).splitlines(), *groups]:
        assert "![" not in text
        assert ":red[" not in text
        assert "www.example" not in text
        assert "\u202e" not in text
