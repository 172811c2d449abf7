"""Where the configuration and what is remembered live, by the XDG base directories."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PROGRAM: Final = "tunscope"


def config_path() -> Path:
    """Return the configuration file: ``$XDG_CONFIG_HOME/tunscope/config.toml``."""
    from platformdirs import user_config_path

    return user_config_path(_PROGRAM) / "config.toml"


def state_folder() -> Path:
    """Return the folder of what is remembered from one run to the next."""
    from platformdirs import user_state_path

    return user_state_path(_PROGRAM)
