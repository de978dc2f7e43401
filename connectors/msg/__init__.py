"""Messages that Outlook saved as files (.msg, [MS-OXMSG])."""

from connectors.msg.archive import MsgArchive, MsgFile, is_msg, open_msg

__all__ = ["MsgArchive", "MsgFile", "is_msg", "open_msg"]
