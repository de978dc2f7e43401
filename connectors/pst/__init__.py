"""Outlook's PST and OST files, read layer by layer as [MS-PST] lays them: nodes and blocks, heaps and tables, items."""
