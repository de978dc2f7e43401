"""Verification: what is compared, what is found, and which grade it gives."""
