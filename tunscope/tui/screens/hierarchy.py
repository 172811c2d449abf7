"""The protocol hierarchy: how much there is of which protocol, within which."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, ClassVar

from tunscope.index.selection import Selection
from tunscope.index.statistics.gathering import Gathering
from tunscope.index.statistics.hierarchy import HierarchyTally, ProtocolNode
from tunscope.tui import units
from tunscope.tui.analysis_keys import HIERARCHY_KEYS
from tunscope.tui.screens.statistic import StatisticScreen
from tunscope.tui.widgets.hierarchy_tree import HierarchyTree
from tunscope.tui.widgets.title_line import TitleFacts

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tunscope.tui.screens.main import MainScreen


class HierarchyScreen(StatisticScreen, inherit_bindings=False):
    """Counts protocols; `limited` says that the display filter counts."""

    NAMESPACE = "hierarchy"
    FOOTER = (
        "hierarchy.toggle",
        "hierarchy.expand_all",
        "hierarchy.collapse_all",
        "hierarchy.limit",
        "hierarchy.copy",
    )
    BINDINGS: ClassVar[list[BindingType]] = [*StatisticScreen.BINDINGS, *HIERARCHY_KEYS]
    DEFAULT_CSS = "HierarchyScreen HierarchyTree { height: 1fr; }"

    def __init__(self, browser: MainScreen) -> None:
        super().__init__(browser)
        self.limited = browser.view.filtered
        self.tree_list = HierarchyTree()

    @property
    def body(self) -> HierarchyTree:
        """The tree."""
        return self.tree_list

    def begin(self) -> None:
        """Count the packets."""
        view = self.browser.view
        selection = view.selection if self.limited else Selection(self.capture)
        tally = HierarchyTally()
        self.gathering = Gathering(selection, tally, tally.tree)
        self.gathering.start()

    def show_result(self) -> None:
        """Show the tree."""
        root = self._root()
        if root is not None:
            self.tree_list.waiting = "no packets"
            self.tree_list.show(root)

    def _root(self) -> ProtocolNode | None:
        return None if self.gathering is None else self.gathering.result

    def title_facts(self) -> TitleFacts:
        """Return how much is counted."""
        root = self._root()
        details = []
        if root is not None:
            details = [units.packets(root.packets), units.size(root.octets)]
        scope = "displayed packets" if self.limited else "all packets"
        return TitleFacts("Protocol hierarchy", tuple(details), scope)

    def action_toggle_node(self) -> None:
        """Open or close the protocol."""
        self.tree_list.toggle()

    def action_expand(self) -> None:
        """Open the protocol, or go to the first that it carries."""
        self.tree_list.open_node()

    def action_collapse(self) -> None:
        """Close the protocol, or go to the one that carries it."""
        self.tree_list.close_node()

    def action_expand_all(self) -> None:
        """Open everything."""
        self.tree_list.set_all(closed=False)

    def action_collapse_all(self) -> None:
        """Close everything."""
        self.tree_list.set_all(closed=True)

    def action_limit(self) -> None:
        """Count all packets, or only those displayed."""
        self.limited = not self.limited
        if self.limited and not self.browser.view.filtered:
            self.tunscope.tell("no display filter is in force: these are all packets")
        self.restart()

    def on_virtual_list_row_chosen(self) -> None:
        """Display only packets of the protocol, within what carries it."""
        node, bar = self.tree_list.selected, self.browser.filter_bar
        if node is None:
            return
        names = list(dict.fromkeys(node.path))
        if bar is not None:
            names = [name for name in names if bar.language.mistake(name) is None]
        if not names:
            self.tunscope.tell(f"filter: {node.name} is no field of the filter language")
            return
        if node.name not in names:
            self.tunscope.tell(f"filter: {node.name} cannot be asked for, so its carriers are")
        self.filter_by(" and ".join(names))

    def action_copy(self) -> None:
        """Copy the hierarchy as CSV."""
        root = self._root()
        if root is None:
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["protocols", "packets", "bytes", "end packets"])
        rows = 0
        for node in root.walk():
            if node.path:
                writer.writerow([":".join(node.path), node.packets, node.octets, node.ending])
                rows += 1
        self.app.copy_to_clipboard(text.getvalue())
        self.tunscope.tell(f"copied {units.count(rows)} rows as CSV")
