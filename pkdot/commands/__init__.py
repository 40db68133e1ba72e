"""The commands of ``python -m pkdot``, a file each.

A command's file holds ``HELP`` (one line), ``add_arguments(parser)`` and ``run(arguments)``, which
gives the exit status. Nothing heavy is imported before ``run``, so that ``--help`` needs no torch.
"""

COMMANDS = (
    "run",
    "sweep",
    "predict",
    "export",
    "runs",
    "embeddings",
    "verify",
    "app",
    "notebooks",
    "lessons",
    "summary",
    "slides",
    "film",
    "execute",
    "check",
    "fetch",
    "simulate",
    "example",
    "evidence",
    "bench",
)
"""In the order of ``--help``."""
