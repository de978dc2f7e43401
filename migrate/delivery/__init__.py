"""Dual and split delivery: recipes for the servers of both sides, and probes that prove them."""
