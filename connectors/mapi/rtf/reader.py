"""RTF as text: what it shows, or the HTML or plain text that it was made of ([MS-OXRTFEX] 3.2, RTF 1.9.1).

One walk over the tokens, without recursion; what cannot be understood is passed over.  Time and memory grow with the
length of the RTF and nothing in it: a group costs a small tuple, and groups within groups are counted only to a depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.mapi.codepages import codec_of_page
from connectors.mapi.rtf.names import CHARSETS, HTML_SIGNS, PASSED_OVER, TEXT_SIGNS

#: ``\fromhtml`` and ``\fromtext`` stand among the first words of the header ([MS-OXRTFEX] 2.2.3.1).
HEAD = 1024
_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,40})(-?[0-9]{1,10})? ?"  # 1, 2: a control word and its number
    rb"|((?:\\'[0-9A-Fa-f]{2})+)"  # 3: bytes
    rb"|([{}])"  # 4
    rb"|([^\\{}\r\n\x00]+)"  # 5: text
    rb"|\\([^A-Za-z])"  # 6: a control symbol
    rb"|[\r\n\x00]+|\\",
    re.DOTALL,
)
#: Deeper groups are read as if they were one.
_DEEPEST = 2000
#: Words and texts, some ten seconds of them: none that people wrote has a hundredth of it.
_MOST = 8_000_000
_DEFAULT_PAGE = "cp1252"

Kind = Literal["html", "text", "native"]


def kind_of(head: bytes) -> Kind:
    """What an RTF was made of, by its first :data:`HEAD` bytes."""
    found = re.search(rb"\\from(html|text)", head[:HEAD])
    if found is None:
        return "native"
    return "html" if found[1] == b"html" else "text"


def too_large() -> Damaged:
    return Damaged("rtf-too-large", _("A formatted body is larger than any person writes."))


def as_text(rtf: bytes) -> str:
    """The text that an RTF shows; lines end with LF.  Raises :class:`Damaged` for what is beyond all measure."""
    return _Reader(TEXT_SIGNS, takes_html=False).read(rtf)


def as_html(rtf: bytes) -> str:
    """The HTML that lies in an RTF whose kind is ``html``; lines end with CRLF.  Raises as :func:`as_text`."""
    return _Reader(HTML_SIGNS, takes_html=True).read(rtf)


@dataclass(frozen=True, slots=True)
class _State:
    """What a group has, and its end forgets."""

    #: In a destination that shows nothing.
    is_passed: bool = False
    #: Between ``\htmlrtf`` and ``\htmlrtf0``, or hidden.
    is_left: bool = False
    #: In an htmltag, whose bytes are in the document's own code page.
    in_tag: bool = False
    in_fonts: bool = False
    codec: str = _DEFAULT_PAGE
    #: Signs that stand for a Unicode character before them, for readers without Unicode.
    stand_ins: int = 1


class _Reader:
    def __init__(self, signs: dict[bytes, str], *, takes_html: bool) -> None:
        self._signs = signs
        self._blocks: list[str] = []
        self._shown: list[str] = []
        self._bytes = bytearray()
        self._units = bytearray()
        self._state = _State()
        self._groups: list[_State] = []
        self._too_deep = 0
        self._page = _DEFAULT_PAGE
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._skip = 0
        self._is_starred = False
        self._words: dict[bytes, Callable[[int | None], None]] = {
            b"u": self._unicode,
            b"uc": self._set_stand_ins,
            b"f": self._set_font,
            b"ansicpg": self._set_page,
            b"mac": lambda _number: self._set_page(10000),
            b"pc": lambda _number: self._set_page(437),
            b"pca": lambda _number: self._set_page(850),
            b"fonttbl": lambda _number: self._enter(is_passed=True, in_fonts=True),
            b"fcharset": self._set_charset,
            b"cpg": self._set_font_page,
        }
        if takes_html:
            self._words[b"htmlrtf"] = self._leave
            self._words[b"htmltag"] = lambda _number: self._enter(is_passed=False, in_tag=True, codec=self._page)
        else:
            self._words[b"v"] = self._leave
            self._words[b"plain"] = lambda _number: self._leave(0)

    def read(self, rtf: bytes) -> str:
        place, end, token, left = 0, len(rtf), _TOKEN.match, _MOST
        while place < end and (found := token(rtf, place)) is not None:
            place = found.end()
            left -= 1
            if not left & 0xFFF:
                # Of short pieces each takes many times its length.
                self._blocks.append("".join(self._shown))
                self._shown.clear()
                if not left:
                    raise too_large()
            match found.lastindex:
                case 1 | 2:
                    if found[1] == b"bin":
                        place += max(int(found[2] or 0), 0)
                    else:
                        self._word(found[1], found[2])
                case 3:
                    self._text(bytes.fromhex(found[3].replace(b"\\'", b"").decode("ascii")))
                case 4:
                    self._brace(is_open=found[4] == b"{")
                case 5:
                    self._text(found[5])
                case 6:
                    self._symbol(found[6])
        self._flush()
        return "".join((*self._blocks, *self._shown))

    def _word(self, word: bytes, number: bytes | None) -> None:
        is_starred, self._is_starred = self._is_starred, False
        if (act := self._words.get(word)) is not None:
            act(int(number) if number else None)
        elif (sign := self._signs.get(word)) is not None:
            self._sign(sign)
        elif is_starred or word in PASSED_OVER:
            self._enter(is_passed=True)

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._is_starred = True
        elif (sign := self._signs.get(symbol)) is not None:
            self._sign(sign)

    def _brace(self, *, is_open: bool) -> None:
        self._skip, self._is_starred = 0, False
        if is_open:
            if len(self._groups) < _DEEPEST:
                self._groups.append(self._state)
            else:
                self._too_deep += 1
        elif self._too_deep:
            self._too_deep -= 1
        elif self._groups:
            self._change(self._groups.pop())

    def _change(self, state: _State) -> None:
        if state.codec != self._state.codec:
            self._flush()
        self._state = state

    def _enter(self, **changed: bool | str | int) -> None:
        self._change(replace(self._state, **changed))  # type: ignore[arg-type]  # fields by their names

    def _text(self, data: bytes) -> None:
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        state = self._state
        if data and not state.is_passed and not state.is_left:
            if self._units:
                self._flush()
            self._bytes += data

    def _sign(self, sign: str) -> None:
        if self._skip:
            self._skip -= 1
        elif not self._state.is_passed and not self._state.is_left:
            self._flush()
            self._shown.append(sign)

    def _unicode(self, number: int | None) -> None:
        self._skip = self._state.stand_ins
        if number is None or self._state.is_passed or self._state.is_left:
            return
        if self._bytes:
            self._flush()
        self._units += (number & 0xFFFF).to_bytes(2, "little")

    def _flush(self) -> None:
        """Characters may lie over several tokens: they are decoded when something else comes."""
        if self._bytes:
            self._shown.append(self._bytes.decode(self._state.codec, "replace"))
            self._bytes.clear()
        elif self._units:
            self._shown.append(self._units.decode("utf-16-le", "replace"))
            self._units.clear()

    def _leave(self, number: int | None) -> None:
        self._enter(is_left=number != 0)

    def _set_stand_ins(self, number: int | None) -> None:
        self._enter(stand_ins=min(max(number or 0, 0), 64))

    def _set_page(self, number: int | None) -> None:
        self._page = codec_of_page(number or 0) or _DEFAULT_PAGE
        self._enter(codec=self._page)

    def _set_font(self, number: int | None) -> None:
        self._font = number or 0
        if not self._state.in_fonts and not self._state.in_tag:
            codec = self._fonts.get(self._font, self._page)
            if codec != self._state.codec:
                self._enter(codec=codec)

    def _set_charset(self, number: int | None) -> None:
        if self._state.in_fonts and (page := CHARSETS.get(number or 0)) is not None:
            self._set_font_page(page)

    def _set_font_page(self, number: int | None) -> None:
        if self._state.in_fonts and len(self._fonts) < 1 << 16:
            self._fonts[self._font] = codec_of_page(number or 0) or self._page
