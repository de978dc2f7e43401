"""XML that nobody vouches for, record by record: no entities, no document types, and a bound to everything."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from xml.parsers import expat

from connectors.archives.contract import Damaged
from connectors.language import _

#: Of one record: characters of text, elements, levels.
MOST_TEXT, MOST_ELEMENTS, DEEPEST = 24 << 20, 100_000, 40
#: Bytes without anything that can be told of: a tag of this length is no tag.
_LONGEST_TAG = 32 << 20
_BUFFER = 1 << 20
#: What XML 1.0 2.2 does not allow, as characters and as references; Outlook writes it where a message had it.
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    "|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F])|x(?i:fff[ef]));"
)
_LONGEST_REFERENCE = 40


class Element:
    """An element with what is in it."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        #: Of the element itself, without that of its children.
        self.text = ""

    def child(self, name: str) -> Element | None:
        return next((one for one in self.children if one.name == name), None)

    def find(self, name: str) -> Element | None:
        """The first element of this name at any depth below."""
        for one in self.children:
            found = one if one.name == name else one.find(name)
            if found is not None:
                return found
        return None


def records(opened: Callable[[], Iterator[bytes]]) -> Iterator[Element]:
    """The children of the root, one at a time.

    Raises Damaged when the XML is not sound, with the records before the damage told; what ``opened`` raises besides.
    """
    told = 0
    try:
        for record in _Parser().records(opened()):
            told += 1
            yield record
    except expat.ExpatError:
        pass
    else:
        return
    try:
        # Once more, without characters that XML does not have.
        for place, record in enumerate(_Parser().records(_cleaned(opened()))):
            if place >= told:
                yield record
    except expat.ExpatError:
        raise Damaged("damaged-xml", _("the description of it in the archive is damaged")) from None


class _Parser:
    def __init__(self) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = _BUFFER
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser
        self._open: list[tuple[Element, list[str]]] = []
        self._depth = 0
        self._done: list[Element] = []
        self._elements = self._text = 0
        self._heard = False

    def records(self, pieces: Iterator[bytes]) -> Iterator[Element]:
        silent = 0
        for piece in pieces:
            self._heard = False
            self._parser.Parse(piece, False)
            silent = 0 if self._heard else silent + len(piece)
            if silent > _LONGEST_TAG:
                raise _too_much()
            yield from self._taken()
        self._parser.Parse(b"", True)
        yield from self._taken()

    def _taken(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._heard = True
        self._depth += 1
        if self._depth == 1:
            return
        if self._depth == 2:
            self._elements = self._text = 0
        self._elements += 1
        self._text += sum(map(len, attributes.values()))
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS or self._text > MOST_TEXT:
            raise _too_much()
        self._open.append((Element(_local(name), {_local(key): value for key, value in attributes.items()}), []))

    def _end(self, _name: str) -> None:
        self._heard = True
        self._depth -= 1
        if not self._depth:
            return
        element, text = self._open.pop()
        element.text = "".join(text)
        if self._open:
            self._open[-1][0].children.append(element)
        else:
            self._done.append(element)

    def _characters(self, data: str) -> None:
        self._heard = True
        if self._open:
            self._text += len(data)
            if self._text > MOST_TEXT:
                raise _too_much()
            self._open[-1][1].append(data)


def _local(name: str) -> str:
    """Older versions put their names into a namespace."""
    return name.rpartition(" ")[2]


def _cleaned(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    kept = ""
    for piece in pieces:
        text = kept + decoder.decode(piece)
        # A reference may go on in the next piece.
        cut = text.rfind("&", max(len(text) - _LONGEST_REFERENCE, 0))
        cut = cut if cut >= 0 and ";" not in text[cut:] else len(text)
        kept = text[cut:]
        yield _ILLEGAL.sub(" ", text[:cut]).encode("utf-8", "replace")
    yield _ILLEGAL.sub(" ", kept + decoder.decode(b"", final=True)).encode("utf-8", "replace")


def _refuse(*_args: object) -> int:
    raise Damaged("dangerous-xml", _("the description of it defines names of its own, which no export of Outlook does"))


def _too_much() -> Damaged:
    return Damaged("damaged-xml", _("the description of it is larger than any that Outlook writes"))
