"""A million messages and more through one Hotloop, whose memory must not grow."""
