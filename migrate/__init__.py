"""What happens: passes, the ledger, the engine and the command line."""

#: Tells our package from others of the same name.
DISTRIBUTION = "bascule"
