"""The kit's version, as the installed package states it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pkdot")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
