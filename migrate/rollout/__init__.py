"""Phases of sites and domains, the gates between them, and the one next thing to do."""
