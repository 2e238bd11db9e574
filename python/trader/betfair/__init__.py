"""The venue's own formats: price ladders, stream messages and the books they build.

Entry points: `ladder` (which prices exist, distances in ticks), `normalize` (one stream line to a
validated message), `book_builder` (messages to full-depth books). Nothing here knows of signals,
orders or configuration, and nothing reads a clock or does I/O.
"""
