"""The forms of a document: Markdown, a page that needs nothing else, PDF, and files for word processors."""
