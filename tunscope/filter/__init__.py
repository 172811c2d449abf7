"""Display filters: Wireshark's language over columns."""
