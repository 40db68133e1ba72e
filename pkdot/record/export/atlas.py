"""Parquet tables for Embedding Atlas, one a network.

    embedding-atlas teacher.parquet --x projection_x --y projection_y --neighbors neighbors

The column ``neighbors`` holds ``ids``, rows counted from 0, and ``distances``; a row itself comes
first, at distance 0, as in the tables that Embedding Atlas writes.

Source: the command line's own help and ``projection.py`` of Embedding Atlas (Ren et al., 2025,
arXiv 2505.06386).
"""

from typing import TYPE_CHECKING

import numpy as np

from ...analysis.lost_structure import nearest_samples
from ...analysis.projection import unit_rows
from ...errors import InputError
from .samples import ExportedSamples

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 15
"""Neighbours a sample, as many as Embedding Atlas looks for."""


def atlas_table(samples: ExportedSamples, network: str, neighbours: int = SHOWN) -> "pa.Table":
    """The samples of one network: what is known of each, its place on the map, its neighbours.

    Args:
        samples: N of them.
        network: teacher or student.
        neighbours: how many others, k; fewer where there are not so many.

    Returns:
        N rows; beside the columns of the samples ``projection_x`` and ``projection_y`` (float64),
        and ``neighbors``, a struct of ``ids`` (1 + k int32) and ``distances`` (1 + k float32): 1
        minus the cosine in the original space, rising.

    Raises:
        InputError: if no neighbour is asked for.
    """
    import pyarrow as pa

    if neighbours < 1:
        raise InputError(f"Each sample has 1 neighbour or more, not {neighbours}.")
    z = samples.embeddings[network]
    near = nearest_samples(z, neighbours)
    ids = np.column_stack([np.arange(len(z)), near])
    unit = unit_rows(z)
    cosine = np.einsum("nd,nkd->nk", unit, unit[near])
    distances = np.column_stack([np.zeros(len(z)), np.clip(1 - cosine, 0, 2)])
    neighbors = [
        {"ids": own, "distances": far}
        for own, far in zip(ids.tolist(), distances.tolist(), strict=True)
    ]
    table = pa.Table.from_pandas(samples.columns, preserve_index=False)
    table = table.replace_schema_metadata(None)  # pandas' own notes are of no use elsewhere
    x, y = samples.points[network].T
    table = table.append_column("projection_x", pa.array(x, pa.float64()))
    table = table.append_column("projection_y", pa.array(y, pa.float64()))
    form = pa.struct([("ids", pa.list_(pa.int32())), ("distances", pa.list_(pa.float32()))])
    return table.append_column("neighbors", pa.array(neighbors, form))
