"""Are both sides ready?  Looked up before anything is copied; nothing is written to either side."""
