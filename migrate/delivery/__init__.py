"""Dual and split delivery: recipes for the servers of both sides, probes that prove them, and gates for rollouts."""
