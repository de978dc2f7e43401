"""Lists of people as hosters and directories export them, read into the words of a people file."""

from plans.exports.formats import FORMATS, Format
from plans.exports.found import Export, Found, NotAnExport, PassedOver
from plans.exports.reading import read_export

__all__ = ["FORMATS", "Export", "Format", "Found", "NotAnExport", "PassedOver", "read_export"]
