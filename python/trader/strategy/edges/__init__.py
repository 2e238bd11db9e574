"""Edges: each one small file with one method that looks at `ctx` and says what it wants.

Entry points: `base.Edge` (what an edge is), `registry.EDGES` (which ones exist). A new edge is a
new file and one line in the registry; its configuration keys come with its own dataclass.

Invariant: an edge reads the book through `ctx.book` only, keeps no book of its own, sends nothing
and knows neither sizes nor commission: those belong to the sizer and the fee gate.
"""
