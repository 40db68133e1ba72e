"""What a check of Aff-Wild2 found: per face, in total, as a table or as JSON."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from .index import PARTS, AffWild2Index

NOTABLE = 0.1
"""Seconds by which a sound may begin late or end early before it is named."""


@dataclass(frozen=True)
class VideoFacts:
    """A video as decoded.

    Attributes:
        frames: that could be decoded.
        rate: frames a second as the container says; NaN where it does not, or without video.
        varies: whether frames are shown at uneven distances.
        turned: degrees, counterclockwise, by which its frames must be turned to stand upright.
        first, end: seconds in the container at which its pictures begin and end.
        problems: sentences.
    """

    frames: int = 0
    rate: float = math.nan
    varies: bool = False
    turned: int = 0
    first: float = math.nan
    end: float = math.nan
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class SoundFacts:
    """A sound as decoded.

    Attributes:
        source: ``video``, ``wav``, or ``none``.
        seconds: how long it is.
        late: seconds by which it begins after the first picture.
        short: seconds by which it ends before the last picture does.
        problems: sentences.
    """

    source: str = "none"
    seconds: float = 0.0
    late: float = 0.0
    short: float = 0.0
    problems: tuple[str, ...] = ()

    def with_problems(self, more: Iterable[str]) -> "SoundFacts":
        return replace(self, problems=(*self.problems, *more))


@dataclass(frozen=True)
class FaceReport:
    """One face: a video, or one of two people in it.

    Attributes:
        name, part, recording: as in the index.
        rows: of the annotation.
        valid: rows with both values in −1 to 1.
        malformed: rows that hold no two numbers; they count as invalid.
        crops: pictures in the folder.
        without_crop: valid rows without a picture.
        beyond: pictures beyond the last row.
        damaged_crops: pictures that are cut off or damaged.
        usable: valid rows with a whole picture: what a study can use.
        video, sound: of its source.
        problems: what is damaged or missing, one sentence each.
    """

    name: str
    part: str
    recording: str
    rows: int
    valid: int
    malformed: int
    crops: int
    without_crop: int
    beyond: int
    damaged_crops: int
    usable: int
    video: VideoFacts
    sound: SoundFacts
    problems: tuple[str, ...] = ()

    @property
    def invalid(self) -> int:
        """Rows that do not count."""
        return self.rows - self.valid

    @property
    def rows_beyond_video(self) -> int:
        """Rows beyond the last decoded frame; one more than there are frames is usual."""
        return max(self.rows - self.video.frames, 0) if self.video.frames else 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is unusual, damaged or missing, one sentence each."""
        found = list(self.problems)
        video, sound, name = self.video, self.sound, self.name
        if self.rows_beyond_video > 1:
            found.append(f"{name}: {self.rows} rows for {video.frames} frames of the video")
        if video.varies:
            found.append(f"{name}: its frame rate varies; times of frames are followed")
        if video.turned:
            found.append(f"{name}: its pictures are turned by {video.turned} degrees to stand")
        if sound.source == "none":
            found.append(f"{name}: it has no sound")
        if sound.late > NOTABLE:
            found.append(f"{name}: its sound begins {sound.late:.2f} s after its pictures")
        if sound.short > NOTABLE:
            found.append(f"{name}: its sound ends {sound.short:.2f} s before its pictures")
        return tuple(found)

    def row(self) -> dict[str, Any]:
        """A line of the table."""
        rate = "–" if math.isnan(self.video.rate) else f"{self.video.rate:.5g}"
        return {
            "name": self.name,
            "part": self.part,
            "rows": self.rows,
            "invalid": self.invalid,
            "no crop": self.without_crop,
            "beyond": self.beyond,
            "damaged": self.damaged_crops,
            "usable": self.usable,
            "frames": self.video.frames or "–",
            "fps": rate + ("*" if self.video.varies else ""),
            "sound": self._sound(),
        }

    def _sound(self) -> str:
        sound = self.sound
        parts = [sound.source]
        if sound.late > NOTABLE:
            parts.append(f"+{sound.late:.2f} s")
        if sound.short > NOTABLE:
            parts.append(f"−{sound.short:.2f} s")
        return " ".join(parts)


TOTALS = ("rows", "valid", "invalid", "malformed", "crops", "without_crop", "beyond",
          "damaged_crops", "usable")  # fmt: skip
"""Counts of frames that are summed over the faces of a part."""


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        index: what is there.
        faces: one entry a row of the index's table.
    """

    index: AffWild2Index
    faces: tuple[FaceReport, ...]

    @property
    def shared_recordings(self) -> tuple[str, ...]:
        """Recordings with faces in training and validation both."""
        sides = [{f.recording for f in self.faces if f.part == part} for part in PARTS[:2]]
        return tuple(sorted(sides[0] & sides[1]))

    def total(self, part: str) -> dict[str, int]:
        """Counts over the faces of a part."""
        faces = [face for face in self.faces if face.part == part]
        counts = {name: sum(getattr(face, name) for face in faces) for name in TOTALS}
        return {
            "faces": len(faces),
            "recordings": len({face.recording for face in faces}),
            "without_sound": sum(face.sound.source == "none" for face in faces),
            **counts,
        }

    @property
    def problem(self) -> str | None:
        """Why the folder is of no use, or None."""
        for part in PARTS[:2]:
            if not self.total(part)["usable"]:
                return (
                    f"no frame of {part} has valid values and a crop; a study needs both parts, "
                    f"crops in cropped_aligned/NAME/00001.jpg beside the annotations."
                )
        return None

    @property
    def exit_status(self) -> int:
        """0 usable, 1 not."""
        return 0 if self.problem is None else 1

    @property
    def remarks(self) -> list[str]:
        """All that is unusual, damaged or missing, one sentence each."""
        both = [
            f"{name}: parts of this recording stand in training and validation; training leaves "
            f"them out"
            for name in self.shared_recordings
        ]
        found = {r: None for face in self.faces for r in face.remarks}  # two people share a video
        return [*self.index.remarks, *both, *found]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON holds it; NaN becomes null."""
        faces = [
            {
                **asdict(face),
                "invalid": face.invalid,
                "rows_beyond_video": face.rows_beyond_video,
            }
            for face in self.faces
        ]
        return _without_nan(
            {
                "root": str(self.index.root),
                "simulated": self.index.simulated,
                "totals": {part: self.total(part) for part in PARTS},
                "shared_recordings": self.shared_recordings,
                "faces": faces,
                "remarks": self.remarks,
                "problem": self.problem,
            }
        )

    def render(self) -> str:
        """The report as plain text."""
        title = f"{self.index.root} · Aff-Wild2"
        lines = [f"{title} · SIMULATED" if self.index.simulated else title, ""]
        lines += [pd.DataFrame([face.row() for face in self.faces]).to_string(index=False), ""]
        if any(face.video.varies for face in self.faces):
            lines += ["* the frame rate varies", ""]
        totals = pd.DataFrame({part: self.total(part) for part in PARTS}).T
        totals.columns = [name.replace("_", " ") for name in totals.columns]
        lines += [totals.to_string(), ""]
        remarks = self.remarks
        lines += [f"remarks: {len(remarks)}", *(f"  {line}" for line in remarks)] if remarks else []
        lines.append(self.problem or "usable.")
        return "\n".join(lines)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
