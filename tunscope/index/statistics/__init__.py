"""Statistics of a capture: gathered over columns, kept up to date while the capture grows."""
