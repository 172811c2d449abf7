"""One packet's headers to fields, exactly: pure Python, from the bytes alone.

`dissect(record, wanted)` is the reference that everything faster is compared with.
"""
