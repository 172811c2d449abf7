"""Commands that run a module of this package in a bare interpreter.

`-I` keeps the current folder and PYTHON* variables out, `-S` the site packages: such a program
starts in 20 ms, wherever and however tunscope was installed, and can import the standard library
and this package's own plain modules, nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tunscope

_ROOT = str(Path(tunscope.__file__).resolve().parent.parent)
_START = (
    "import sys; sys.path.append({root!r}); "
    "from tunscope.lab.process_name import take_name; take_name({name!r}); "
    "from {module} import main; sys.exit(main())"
)


def bare_command(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs `main()` of `module` with `arguments` in sys.argv[1:].

    The process goes by the module's own name.
    """
    return (
        sys.executable,
        "-I",
        "-S",
        "-c",
        _START.format(root=_ROOT, module=module, name=module.rpartition(".")[2]),
        *arguments,
    )
