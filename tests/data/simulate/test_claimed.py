"""Several processes at one folder: one makes the corpus, the others wait."""

import threading
from pathlib import Path

from pkdot.atomic_files import WriterLock
from pkdot.data.marker import MARKER
from pkdot.data.simulate.files import claimed
from pkdot.errors import DataError


def test_nobody_marks_a_folder_that_another_holds(tmp_path: Path) -> None:
    """Who holds it clears away half-written files, and would take the other's for such."""
    base = tmp_path / "s"
    (base / "simulation").mkdir(parents=True)
    entered = threading.Event()

    def claim() -> None:
        with claimed(base, {"simulated": True}):
            entered.set()

    waiting = threading.Thread(target=claim)
    with WriterLock(base / "simulation" / "lock"):
        waiting.start()
        assert not entered.wait(0.1)
        assert [path.name for path in base.iterdir()] == ["simulation"]
    waiting.join(timeout=30)
    assert entered.is_set()
    assert (base / MARKER).is_file()


def test_who_waited_learns_that_the_folder_became_another_corpus(tmp_path: Path) -> None:
    base = tmp_path / "s"
    said: list[str] = []

    def claim() -> None:
        try:
            with claimed(base, {"seed": 1}):
                pass
        except DataError as refused:
            said.append(str(refused))

    with claimed(base, {"seed": 0}):
        (base / MARKER).rename(base / "simulation" / "marker")  # as if not yet written
        waiting = threading.Thread(target=claim)
        waiting.start()
        waiting.join(timeout=0.1)
        assert waiting.is_alive()
        (base / "simulation" / "marker").rename(base / MARKER)
    waiting.join(timeout=30)
    assert ["other settings" in sentence for sentence in said] == [True]
