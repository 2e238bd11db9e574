"""Edges: each one small file with one method that looks at `ctx` and says what it wants.

Entry points: `base.Edge` (what an edge is), `registry.EDGES` (which ones ship). An edge that should
ship is a new file and one line in the registry; its configuration keys come with its own dataclass.
Others lie wherever they like and are named in the configuration (`config.edge_files`).

Invariant: an edge reads the book through `ctx.book` only, keeps no book of its own, sends nothing
and knows neither sizes nor commission: those belong to the sizer and the fee gate.
"""
