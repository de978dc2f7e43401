"""Code pages of Windows ([MS-UCODEREF] 2.2.1) as Python's codecs and as the charsets of MIME."""

from __future__ import annotations

import codecs
from functools import lru_cache

from connectors.mapi import tags
from connectors.mapi.properties import Properties

#: Those whose charset is not called ``windows-N`` or whose codec has another name.
_NAMES = {
    437: "ibm437", 850: "ibm850", 852: "ibm852", 855: "ibm855", 857: "ibm857", 860: "ibm860", 861: "ibm861",
    862: "ibm862", 863: "ibm863", 864: "ibm864", 865: "ibm865", 866: "ibm866", 869: "ibm869",
    874: "windows-874", 932: "shift_jis", 936: "gb2312", 949: "ks_c_5601-1987", 950: "big5", 1200: "utf-16le",
    1201: "utf-16be", 1361: "johab", 10000: "macintosh", 10006: "mac-greek", 10007: "mac-cyrillic",
    10029: "mac-latin2", 10081: "mac-turkish", 12000: "utf-32le", 12001: "utf-32be",
    20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u",
    20932: "euc-jp", 20936: "gb2312", 28591: "iso-8859-1", 28592: "iso-8859-2", 28593: "iso-8859-3",
    28594: "iso-8859-4", 28595: "iso-8859-5", 28596: "iso-8859-6", 28597: "iso-8859-7", 28598: "iso-8859-8",
    28599: "iso-8859-9", 28603: "iso-8859-13", 28605: "iso-8859-15", 38598: "iso-8859-8-i",
    50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp", 50225: "iso-2022-kr",
    51932: "euc-jp", 51936: "gb2312", 51949: "euc-kr", 52936: "hz-gb-2312", 54936: "gb18030",
    65000: "utf-7", 65001: "utf-8",
}  # fmt: skip
#: Codecs that read what Windows writes under a name: its own supersets of the standards.
_CODECS = {
    "shift_jis": "cp932", "gb2312": "gbk", "ks_c_5601-1987": "cp949", "big5": "cp950", "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac-roman", "mac-greek": "mac-greek", "windows-874": "cp874", "hz-gb-2312": "hz",
}  # fmt: skip


@lru_cache(maxsize=256)
def charset(codepage: int) -> str | None:
    """The name that MIME knows a code page by; None for an unknown one."""
    name = _NAMES.get(codepage)
    if name is None and 1250 <= codepage <= 1258:
        name = f"windows-{codepage}"
    return name


@lru_cache(maxsize=256)
def codec(name: str) -> str | None:
    """Python's codec for a charset, None when it has none for text."""
    try:
        found = codecs.lookup(_CODECS.get(name.lower(), name))
    except (LookupError, ValueError):
        return None
    # Not those that make bytes of bytes (base64, zlib): a charset that an archive names must not start them.
    return found.name if found._is_text_encoding else None


def codec_of_page(codepage: int) -> str | None:
    """Python's codec for a code page, None for an unknown one."""
    name = charset(codepage)
    return codec(name) if name is not None else None


def charset_of(properties: Properties) -> str | None:
    """Python's codec for the bytes that an item came over the wire as, None when it does not say."""
    for identifier in (tags.INTERNET_CODEPAGE, tags.MESSAGE_CODEPAGE):
        page = properties.get(identifier)
        if isinstance(page, int) and (found := codec_of_page(page)) is not None:
            return found
    return None
