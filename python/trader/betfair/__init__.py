"""The venue's own formats: price ladders, stream messages and the books they build.

Entry points: `ladder` (which prices exist, distances in ticks), `normalize` (one stream line to a
validated message), `book_builder` (messages to full-depth books), `signals` (what is computed from
them), `snapshot` (a market as an image of it). Nothing here knows of strategies or of the
configuration file, and nothing reads a clock or does I/O.
"""
