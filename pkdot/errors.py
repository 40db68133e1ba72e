"""The kit's errors: each message says what was given, what was expected and what to try."""


class PkdotError(Exception):
    """Base of every error that the kit raises on purpose."""


class InputError(PkdotError, ValueError):
    """An array or argument that the method cannot work with (shape, range, NaN)."""


class ConfigError(PkdotError, ValueError):
    """A setting that is unknown, of the wrong type, or contradicts another."""


class DataError(PkdotError):
    """A corpus on disk that is missing, damaged or too small for what was asked of it."""


class RecordError(PkdotError):
    """A record or cache that is missing, damaged, too new, or cannot be written."""


class TrainingError(PkdotError):
    """A training whose numbers are no longer finite; it was stopped before it learnt from them."""


class WorkerError(PkdotError):
    """A process that was to do some work and ended before it was done."""


class HeldError(RecordError):
    """A folder or file that another process is writing."""


def printable(text: object) -> str:
    """Text on one line as a terminal may show it: what controls one, or hides, is spelt out.

    Names in a record, and of its folder, are a stranger's words: escape codes could rewrite the
    screen, and marks of direction the order of what is read.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
        for c in str(text)
    )


class ConvergenceWarning(UserWarning):
    """A transport problem stopped before its marginal error reached the tolerance."""
