"""Answers to packets, one protocol a module: each takes a `Question` and returns a packet or None.

Pure: what the answer is depends on the question's bytes and on settings alone.
"""
