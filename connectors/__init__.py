"""How mail systems speak: the ground floor.  It knows no plan and no ledger.

Third parties import :mod:`connectors.contract` alone.
"""

#: Tells our package from others of the same name.
DISTRIBUTION = "bascule"
