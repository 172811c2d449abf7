"""What transport headers carry: applications, each decoded as far as their fields go.

One module a protocol, standard library only. A decoder notes its fields on the dissection and
says whether the payload was its own; payload bytes are hostile, as everywhere.
"""
