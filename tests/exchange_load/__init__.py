"""How much one exchange can do: a stream client and order clients against it, and a count."""
