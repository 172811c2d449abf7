"""The process that touches the device: device in, pcapng out."""
