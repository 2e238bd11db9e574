"""Edges: each one small file with one method that looks at `ctx` and says what it wants.

Entry points: `base.Edge` and `base.MarketEdge` (what an edge is), `registry.EDGES` (which ones
ship). An edge that should ship is a new file and one line in the registry; its configuration keys
come with its own dataclass. Others lie wherever they like and are named in the configuration
(`config.edge_files`). What several share: `quote` (best prices), `queues` (chances of a fill),
`targets` (where a maker rests), `round_trip` (in on a signal, out by ticks).

Invariant: an edge reads the book through `ctx.book` only, keeps no book of its own and sends
nothing. What it says of sizes and commission is its wish: the gates have the last word.
"""
