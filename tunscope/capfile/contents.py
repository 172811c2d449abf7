"""What a reader learns from a capture besides its packets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tunscope.capfile.blocks import InterfaceDescription, InterfaceStatistics, SectionDescription

#: Warnings kept; a file that is damaged everywhere has as many as it has blocks.
MAX_WARNINGS: Final = 100


@dataclass(slots=True)
class CaptureContents:
    """Grows while packets are read; complete after the last one.

    `sections` are those of a pcapng file, `interfaces` go on across them. `names` are those of name
    resolution blocks: address text to name, the first one given. `comments` are those of section
    headers. `warnings` are sentences about what is missing or was skipped.
    """

    sections: list[SectionDescription] = field(default_factory=list)
    interfaces: list[InterfaceDescription] = field(default_factory=list)
    statistics: list[InterfaceStatistics] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_section(self, section: SectionDescription) -> None:
        """Keep what a section header says; its comments are on the capture as a whole."""
        self.sections.append(section)
        self.comments.extend(section.comments)

    def warn(self, text: str) -> None:
        """Keep one warning; after a hundred, only say that there are more."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(text)
        elif len(self.warnings) == MAX_WARNINGS:
            self.warnings.append("more damage follows that is not listed")
