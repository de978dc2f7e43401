"""Verification: both servers are read afresh and compared; the ledger explains differences and proves nothing."""
