"""Live trading around the engine: what the venue lists, the stream, its recording, the loop.

The engine does not know that it is live but by its clock. Nothing here decides about orders.
"""
