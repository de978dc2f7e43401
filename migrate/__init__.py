"""What happens: passes, the ledger, the engine and the command line."""
