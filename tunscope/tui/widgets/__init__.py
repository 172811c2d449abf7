"""The parts of a screen; each draws its own lines and is told what to show."""
