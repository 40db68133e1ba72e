"""A result is computed once, found again, and computed anew where its file is damaged."""

import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pkdot.atomic_files import written_aside
from pkdot.keyed_cache import KeyedCache, claimed, short_hash


def cache_in(folder: Path | None) -> KeyedCache[dict[str, Any]]:
    return KeyedCache(
        folder,
        ".json",
        lambda path: json.loads(path.read_text()),
        lambda path, value: path.write_text(json.dumps(value)) and None,
    )


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "new" / "folder")
    assert cache.find("a") is None
    cache.keep("a", {"x": 1})
    assert cache.find("a") == {"x": 1}
    assert cache.find("b") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00"])
def test_a_damaged_file_is_computed_again(tmp_path: Path, content: bytes) -> None:
    cache = cache_in(tmp_path)
    (tmp_path / "a.json").write_bytes(content)
    assert cache.find("a") is None
    assert cache.find_or_compute("a", lambda: {"x": 2}) == {"x": 2}
    assert cache.find("a") == {"x": 2}


def test_without_a_folder_nothing_is_kept() -> None:
    cache = cache_in(None)
    cache.keep("a", {"x": 1})
    assert cache.find("a") is None
    assert cache.find_or_compute("a", lambda: {"x": 3}) == {"x": 3}


def test_many_that_want_one_result_compute_it_once(tmp_path: Path) -> None:
    calls, results = [], []

    def compute() -> dict[str, Any]:
        calls.append(1)
        threading.Event().wait(0.2)
        return {"x": 4}

    def want() -> None:
        results.append(cache_in(tmp_path).find_or_compute("a", compute))

    threads = [threading.Thread(target=want) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert results == [{"x": 4}] * 5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.json", "a.json.sha256"]


def test_what_a_killed_writer_left_of_a_file_is_removed_when_it_is_computed(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    for key in ("a", "a[b]"):
        with written_aside(cache.file(key)) as aside:
            aside.write_text("half of it")
        aside.write_text("half of it")
    assert cache.find_or_compute("a[b]", lambda: {"x": 5}) == {"x": 5}
    (other,) = tmp_path.glob(".*.part")
    assert other.name.startswith(".a.json."), "another file's writer may still be at it"


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> dict[str, Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cache_in(tmp_path).find_or_compute("a", fail)
    assert not list(tmp_path.iterdir())


def test_a_hash_depends_on_content_and_not_on_the_order_of_keys() -> None:
    assert short_hash({"a": 1, "b": [2]}) == short_hash({"b": [2], "a": 1})
    assert short_hash({"a": 1}) != short_hash({"a": 2})
    assert len(short_hash("x")) == 16
    assert len(short_hash("x", 12)) == 12


def test_a_claim_is_one_process_s_and_ends_with_it(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "new")
    claim = cache.claim("a")
    assert claim is not None
    assert cache.claim("a") is None
    assert cache.claim("b") is not None, "each key has a claim of its own"
    claim.release()
    script = (
        "import os, pathlib, sys; from tests.test_keyed_cache import cache_in\n"
        "claim = cache_in(pathlib.Path(sys.argv[1])).claim('a')\n"
        "assert claim is not None; os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path / "new")], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "new" / "a.lock").exists()
    left = cache.claim("a")
    assert left is not None, "what a killed process left holds nobody up"
    left.release()


def test_claiming_takes_less_than_a_cell_may_cost(tmp_path: Path) -> None:
    cache, took = cache_in(tmp_path), []
    for number in range(50):
        began = time.process_time()
        with claimed(cache, [f"cell{number}"]) as claims:
            assert list(claims) == [f"cell{number}"]
        took.append(time.process_time() - began)
    assert statistics.median(took) < 0.005


def test_what_others_are_at_is_not_claimed(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    with claimed(cache, ["a", "b", "a"]) as mine, claimed(cache, ["b", "c"]) as others:
        assert list(mine) == ["a", "b"]
        assert list(others) == ["c"]
    with claimed(cache, ["a", "b", "c"]) as all_free:
        assert len(all_free) == 3
