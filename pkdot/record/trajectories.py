"""How a record's student came to follow its teacher, epoch by epoch."""

from typing import TYPE_CHECKING

from ..analysis.agreement import MEASURES, agreement
from ..errors import InputError, RecordError

if TYPE_CHECKING:
    import pandas as pd

    from .reader import RunRecord


def agreement_over_epochs(record: "RunRecord", most: int = 512) -> "pd.DataFrame":
    """How the agreement on the probe samples grew while the student trained.

    Args:
        record: a run, finished or not.
        most: only so many of the probe samples are used, the first ones.

    Returns:
        Rows of epoch and each of :data:`~pkdot.analysis.agreement.MEASURES`; NaN for an epoch
        whose embeddings are not finite (a run that diverged) or whose file is damaged.
    """
    import pandas as pd

    rows = []
    for epoch in record.epochs:
        try:
            pair = record.embeddings(epoch)
            found = agreement(pair.teacher[:most], pair.student[:most])
        except (InputError, RecordError):
            found = dict.fromkeys(MEASURES, float("nan"))
        rows.append({"epoch": epoch, **found})
    return pd.DataFrame(rows, columns=["epoch", *MEASURES])


def is_whole(record: "RunRecord", epoch: int) -> bool:
    """Whether the embeddings of a logged epoch can be read."""
    try:
        record.embeddings(epoch)
    except RecordError:
        return False
    return True
