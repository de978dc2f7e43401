"""Outlook Express 5 and 6: folders as .dbx files, and Folders.dbx, which says how they lie in each other.

The format was never published.  Positions and meanings of fields are those of the public description by Arne Schloh
("OE dbx file format"), as far as real files bear them out.
"""

from connectors.dbx.archive import DbxArchive, is_dbx, is_dbx_folder, is_list_of_folders, open_dbx, open_store
from connectors.dbx.salvage import has_traces

__all__ = ["DbxArchive", "has_traces", "is_dbx", "is_dbx_folder", "is_list_of_folders", "open_dbx", "open_store"]
