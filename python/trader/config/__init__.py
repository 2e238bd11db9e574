"""Configuration: validated YAML in, frozen typed objects out.

Entry points: `loading.load` (base, profile and overrides merged and checked as a whole) and
`schema.Config` (what the rest of the trader is given). `rules` holds what a value may be.

Invariants:

1. Every key of the schema stands in `configs/base.yaml`; no default hides in the code. Only an edge
   in a file of its own (`edge_files`) brings the defaults of its parameters along.
2. An unknown key, a key written twice or a value of the wrong kind is refused, and the message
   names the file and line, the dotted key, what was wrong and what is allowed.
3. A `Config` that exists is valid; nothing downstream checks it again.
"""
