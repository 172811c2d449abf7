"""The growing index over a capture: store, indexer thread, view."""
