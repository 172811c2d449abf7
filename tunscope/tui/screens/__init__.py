"""What fills the terminal: the packet browser and the dialogs over it."""
