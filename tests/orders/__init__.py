"""The order machine in two languages, held against each other."""
