"""Field trees with byte ranges; the only importer of scapy."""
