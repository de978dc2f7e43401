"""The file of proofs of a site: made, checked, and a bundle to ask for help with."""
