"""What a person sets in the configuration file, and what the screen remembers by itself."""
