"""Small data of every form that own data may have."""

import csv
import json
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

N = 48


def features(n: int = N, seed: int = 0) -> dict[str, np.ndarray]:
    """Two modalities of vectors that know the class of :func:`classes`, float32."""
    chance = np.random.default_rng(seed)
    sides = 2.0 * (np.arange(n) % 2) - 1
    face = chance.normal(size=(n, 4)) + 0.5 * sides[:, None]
    eda = chance.normal(size=(n, 3)) + 2 * sides[:, None]
    return {"face": face.astype(np.float32), "eda": eda.astype(np.float32)}


def classes(n: int = N) -> np.ndarray:
    """Names of two classes in turn, (n,)."""
    return np.array(["calm", "pain"])[np.arange(n) % 2]


def groups(n: int = N) -> np.ndarray:
    """Four samples a group, (n,)."""
    return np.array([f"s{i // 4:02d}" for i in range(n)])


def ids(n: int = N) -> np.ndarray:
    """Names of samples, (n,)."""
    return np.array([f"clip{i:03d}" for i in range(n)])


def frame(n: int = N, **columns: Any) -> pd.DataFrame:
    """The table of the samples, with families of columns ``face.0 …`` and ``eda.0 …``."""
    table: dict[str, Any] = {"id": ids(n), "target": classes(n), "group": groups(n)}
    for name, values in features(n).items():
        table |= {f"{name}.{i}": values[:, i] for i in range(values.shape[1])}
    return pd.DataFrame({**table, **columns})


def write_table(path: Path, table: pd.DataFrame | None = None, **how: Any) -> Path:
    """A csv or parquet file."""
    table = frame() if table is None else table
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, **how)
    return path


def write_npz(path: Path, **arrays: Any) -> Path:
    """An .npz file; None leaves an array out."""
    content = {**features(), "targets": classes(), "groups": groups(), "ids": ids(), **arrays}
    np.savez(path, **{name: value for name, value in content.items() if value is not None})
    return path


def write_folder(root: Path, n: int = N) -> Path:
    """``face/ID.npy``, ``eda/ID.csv`` and ``targets.csv``."""
    for name in ("face", "eda"):
        (root / name).mkdir(parents=True)
    values = features(n)
    for i, name in enumerate(ids(n)):
        np.save(root / "face" / f"{name}.npy", values["face"][i])
        with (root / "eda" / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["seconds", "level"])
            writer.writerows([(0.5 * t, float(v)) for t, v in enumerate(values["eda"][i])])
    frame(n)[["id", "target", "group"]].to_csv(root / "targets.csv", index=False)
    return root


def write_picture(path: Path, level: int, size: int = 24) -> Path:
    """A picture with a bright square, .png or .jpg."""
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size, size + 8, 3), level, dtype=np.uint8)
    pixels[4:12, 8:16] = 255
    assert cv2.imwrite(str(path), pixels)
    return path


def write_sound(path: Path, tone: float, seconds: float = 0.25, rate: int = 8000) -> Path:
    """A tone of ``tone`` Hz as 16-bit wav."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * rate)) / rate
    samples = (0.5 * np.sin(2 * np.pi * tone * times) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def write_video(path: Path, level: int, frames: int = 12, size: int = 32, fps: int = 12) -> Path:
    """A grey video that brightens from ``level`` by 5 a frame."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for i in range(frames):
            pixels = np.full((size, size, 3), min(255, level + 5 * i), dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def hf_schema(table: pa.Table, kinds: Mapping[str, Any]) -> pa.Table:
    """The table with what ``datasets`` writes beside its schema."""
    content = {"info": {"features": dict(kinds)}}
    return table.replace_schema_metadata({"huggingface": json.dumps(content)})


def hf_table(n: int = N) -> pa.Table:
    """Lists of numbers, a class label with names, ids and groups, as ``datasets`` keeps them."""
    values = features(n)
    table = pa.table(
        {
            "id": ids(n).tolist(),
            "group": groups(n).tolist(),
            "label": pa.array(np.arange(n) % 2, pa.int64()),
            "face": pa.array(values["face"].tolist(), pa.list_(pa.float32())),
            "eda": pa.array(values["eda"].tolist(), pa.list_(pa.float32())),
        }
    )
    label = {"_type": "ClassLabel", "names": ["calm", "pain"]}
    return hf_schema(table, {"label": label})


def write_shards(root: Path, table: pa.Table, splits: Mapping[str, int]) -> Path:
    """``data/SPLIT-00000-of-00001.parquet``, so many rows each."""
    (root / "data").mkdir(parents=True)
    at = 0
    for split, rows in splits.items():
        parquet.write_table(
            table.slice(at, rows), root / "data" / f"{split}-00000-of-00001.parquet"
        )
        at += rows
    return root


def write_saved(root: Path, table: pa.Table, splits: Mapping[str, int] | None = None) -> Path:
    """What ``save_to_disk`` writes, of one set or of splits."""
    root.mkdir(parents=True, exist_ok=True)
    if splits is not None:
        (root / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}))
        at = 0
        for split, rows in splits.items():
            write_saved(root / split, table.slice(at, rows))
            at += rows
        return root
    path = str(root / "data-00000-of-00001.arrow")
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    files = [{"filename": "data-00000-of-00001.arrow"}]
    (root / "state.json").write_text(json.dumps({"_data_files": files}))
    return root
