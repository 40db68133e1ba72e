"""The frame that benchmarks share: one thread, a page, an exit status, the machine."""

from pathlib import Path

import pytest
import torch

from pkdot.benchmarks import frame
from pkdot.errors import ConfigError, PkdotError


def test_a_page_is_written_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    given: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    page = tmp_path / "new" / "page.md"
    assert frame.publish(lambda: f"threads {given}", page) == 0
    assert page.read_text() == "threads [1]"
    assert given == [1, 7], "one thread while measuring, as many as before afterwards"
    assert capsys.readouterr().out.endswith(f"Written to {page}.\n")


@pytest.mark.parametrize(("error", "status"), [(PkdotError("it broke"), 1), (ConfigError("no"), 2)])
def test_what_went_wrong_is_one_sentence_and_leaves_no_page(
    error: PkdotError, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> str:
        raise error

    assert frame.publish(fail, tmp_path / "page.md") == status
    assert capsys.readouterr() == ("", f"{error}\n")
    assert not list(tmp_path.iterdir())


def test_the_machine_is_named_with_versions() -> None:
    facts = frame.machine_facts("torch", "no-such-package")
    assert f"torch {torch.__version__.partition('+')[0]}" in facts
    assert "no-such-package absent" in facts
