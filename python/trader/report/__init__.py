"""The report of a run: samples taken while it lasts, and the page made of what it left."""
