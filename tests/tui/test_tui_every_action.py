"""Every action of the key map is reached: by its key, by another key, and by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser_driver import Browser, OpenBrowser
from test_tui_devices import ROWS
from test_tui_hold import holding
from test_tui_replay import replaying
from textual.widget import Widget

from tunscope.tui.devices import ListedDevices
from tunscope.tui.dialog_keys import DIALOG_NAMESPACES
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.keymap import ENTRIES, NAMESPACES, Entry
from tunscope.tui.running_command import RecordedCommand
from tunscope.tui.screens.keyed import KeyedScreen
from tunscope.tui.surroundings import Surroundings

#: What is pressed, from the packet list, to get where the keys of a namespace are obeyed.
WAYS: dict[str, list[str]] = {
    "packets": [],
    "screen": [],
    "app": [],
    "fields": ["tab"],
    "bytes": ["tab", "tab"],
    "filter-bar": ["slash"],
    "prompt-line": ["colon"],
    "columns": ["c"],
    "stream": ["6", "G", "s"],
    "conversations": ["C"],
    "hierarchy": ["H"],
    "graph": ["o"],
    "editor": ["6", "G", "e"],
    "hold": ["i"],
    "replay": ["R"],
    "output": ["shift+tab", "enter"],
    "analysis": ["C"],
    "statistic": ["C"],
    "devices": ["d"],
    "form": ["d", "n"],
    "inject": ["6", "G", "r"],
    "replay_form": ["R"],
    "pager": ["L"],
    "properties": ["P"],
    "choice": ["y"],
    "quit": ["q"],
    "confirm": ["q", "s", "ctrl+u", *"there", "enter"],
    "progress": ["q", "s", "ctrl+u", *"other", "enter"],
}
BOXES = set(DIALOG_NAMESPACES)
_DEFAULTS = {key for entry in ENTRIES.values() for key in entry.binding.key.split(",")}
#: Rebound, every action has one of these; no default is among them.
SPARE_KEYS = [
    key
    for held in ("", "ctrl+", "alt+", "shift+")
    for key in (f"{held}f{number}" for number in range(1, 25))
    if key not in _DEFAULTS
]


def test_there_is_a_way_to_the_keys_of_every_namespace() -> None:
    assert set(NAMESPACES) == set(WAYS)


def obeying(browser: Browser, entry: Entry) -> Any:
    """Return what the keys of `entry` are given to."""
    if entry.namespace == "app":
        return browser.app
    node: Any = browser.app.focused or browser.app.screen
    while node is not None:
        bound = (binding for keys in node._bindings.key_to_bindings.values() for binding in keys)
        if any(binding.id == entry.identity for binding in bound):
            return node
        node = node.parent if isinstance(node, Widget) else None
    raise AssertionError(f"nothing on the screen obeys {entry.identity}")


async def reached(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, entry: Entry, press: str
) -> bool:
    """Press a key and return whether the action of `entry` ran, which is kept from its deed."""
    target = obeying(browser, entry)
    name = entry.binding.action.partition("(")[0]
    assert hasattr(target, f"action_{name}"), f"nobody wrote {entry.identity}"
    calls: list[tuple[object, ...]] = []
    with monkeypatch.context() as patch:
        patch.setattr(type(target), f"action_{name}", lambda self, *words: calls.append(words))
        await browser.pilot.press(press)
        await browser.once(lambda: calls)
    return True


def running(namespace: str) -> RecordedCommand | None:
    return RecordedCommand("sh", running=True) if namespace == "output" else None


@pytest.mark.parametrize("rebound", [False, True], ids=["default keys", "other keys"])
@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
async def test_every_action_has_its_key(
    open_browser: OpenBrowser,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    namespace: str,
    rebound: bool,
) -> None:
    bindings = NAMESPACES[namespace]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()  # to be overwritten
    in_capture = namespace in {"inject", "quit", "confirm", "progress"}
    other = dict(zip((b.id or "" for b in bindings), SPARE_KEYS, strict=False))
    async with open_browser(
        live=in_capture,
        unsaved=in_capture,
        language=DisplayFilters(),
        keymap=other if rebound else None,
        surroundings=Surroundings(ListedDevices(ROWS), command=running(namespace)),
    ) as browser:
        if namespace == "hold":
            holding(browser, 6)
        if namespace == "replay":
            await replaying(browser)
        for key in WAYS[namespace]:
            await browser.press(key)
        if namespace in BOXES | {"editor", "hold"}:
            await browser.until(lambda: browser.app.screen is not browser.main)
        if namespace in BOXES:
            screen = browser.app.screen
            assert isinstance(screen, KeyedScreen)
            assert screen.obeys(namespace)
        await browser.settle()
        for binding in bindings:
            entry = ENTRIES[binding.id or ""]
            keys = [other[entry.identity]] if rebound else entry.binding.key.split(",")
            for key in keys:
                assert await reached(browser, monkeypatch, entry, key.strip())
