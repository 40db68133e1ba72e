"""Whether a wav file holds all the samples that its header states."""

from pathlib import Path

from .damage import DamagedFile, cause

_UNKNOWN_SIZE = 0xFFFFFFF0  # a writer to a pipe states the largest number, or none


def check_whole_wav(path: Path) -> None:
    """Refuse a wav file that was cut off; decoders take what there is and say nothing.

    Raises:
        DamagedFile: if the file is missing, is no wav file, or ends before its header says.
    """
    try:
        with path.open("rb") as stream:
            size = path.stat().st_size
            head = stream.read(12)
            if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
                raise DamagedFile(path, "unreadable", "it is no wav file")
            while len(chunk := stream.read(8)) == 8:
                name, length = chunk[:4], int.from_bytes(chunk[4:], "little")
                start = stream.tell()
                if name == b"data":
                    if 0 < length < _UNKNOWN_SIZE and start + length > size:
                        share = (size - start) / length
                        raise DamagedFile(
                            path, "damaged", f"it ends after {100 * share:.0f} % of its samples"
                        )
                    return
                stream.seek(length + length % 2, 1)
    except FileNotFoundError:
        raise DamagedFile(path, "missing", "it is not there") from None
    except OSError as error:
        raise DamagedFile(path, "unreadable", f"it cannot be read ({cause(error)})") from None
    raise DamagedFile(path, "damaged", "it ends before its samples begin")
