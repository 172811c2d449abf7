"""The terminal screens; the only importer of textual."""
