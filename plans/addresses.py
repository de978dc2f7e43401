"""Mail addresses as people type and paste them, and what is wrong with those that are none."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from connectors.language import _
from plans.problems import Worded, did_you_mean

_FORM = re.compile(r"[^@\s;,<>\"()|\\]+@[^@\s;,<>\"()|\\]+")
#: A private Gmail account has an address of one of these; a company's own domain at Google is no private one.
GMAIL_DOMAINS = ("gmail.com", "googlemail.com")


def cleaned(text: str) -> str:
    """``text`` without spaces around it and without the invisible characters that come with copying from a page."""
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return text.strip()


def is_address(text: str) -> bool:
    return not _fault(text)


def checked_address(text: str) -> str:
    """``text``, a mail address.  Raises :class:`Worded` with what is wrong with it.

    The text itself is not shown: with a wrong separator a cell holds what should stand in the next ones, a password
    perhaps.
    """
    if fault := _fault(text):
        raise Worded(_("must be a mail address."), fault)
    return text


def checked_gmail(text: str) -> str:
    """``text``, an address of a private Gmail account.  Raises :class:`Worded`."""
    if fault := _fault(text):
        raise Worded(_("must be a mail address."), fault)
    domain = text.rpartition("@")[2].lower()
    if domain not in GMAIL_DOMAINS:
        hint = did_you_mean(domain, GMAIL_DOMAINS) or _("Write it as name@gmail.com, or leave it empty.")
        raise Worded(_("must be the address of a private Gmail account."), hint)
    return text


def _fault(text: str) -> str:
    """What is wrong, as a hint; empty for an address."""
    form = _("Write it as name@company.example.")
    at_signs = text.count("@")
    if not at_signs:
        return _("It has no @. Write it as name@company.example.") if text else form
    if re.search('[<>"]', text):
        return _("Write the address alone, without a name and without < >.")
    if text.lower().startswith("mailto:"):
        return _('Take "mailto:" away.')
    if re.fullmatch(r"[^@\s]+@([^@\s.,]+,)+[A-Za-z]{2,}", text) or re.fullmatch(r"[\w-]+(,[\w-]+)+@[\w.-]+", text):
        return _("It has a comma where a dot should be.")
    if at_signs > 1:
        return _("It has more than one @. One address stands here; others are aliases.")
    if re.search(r"\s", text):
        return _("It has a space in it.")
    return _fault_of_parts(*text.split("@")) or ("" if _FORM.fullmatch(text) else form)


def _fault_of_parts(local: str, domain: str) -> str:
    if not local or not domain:
        return _("There is nothing before the @.") if not local else _("There is nothing after the @.")
    if not local.isascii():
        return _("It has an accented letter before the @. Write it as the mail server knows it, without accents.")
    if not domain.isascii():
        return _("It has an accented letter after the @. Write the domain without accents, or in its form xn--….")
    if ".." in local + "@" + domain:
        return _("It has two dots in a row.")
    if local.startswith(".") or local.endswith(".") or domain.startswith(".") or domain.endswith("."):
        return _("A part of it begins or ends with a dot.")
    if "." not in domain and re.fullmatch(r"[\w-]+", domain):
        return _("There is no dot after the @. Write it as name@company.example.")
    return ""


def _cleaned(value: object) -> object:
    return cleaned(value) if isinstance(value, str) else value


#: A mail address as a field of a plan's model.
Address = Annotated[str, BeforeValidator(_cleaned), AfterValidator(checked_address)]
GmailAddress = Annotated[str, BeforeValidator(_cleaned), AfterValidator(checked_gmail)]
