"""``tunscope config``: where the settings are, what they are, and a way to change them."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tunscope.cli.privilege import as_invoking_user
from tunscope.errors import ExitCode, TunscopeError, UsageError

if TYPE_CHECKING:
    from tunscope.tui.settings.model import Settings

_EDITORS: Final = ("nano", "vi")


@click.command("config", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--path", "wanted", flag_value="path", help="Print where the file is (or would be).")
@click.option("--show", "wanted", flag_value="show", help="Print all settings in force, as TOML.")
@click.option(
    "--edit", "wanted", flag_value="edit", help="Open the file in $EDITOR, then check it."
)
def config(wanted: str | None) -> int:
    """Settings of the screen: theme, keys, columns, colours, layout.

    The file is ~/.config/tunscope/config.toml (by XDG_CONFIG_HOME); --edit makes it.
    """
    if wanted is None:
        raise UsageError("config", "says nothing to do", "--path, --show or --edit")
    from tunscope.tui.settings.locations import config_path

    with as_invoking_user():
        path = config_path()
        match wanted:
            case "path":
                click.echo(path)
            case "show":
                click.echo(shown(path), nl=False)
            case _:
                _edit(path)
    return ExitCode.OK


def settings_in_force() -> Settings:
    """Return what the person's file says, the defaults without one; UsageError if it is wrong."""
    from tunscope.tui.settings.locations import config_path
    from tunscope.tui.settings.reading import load_settings

    with as_invoking_user():
        return load_settings(config_path())


def shown(path: Path) -> str:
    """Return all settings that the file at `path` leads to, as TOML."""
    from tunscope.tui.settings.keys import default_keys
    from tunscope.tui.settings.reading import load_settings
    from tunscope.tui.settings.writing import toml

    return toml(load_settings(path), default_keys())


def _edit(path: Path) -> None:
    """Open `path` in the person's editor, then read it; it is made if it is not there."""
    from tunscope.tui.settings.keys import default_keys
    from tunscope.tui.settings.model import Settings
    from tunscope.tui.settings.reading import load_settings
    from tunscope.tui.settings.writing import template

    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(template(Settings(), default_keys()), "utf-8")
        except OSError as error:
            raise TunscopeError(str(path), f"cannot be made: {error.strerror}") from error
    words = _editor()
    try:
        done = subprocess.run([*words, str(path)], check=False)
    except OSError as error:
        raise TunscopeError(
            words[0], f"cannot be started: {error.strerror}", "set $EDITOR"
        ) from error
    if done.returncode:
        raise TunscopeError(words[0], f"ended with status {done.returncode}")
    load_settings(path)
    click.echo(f"{path}: in order")


def _editor() -> list[str]:
    import shutil

    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(chosen)
    except ValueError as error:
        raise UsageError(f"$EDITOR {chosen}", f"cannot be understood: {error}") from error
    if words:
        return words
    found = next((editor for editor in _EDITORS if shutil.which(editor)), None)
    if found is None:
        raise UsageError("config --edit", "there is no editor", "set $EDITOR")
    return [found]
