"""Display filters over columns: whole runs of packets at once, certain where columns are exact.

What columns cannot decide is left open, and `tunscope.filter.compiled` asks those packets alone.
"""
