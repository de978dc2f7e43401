"""Local stand-ins of other systems, for rehearsals, the demo and tests."""
