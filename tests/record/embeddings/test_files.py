"""Files of embeddings: every kind gives the same numbers, and what is damaged says so."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.errors import InputError
from pkdot.record.embeddings.files import read_columns, read_embeddings, read_names

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(12, 3)).astype("f4")
IDS = [f"{i:03d}" for i in range(12)]
TABLE = pd.DataFrame(Z, columns=["e0", "e1", "e2"])


def written(folder: Path) -> dict[str, Path]:
    """The same matrix in every form that is read."""
    named = TABLE.assign(id=IDS)
    files = {
        name: folder / name
        for name in ("z.npy", "z.npz", "z.csv", "german.csv", "bare.csv", "z.parquet", "l.parquet")
    }
    np.save(files["z.npy"], Z)
    np.savez(files["z.npz"], embeddings=Z, ids=IDS)
    named.to_csv(files["z.csv"], index=False)
    named.to_csv(files["german.csv"], index=False, sep=";", decimal=",")
    TABLE.to_csv(files["bare.csv"], index=False, header=False)
    named.to_parquet(files["z.parquet"])
    pd.DataFrame({"id": IDS, "z": list(Z)}).to_parquet(files["l.parquet"])
    return files


def test_every_kind_of_file_gives_the_same_matrix(tmp_path: Path) -> None:
    for name, file in written(tmp_path).items():
        found = read_embeddings(file)
        np.testing.assert_allclose(found.values, Z, rtol=1e-6, err_msg=name)
        named = name not in ("z.npy", "bare.csv")
        assert list(found.ids) == IDS if found.ids is not None else not named, name


def test_an_index_of_names_is_read_from_parquet(tmp_path: Path) -> None:
    TABLE.set_index(pd.Index(IDS)).to_parquet(tmp_path / "z.parquet")
    assert list(read_embeddings(tmp_path / "z.parquet").ids) == IDS


def test_an_npy_file_stays_on_disk(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", Z)
    assert isinstance(read_embeddings(tmp_path / "z.npy").values, np.memmap)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('unpickled')",))


@pytest.mark.parametrize("name", ["bomb.npy", "bomb.npz"])
def test_nothing_is_unpickled(tmp_path: Path, name: str) -> None:
    bomb = np.array([Bomb()] * 3, dtype=object)
    if name.endswith("npy"):
        np.save(tmp_path / name, bomb, allow_pickle=True)
    else:
        np.savez(tmp_path / name, bomb)
    for read in (read_embeddings, read_columns, read_names):
        with pytest.raises(InputError, match="never unpickled"):
            read(tmp_path / name)


@pytest.mark.parametrize("name", ["z.npy", "z.npz", "z.parquet"])
@pytest.mark.parametrize("size", [0, 5, 90])
def test_half_a_file_is_said_to_be_damaged(tmp_path: Path, name: str, size: int) -> None:
    file = written(tmp_path)[name]
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(InputError, match=f"{name} is damaged"):
        read_embeddings(file)


def test_what_is_no_embedding_is_refused(tmp_path: Path) -> None:
    def refused(text: str, sentence: str) -> None:
        (tmp_path / "z.csv").write_text(text)
        with pytest.raises(InputError, match=sentence):
            read_embeddings(tmp_path / "z.csv")

    refused("", "z.csv is empty")
    refused("id,e0\n", "no rows")
    refused("id,e0,label\na,1.0,3\n", "'label' among its embeddings")
    refused(",e0\n0,1.0\n1,2.0\n", "a column without a name")
    refused("id,e0\na,1.0\nb,tall\n", "something else than numbers")
    refused("id,e0\na,1.0\n,2.0\n", "row 1 has no name")
    with pytest.raises(InputError, match="no file"):
        read_embeddings(tmp_path / "absent.npy")
    (tmp_path / "z.txt").write_text("1 2 3")
    with pytest.raises(InputError, match="no known kind"):
        read_embeddings(tmp_path / "z.txt")
    np.savez(tmp_path / "two.npz", a=Z, b=Z)
    with pytest.raises(InputError, match=r"holds 2 arrays \(a, b\)"):
        read_embeddings(tmp_path / "two.npz")
    lists = pd.DataFrame({"z": [[1.0, 2.0], [1.0]]})
    lists.to_parquet(tmp_path / "z.parquet")
    with pytest.raises(InputError, match="differ in length"):
        read_embeddings(tmp_path / "z.parquet")


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": IDS, "pain": Z[:, 0], "who": list("abc") * 4})
    table.to_csv(tmp_path / "y.csv", index=False)
    found = read_columns(tmp_path / "y.csv", ("pain",))
    assert list(found.columns) == ["pain"]
    assert list(found.index) == IDS
    with pytest.raises(InputError, match="no column 'pian', but pain, who"):
        read_columns(tmp_path / "y.csv", ("pian",))


def test_names_come_from_lines_or_from_a_column(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("\n".join(IDS))
    assert list(read_names(tmp_path / "names.txt")) == IDS
    pd.DataFrame({"id": IDS, "x": 1}).to_csv(tmp_path / "names.csv", index=False)
    assert list(read_names(tmp_path / "names.csv")) == IDS
    np.save(tmp_path / "names.npy", np.array(IDS))
    assert list(read_names(tmp_path / "names.npy")) == IDS
    TABLE.to_csv(tmp_path / "many.csv", index=False)
    with pytest.raises(InputError, match="3 columns; keep the one"):
        read_names(tmp_path / "many.csv")


def test_cells_without_a_name_are_not_taken_for_names_of_rows(tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("pain,calm\n1,2,3\n4,5,6\n")
    for read in (read_columns, read_embeddings):
        with pytest.raises(InputError, match=r"y\.csv has lines of more"):
            read(tmp_path / "y.csv")
