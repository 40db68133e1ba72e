"""Worker processes: results, exceptions and deaths reach the caller, each with its own call."""

import operator
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from pkdot.worker_pool import TRIES, Lost, unordered


def die_at_first(folder: Path, number: int, deadly: int, deaths: int) -> int:
    """The square of a number; a process that is given ``deadly`` is killed some times before."""
    if number == deadly:
        tries = len(list(folder.glob("try*")))
        (folder / f"try{tries}").touch()
        if tries < deaths:
            os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def linger(folder: Path) -> None:
    """Say which process this is, and leave a file when it is ended rather than killed."""
    (folder / str(os.getpid())).touch()
    try:
        time.sleep(60)
    finally:
        (folder / f"{os.getpid()}.ended").touch()


def gone(process: int) -> bool:
    """Whether no process has this number; one that nobody buried yet counts as gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return not _signalled(process)


def _signalled(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_job_stays_in_this_process() -> None:
    assert dict(unordered(os.getpid, [(), ()], 1)) == dict.fromkeys((0, 1), os.getpid())


@pytest.mark.slow
def test_results_come_from_other_processes_and_these_are_used_again() -> None:
    first = dict(unordered(os.getpid, [()] * 8, 2))
    assert set(first) == set(range(8))
    assert os.getpid() not in first.values()
    again = dict(unordered(os.getpid, [()] * 8, 2))
    assert set(again.values()) & set(first.values())


@pytest.mark.slow
def test_a_worker_that_is_killed_is_one_call_tried_again(tmp_path: Path) -> None:
    calls = [(tmp_path, number, 3, TRIES - 1) for number in range(8)]
    assert dict(unordered(die_at_first, calls, 2)) == {n: n**2 for n in range(8)}


@pytest.mark.slow
def test_a_call_that_kills_each_worker_is_lost_and_no_other_is(tmp_path: Path) -> None:
    calls = [(tmp_path, number, 3, 99) for number in range(8)]
    found = dict(unordered(die_at_first, calls, 2))
    assert list(found)[-1] == 3, "it was tried again when the others were done"
    lost = found.pop(3)
    assert isinstance(lost, Lost)
    assert "memory" in lost.how
    told = str(lost.error("cell 'kd' with seed 3", "sweeps"))
    assert "cell 'kd' with seed 3" in told
    assert "fewer jobs" in told
    assert len(list(tmp_path.glob("try*"))) == TRIES
    assert found == {n: n**2 for n in range(8) if n != 3}


@pytest.mark.slow
def test_what_a_call_raises_is_raised_here_and_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        list(unordered(operator.truediv, [(1, 1), (1, 0)], 2))
    assert "truediv" in str(raised.value.__notes__) or "in _serve" in str(raised.value.__notes__)
    calls = unordered(linger, [(tmp_path,), (tmp_path,)], 2)
    with pytest.raises(RuntimeError, match="interrupted"):
        _interrupt(calls)
    pids = [int(file.name) for file in tmp_path.iterdir() if file.suffix == ""]
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)
    assert all((tmp_path / f"{pid}.ended").exists() for pid in pids), "cleaned up behind themselves"


def draw_bars() -> list[int]:
    """What a cell that reads its data with bars does, of each of tqdm's kinds."""
    import tqdm
    import tqdm.auto

    print("seen", file=sys.stderr)
    return [
        sum(bar(range(3), desc="of a worker", disable=False)) for bar in (tqdm.tqdm, tqdm.auto.tqdm)
    ]


@pytest.mark.slow
def test_bars_of_workers_do_not_cross_those_of_whoever_started_them(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert dict(unordered(draw_bars, [(), ()], 2)) == {0: [3, 3], 1: [3, 3]}
    assert capfd.readouterr().err.split() == ["seen", "seen"]
    assert draw_bars() == [3, 3]
    assert "of a worker: 100%" in capfd.readouterr().err, "one job draws its own"


def _interrupt(calls: object) -> None:
    """Raise in the main thread, as a signal does, while workers are in the midst of their calls."""

    def alarm(number: int, frame: object) -> None:
        raise RuntimeError("interrupted")

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 4.0)
        list(calls)  # type: ignore[call-overload]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def shrug_off(folder: Path) -> None:
    """A call that goes on when it is told to end, as code that catches everything does."""
    (folder / str(os.getpid())).touch()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            time.sleep(1)
        except BaseException:
            continue


@pytest.mark.slow
def test_a_worker_that_does_not_listen_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pkdot.worker_pool._GRACE", 0.2)
    results = unordered(first_fails_when_the_other_runs, [(tmp_path, 0), (tmp_path, 1)], 2)
    with pytest.raises(ArithmeticError, match="enough"):
        list(results)
    (other,) = tmp_path.iterdir()
    assert gone(int(other.name))


def first_fails_when_the_other_runs(folder: Path, number: int) -> None:
    if number == 1:
        return shrug_off(folder)
    while not list(folder.iterdir()):
        time.sleep(0.05)
    raise ArithmeticError("enough")
