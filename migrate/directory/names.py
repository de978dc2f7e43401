"""A person's given and family name, from what a people file says.  Pure."""

from __future__ import annotations

from unicodedata import normalize

from plans.model import Person


def names_of(person: Person) -> tuple[str, str]:
    """Given and family name; both are filled, as clouds ask for both.

    With one of the two given, ``name`` says the other: all of it beside, or what of it is not the given part.  Without
    either, a name is cut at its first space (or at its comma: ``Berg, Anna``); with none at all, it is made of what
    stands before the @.
    """
    # As directories tell names: a file of a Mac may write é as two signs, and each comparison would differ.
    told = (normalize("NFC", text) for text in (person.first_name, person.last_name, person.name))
    given, family, whole = (" ".join(text.split()) for text in told)
    if given and not family:
        family = _without(whole, given)
    elif family and not given:
        given = _without(whole, family)
    elif not given:
        given, family = _cut(whole)
    if not given and not family:
        words = person.address.partition("@")[0].replace("_", ".").split(".")
        given, family = words[0].capitalize(), " ".join(word.capitalize() for word in words[1:])
    return given or family, family or given


def _cut(whole: str) -> tuple[str, str]:
    family, comma, given = whole.partition(",")
    if comma:
        return given.strip(), family.strip()
    words = whole.split()
    # DUPONT Marie, as many directories have it: capital letters alone are the family name.
    capital = [word for word in words if len(word) > 1 and word.isupper()]
    if capital and len(capital) < len(words) and words[: len(capital)] == capital:
        return " ".join(words[len(capital) :]), " ".join(capital)
    given, _space, family = whole.partition(" ")
    return given, family


def _without(whole: str, part: str) -> str:
    """The other part of a name that begins or ends with this one; the whole where it does neither."""
    folded, known = whole.casefold(), part.casefold()
    if folded.startswith(f"{known} "):
        return whole[len(part) :].strip()
    if folded.endswith(f" {known}"):
        return whole[: -len(part)].strip()
    return "" if folded == known else whole
