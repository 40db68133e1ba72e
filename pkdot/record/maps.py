"""Maps of the embeddings that a record holds, ready to be kept in it."""

from typing import TYPE_CHECKING

import numpy as np

from ..analysis.projection import project
from ..errors import RecordError
from .schema import MAPS_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from .reader import RunRecord


def record_maps(
    record: "RunRecord", projection: str = "pca", *, best_epoch: int | None = None
) -> "pd.DataFrame":
    """Maps of a record's logged epochs, ready to be kept in it.

    PCA takes every epoch; UMAP the first, the best and the last, since each fit takes a second or
    more. Epochs whose embeddings are not finite (a run that diverged) have no map.

    Returns:
        Rows of epoch, network (teacher, student), sample_id, x, y.

    Raises:
        RecordError: if the record has no embeddings.
        InputError: for an unknown projection, or too few samples.
    """
    import pandas as pd

    if not record.epochs:
        raise RecordError(f"{record.run_id} has no embeddings to draw; log some first.")
    epochs = record.epochs
    if projection == "umap":
        wanted = {epochs[0], epochs[-1], best_epoch}
        epochs = [epoch for epoch in epochs if epoch in wanted]
    names = record.probe["sample_id"]
    tables = []
    for epoch in epochs:
        pair = record.embeddings(epoch)
        if not all(np.isfinite(z).all() for z in pair):
            continue
        maps = project(pair.teacher, pair.student, projection)
        for network, points in (("teacher", maps.teacher), ("student", maps.student)):
            points = points.astype(np.float32)  # a picture needs no more, and maps are many
            columns = (epoch, network, names, points[:, 0], points[:, 1])
            tables.append(pd.DataFrame(dict(zip(MAPS_COLUMNS[1:], columns, strict=True))))
    if not tables:
        return pd.DataFrame(columns=list(MAPS_COLUMNS[1:]))
    return pd.concat(tables, ignore_index=True)
