"""The outside for a private namespace, without root: programs that speak TCP/IP in user mode."""
