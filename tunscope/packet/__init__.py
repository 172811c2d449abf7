"""One packet and its bytes: record, link type, direction, checksums, hex dump. Pure."""
