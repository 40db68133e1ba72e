"""Mean and deviation of features within each group, gathered batch by batch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...data.features import deviation_floor


class GroupMoments:
    """What :class:`pkdot.data.features.GroupNormalised` takes out, for new recordings.

    Args:
        overall: deviation of the training's features, from which the least deviation follows.
        of_frames: whether samples are windows (B, L, ...) whose frames count; a frame that several
            windows hold counts in each.
    """

    def __init__(self, overall: float, of_frames: bool = False) -> None:
        self._floor, self._of_frames = deviation_floor(overall), of_frames
        self._sums: dict[str, tuple[int, np.ndarray, np.ndarray]] = {}

    def add(self, features: Tensor, groups: Sequence[str]) -> None:
        """Count a batch: features (B, ...), and the group of each sample."""
        values = features.double().cpu().numpy()
        names, which = np.unique(np.asarray(groups), return_inverse=True)
        if self._of_frames:
            which = np.repeat(which, values.shape[1])
            values = values.reshape(-1, *values.shape[2:])
        for i, name in enumerate(names.tolist()):
            own = values[which == i]
            n, first, second = self._sums.get(name, (0, np.zeros(()), np.zeros(())))
            self._sums[name] = n + len(own), first + own.sum(0), second + np.square(own).sum(0)

    def normalise(self, features: Tensor, groups: Sequence[str]) -> Tensor:
        """Features (B, ...) with the moments of their groups taken out; all must be counted."""
        means, deviations = [], []
        for name in np.asarray(groups).tolist():
            n, first, second = self._sums[name]
            means.append(first / n)
            deviations.append(np.sqrt(np.maximum(second / n - np.square(first / n), 0.0)))
        mean, deviation = (
            torch.as_tensor(np.stack(x), dtype=torch.float32).to(features.device)
            for x in (means, deviations)
        )
        if self._of_frames:
            mean, deviation = mean[:, None], deviation[:, None]
        return (features - mean) / deviation.clamp_min(self._floor)
