"""Which encoding 8-bit text has: what an item says of it, directly or by its language."""

from __future__ import annotations

from functools import lru_cache

from connectors.mapi.codepages import codec_of_page

#: The code page of Windows for a language, by the low ten bits of its locale ([MS-LCID] 2.2); others have 1252.
_BY_LANGUAGE = {
    0x01: 1256, 0x02: 1251, 0x04: 936, 0x05: 1250, 0x08: 1253, 0x0D: 1255, 0x0E: 1250, 0x11: 932, 0x12: 949,
    0x15: 1250, 0x18: 1250, 0x19: 1251, 0x1A: 1250, 0x1B: 1250, 0x1C: 1250, 0x1E: 874, 0x1F: 1254, 0x20: 1256,
    0x22: 1251, 0x23: 1251, 0x24: 1250, 0x25: 1257, 0x26: 1257, 0x27: 1257, 0x29: 1256, 0x2A: 1258, 0x2C: 1254,
    0x2F: 1251, 0x3F: 1251, 0x40: 1251, 0x43: 1254, 0x44: 1251, 0x50: 1251,
}  # fmt: skip
#: Traditional Chinese is written in other characters.
_BY_LOCALE = {0x0404: 950, 0x0C04: 950, 0x1404: 950}
#: What a message was sent in, and the code page of the Windows that its text was put away by.
_FAMILIES = {
    50220: 932, 50221: 932, 50222: 932, 51932: 932, 20932: 932, 50225: 949, 51949: 949, 51936: 936, 52936: 936,
    54936: 936, 28592: 1250, 28594: 1257, 28595: 1251, 20866: 1251, 21866: 1251, 28596: 1256, 28597: 1253,
    28598: 1255, 38598: 1255, 28599: 1254, 28591: 1252, 28605: 1252, 20127: 1252,
}  # fmt: skip


@lru_cache(maxsize=256)
def text_codecs(message_page: object, locale: object, internet_page: object) -> tuple[str, ...]:
    """Python's names of what the text may be in, the likeliest first; none when the item says nothing."""
    pages = []
    if isinstance(message_page, int):
        pages.append(message_page)
    if isinstance(locale, int) and locale & 0x3FF:
        pages.append(_BY_LOCALE.get(locale) or _BY_LANGUAGE.get(locale & 0x3FF, 1252))
    if isinstance(internet_page, int):
        pages.append(_FAMILIES.get(internet_page, internet_page))
    found = (codec_of_page(page) for page in pages if page > 0)
    return tuple(dict.fromkeys(name for name in found if name is not None))
