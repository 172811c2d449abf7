"""What a person says of packets in a capture that itself never changes: comments, until saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord


class Annotations:
    """Comments that take the place of those in the file; any thread may read them.

    `revision` grows with every change; `unsaved` says whether there was one since `mark_saved`.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._saved = 0
        self._comments: dict[int, tuple[str, ...]] = {}
        self._packet_ids: dict[int, int] = {}

    @property
    def unsaved(self) -> bool:
        """Whether something was said that is in no file."""
        return self.revision != self._saved

    @property
    def packets(self) -> int:
        """How many packets have other comments than in the file."""
        return len(self._comments)

    def set_comments(self, number: int, comments: tuple[str, ...]) -> None:
        """Let packet `number` have these comments, and not those in the file."""
        self._comments[number] = comments
        self.revision += 1

    def set_packet_id(self, number: int, packet_id: int) -> None:
        """Link packet `number` with others that have the same id, once it is saved."""
        self._packet_ids[number] = packet_id

    def mark_saved(self, revision: int) -> None:
        """Note that a file has everything up to `revision`."""
        self._saved = max(self._saved, revision)

    def applied(self, number: int, record: PacketRecord) -> PacketRecord:
        """Return `record`, which is packet `number`, with what was said of it."""
        comments, packet_id = self._comments.get(number), self._packet_ids.get(number)
        if packet_id is not None:
            record = replace(record, packet_id=packet_id)
        return record if comments is None else replace(record, comments=comments)
