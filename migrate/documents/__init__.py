"""Documents: their facts gathered from plan, ledger and evidence, what was built, and what was signed."""
