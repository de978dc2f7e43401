"""Pictures for documents, drawn as SVG from plain facts.

Each says in words what it shows, keeps inside its frame whatever the facts hold, and is told by signs and words where
colours tell too.  Colours are fixed, for paper and word processors; a page puts its own in their place by class, so
that they suit the day and the night.
"""
