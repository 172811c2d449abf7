"""The configuration file read: every mistake is one line that names the setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tunscope.errors import UsageError
from tunscope.packet.printable import printable
from tunscope.tui.settings import values
from tunscope.tui.settings.model import Settings

#: No configuration is larger; what is, was not meant (bytes).
LARGEST: Final = 1_000_000


def load_settings(path: Path) -> Settings:
    """Return the settings of the file, the default ones where there is no file.

    UsageError (exit status 2) if it cannot be read or says something that is no setting.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise UsageError(str(path), f"cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise UsageError(str(path), f"is larger than {LARGEST:,} bytes: no configuration")
    return parse_settings(data, str(path))


def parse_settings(data: bytes, name: str) -> Settings:
    """Return the settings in the TOML `data` of the file `name`; UsageError if it has none."""
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(name, f"byte {error.start} is not UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(name, f"is not TOML: {printable(str(error))}") from error
    return _settings(table, name)


_READERS: Final[Mapping[str, Callable[[values.Place, Any], Any]]] = {
    "theme": values.theme,
    "time_format": values.time_format,
    "resolve_names": values.truth,
    "colouring": values.truth,
    "columns": values.columns,
    "layout": values.layout,
    "keys": values.keys,
    "colouring_rules": values.rules,
}


def _settings(table: Mapping[str, Any], name: str) -> Settings:
    place = values.Place(name)
    place.check_names(table, _READERS)
    found = {key: _READERS[key](place.inside(key), value) for key, value in table.items()}
    return replace(Settings(), **found)
