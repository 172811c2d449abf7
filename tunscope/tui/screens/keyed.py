"""Screens and boxes whose keys stand in the key map, on their last line, and under the mouse."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual.screen import ModalScreen

from tunscope.tui.keymap import ENTRIES, key_line_entries
from tunscope.tui.screen_app import ScreenApp
from tunscope.tui.screens.sized import SizedScreen
from tunscope.tui.session import Severity
from tunscope.tui.widgets.key_line import KeyLine, PanelKeyLine

if TYPE_CHECKING:
    from collections.abc import Mapping

_ResultT = TypeVar("_ResultT")
_AS_THEY_ARE: Final[Mapping[str, str]] = MappingProxyType({})


class KeyedScreen(SizedScreen[_ResultT]):
    """Obeys the actions of the key map's `NAMESPACES`, and of the list it may have."""

    NAMESPACES: ClassVar[frozenset[str]] = frozenset()
    KEY_LINE: ClassVar[type[KeyLine]] = KeyLine

    @property
    def screen_app(self) -> ScreenApp[object]:
        """The application, by its own type."""
        app = self.app
        assert isinstance(app, ScreenApp)
        return app

    def tell(self, text: str) -> None:
        """Warn of something in one sentence, which may be hostile."""
        self.screen_app.tell(text, Severity.WARNING)

    def key_line(self, *identities: str, labels: Mapping[str, str] = _AS_THEY_ARE) -> KeyLine:
        """Return the last line: these actions with their keys, some under other `labels`."""
        entries = key_line_entries(identities, self.screen_app.key_overrides)
        return self.KEY_LINE([(key, labels.get(name, label), name) for key, label, name in entries])

    def obeys(self, namespace: str) -> bool:
        """Whether the actions of a key map's `namespace` are this screen's."""
        return namespace in self.NAMESPACES

    async def obey(self, identity: str) -> None:
        """Run an action of this screen, or of the list that has the focus."""
        entry = ENTRIES[identity]
        target = self if self.obeys(entry.namespace) else self.focused
        if target is not None:
            await target.run_action(entry.binding.action)

    async def on_key_line_pressed(self, event: KeyLine.Pressed) -> None:
        """Run the clicked entry."""
        event.stop()
        await self.obey(event.action)


class BoxScreen(KeyedScreen[_ResultT], ModalScreen[_ResultT]):
    """The same in a box over another screen."""


class PanelScreen(BoxScreen[_ResultT]):
    """A box with a question, a form or a bar of progress, marked on its left."""

    KEY_LINE = PanelKeyLine
    DEFAULT_CSS = """
    PanelScreen { align: center middle; background: $background 60%; }
    PanelScreen > Vertical {
        width: 58; max-width: 96%; height: auto; padding: 1 2 0 2; background: $panel;
        border-left: thick $primary;
    }
    PanelScreen Static { background: $panel; color: $foreground; }
    PanelScreen KeyLine { margin: 1 0; }
    """
