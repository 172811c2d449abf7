"""A capture goes back into a device: schedule, conversion, rewriting, and the player."""
