"""Outlook's items: bags of MAPI properties, in whatever file they lie (PST, OST, .msg), turned into mail."""
