"""Imports that a solve makes at its first call, out of reach of Ctrl-C.

An import that Ctrl-C cuts short leaves libraries half loaded, and every later attempt fails.
"""

import sys
from importlib import import_module
from threading import Thread
from types import ModuleType

_COMPLETE: set[str] = set()


def late_import(name: str) -> ModuleType:
    """A module by its full name, imported to its end.

    Signals reach a program's main thread alone, so another thread imports: Ctrl-C ends the wait at
    once, and the next call waits for the rest.

    Raises:
        Exception: whatever the import raises.
    """
    if name not in _COMPLETE:
        failed: list[BaseException] = []

        def run() -> None:
            try:
                import_module(name)
            except BaseException as error:
                failed.append(error)

        worker = Thread(target=run, name=f"import {name}", daemon=True)
        worker.start()
        worker.join()
        if failed:
            raise failed[0]
        _COMPLETE.add(name)
    return sys.modules[name]
