"""What stays for as long as the page is served is taken out of the search for garbage.

Streamlit has Python look for garbage in the whole process after every drawing. With torch and
Plotly loaded that takes a fifth of a second, in which no visitor's page is drawn.
"""

import gc
import sys
import threading

_lock = threading.Lock()
_modules = 0


def keep_modules() -> bool:
    """Keep what is loaded for good, if anything was loaded since the last time; whether it was.

    What visitors hold at that moment is kept, too: so many times as pages load libraries, which is
    a few in the life of a server.
    """
    global _modules
    with _lock:
        if len(sys.modules) <= _modules:
            return False
        _modules = len(sys.modules)
        gc.collect()
        gc.freeze()
        return True
