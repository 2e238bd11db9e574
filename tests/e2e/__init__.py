"""End to end: the trader and the executor as processes of their own."""
