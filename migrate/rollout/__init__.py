"""Phases of sites and domains, the gates between them, the one next thing to do, and how long it all takes."""
