"""Small servers and clients that run inside labs, in a bare interpreter: standard library only."""
