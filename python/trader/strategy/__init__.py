"""Strategy: what edges see (the signals seam), and what decides between them."""
