"""Words of RTF: what they stand for in text and in HTML, and what shows nothing (RTF 1.9.1, [MS-OXRTFEX] 2.1.3.1)."""

from __future__ import annotations

_SIGNS = {b"tab": "\t", b"{": "{", b"}": "}", b"\\": "\\"}
#: A line's end in HTML is a blank, and everything else that text shows is written as its entity.
HTML_SIGNS = _SIGNS | {
    b"par": "\r\n", b"line": "\r\n", b"lquote": "&lsquo;", b"rquote": "&rsquo;", b"ldblquote": "&ldquo;",
    b"rdblquote": "&rdquo;", b"bullet": "&bull;", b"endash": "&ndash;", b"emdash": "&mdash;", b"~": "&nbsp;",
    b"_": "&shy;", b"emspace": "&emsp;", b"enspace": "&ensp;",
}  # fmt: skip
TEXT_SIGNS = _SIGNS | {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"nestrow": "\n", b"\r": "\n",
    b"\n": "\n", b"cell": "\t", b"nestcell": "\t", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"bullet": "\u2022", b"endash": "\u2013", b"emdash": "\u2014",
    b"~": "\u00a0", b"_": "\u2011", b"emspace": "\u2003", b"enspace": "\u2002", b"qmspace": "\u2005",
}  # fmt: skip
#: Destinations whose text is not the document's.  Those that begin with ``\*`` are passed over without being named.
PASSED_OVER = frozenset(
    (
        b"colortbl", b"stylesheet", b"info", b"pict", b"objdata", b"header", b"headerl", b"headerr", b"headerf",
        b"footer", b"footerl", b"footerr", b"footerf", b"listtable", b"listoverridetable", b"revtbl", b"rsidtbl",
        b"filetbl", b"nonesttables", b"fldinst", b"bkmkstart", b"bkmkend", b"xe", b"tc", b"themedata", b"datastore",
        b"colorschememapping", b"latentstyles", b"generator", b"private", b"template", b"nonshppict", b"mhtmltag",
    )
)  # fmt: skip
#: Code pages of the character sets that fonts name.
CHARSETS = {
    0: 1252, 77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258,
    177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip
