"""Following a stream: what the two sides of a conversation said, in order."""
