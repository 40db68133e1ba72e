"""Settings that stand for a corpus in memory, which no settings can load again."""

from typing import Literal

from pydantic import Field

from ..settings import Settings


class GivenSettings(Settings):
    """A corpus that the caller held in memory."""

    name: Literal["given"] = "given"
    corpus: str = Field("", description="its name")
    fingerprint: str = Field("", description="hash of its data")

    @property
    def has_unlabelled(self) -> bool:
        """Whether there are training samples without a label; not known from settings."""
        return False

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator makes the data; not known from settings."""
        return False
