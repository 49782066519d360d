"""Foreign programs, run with limits: checks of delivered files, and the emulator's hands."""
