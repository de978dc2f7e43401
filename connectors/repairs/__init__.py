"""Repairs: what may be done to a message that a target would refuse or change by itself.

A repair is a rule with a name, a pure function from bytes to bytes.  It changes the one thing that it is named after
and leaves every other byte as it is; applied again it changes nothing.  Nothing inside ``multipart/signed``, S/MIME or
PGP/MIME is ever touched: there the bytes are what was signed, and where in doubt they are taken for it.  Whoever sends
a repaired message keeps the original first.
"""

from __future__ import annotations

from connectors.repairs.rules import RULES, Facts, repaired
from connectors.repairs.traits import TRAITS, marks_of, traits_of

__all__ = ["RULES", "TRAITS", "Facts", "marks_of", "repaired", "traits_of"]
