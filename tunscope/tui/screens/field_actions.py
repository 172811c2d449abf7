"""What is made of the selected packet and field: a display filter, a text to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.tui import units
from tunscope.tui.screens.choice import ChoiceScreen
from tunscope.tui.screens.question_actions import QuestionActions

if TYPE_CHECKING:
    from tunscope.tui.widgets.detail_pane import DetailPane


class FieldActions(QuestionActions, inherit_bindings=False):
    """A screen with a packet list and the fields of the selected packet."""

    detail: DetailPane

    def action_copy(self) -> None:
        """Choose what to copy of the packet and the field, and copy it."""
        from tunscope.tui.copying import copies_of_field, copies_of_packet, fields_json

        number = self.detail.number
        if number is None:
            self.tunscope.tell("copy: there is no packet yet")
            return
        choices = copies_of_packet(number, self.detail.data)
        if self.detail.record is not None:
            from tunscope.dissect import scapy_expression

            choices.append(("packet as scapy expression", scapy_expression(self.detail.record)))
        if self.detail.root is not None:
            choices.append(("packet as JSON", fields_json(self.detail.root)))
        if (node := self.detail.field) is not None:
            choices = [*copies_of_field(node, self._expression(), self.detail.data), *choices]

        def chosen(index: int | None) -> None:
            if index is not None:
                name, text = choices[index]
                self.app.copy_to_clipboard(text)
                self.tunscope.tell(f"copied {name}: {units.count(len(text))} characters")

        self.app.push_screen(ChoiceScreen(f"Copy from packet {number}", choices), chosen)

    def action_filter_from_field(self) -> None:
        """Choose how the selected field becomes the display filter."""
        from tunscope.tui.field_expression import combinations

        bar = self.filter_bar
        expression = self._expression()
        if bar is None or not expression:
            self.tunscope.tell("filter from field: no field with a value is selected")
            return
        choices = combinations(expression, bar.in_force)

        def chosen(index: int | None) -> None:
            if index is not None:
                bar.apply(choices[index][1])

        self.app.push_screen(ChoiceScreen("Filter from field", choices), chosen)

    def _expression(self) -> str:
        from tunscope.tui.field_expression import expression_of

        node = self.detail.field
        return "" if node is None else expression_of(node, self.detail.data)
