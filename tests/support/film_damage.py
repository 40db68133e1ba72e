"""What happens to videos on their way: turned by a phone, damaged on a disk."""

import struct
from pathlib import Path

TURNS = {  # degrees clockwise to show a picture -> the upper left of its matrix in the container
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


def turn(path: Path, degrees: int) -> None:
    """Write a rotation into the header of an mp4's first track, as phones do."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    a, b, c, d = (65536 * x for x in TURNS[degrees])
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


def damage_packets(path: Path, size: int = 200) -> None:
    """Overwrite some bytes in the middle of an mp4's data."""
    content = bytearray(path.read_bytes())
    at = content.index(b"mdat")
    middle = at + int.from_bytes(content[at - 4 : at], "big") // 2
    content[middle : middle + size] = b"\xff" * size
    path.write_bytes(content)
