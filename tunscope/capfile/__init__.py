"""Capture files: pcapng and pcap codecs, reader, writer, rotation, compression."""
