"""A small writer of PST and OST files, for tests and benchmarks alone: no free library makes any.

It writes what [MS-PST] asks of nodes, blocks, heaps and tables, in every shape that the reader knows, and as a stream:
a large attachment is never in memory.  It keeps no free space and rebuilds nothing; readpst and libpff open its files.
"""

from tests.pst_writer.items import Attachment, Message
from tests.pst_writer.writer import PstWriter

__all__ = ["Attachment", "Message", "PstWriter"]
