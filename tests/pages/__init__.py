"""The pages that the trader writes, looked at in a real browser."""
