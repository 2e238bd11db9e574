"""The simulated exchange against clients that other people wrote, and against real messages."""
