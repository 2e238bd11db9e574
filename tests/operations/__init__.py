"""Operating the trader: what an operator does; the ledger and the alerts are the judges."""
