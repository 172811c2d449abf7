"""A small terminal: what a command prints, as lines of harmless characters."""
