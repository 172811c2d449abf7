"""The inline path between an owned device and its peer."""
