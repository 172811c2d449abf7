"""Protocol and Info text in Wireshark's style, from bytes, without a dissector."""
