"""Rehearsals: a site's real plan and real sources, against a stand-in of its target on this machine."""
