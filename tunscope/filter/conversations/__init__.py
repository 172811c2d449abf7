"""What only a conversation knows of a packet: streams, relative numbers, TCP's analysis."""
