"""The only importer of pyroute2: what is used, without the rest that the package itself loads.

Its databases, plugins and servers take as long to load as all of numpy.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any, Final

_PACKAGE: Final = "pyroute2"
_lock = threading.RLock()


def pyroute2_module(name: str) -> Any:
    """Return module `pyroute2.<name>`; whoever imports the package itself later gets all of it."""
    with _lock:
        if _PACKAGE in sys.modules or (found := find_spec(_PACKAGE)) is None:
            return import_module(f"{_PACKAGE}.{name}")
        sys.modules[_PACKAGE] = module_from_spec(found)  # has the folder; its code does not run
        try:
            return import_module(f"{_PACKAGE}.{name}")
        finally:
            del sys.modules[_PACKAGE]
