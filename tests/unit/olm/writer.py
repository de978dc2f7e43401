"""A small writer of Outlook for Mac's exports: the fields of real ones, in shapes that no sample has."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

MESSAGES = "com.microsoft.__Messages"


def element(name: str, content: str = "", **attributes: str) -> str:
    told = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f'<{name} xml:space="preserve"{told}>{content}</{name}>'


def text(name: str, value: str) -> str:
    return element(name, escape(value))


def people(name: str, *given: tuple[str, str]) -> str:
    told = [
        element("emailAddress", OPFContactEmailAddressName=shown, OPFContactEmailAddressAddress=address)
        for shown, address in given
    ]
    return element(name, "".join(told))


@dataclass
class Mail:
    """A message of an export; ``fields`` of their own are added as they are, and take the place of ours."""

    subject: str = "A subject"
    plain: str = ""
    html: str = ""
    message_id: str = "1@example.org"
    sent: str = "2014-05-06T07:08:09"
    received: str = "2014-05-06T07:09:00"
    sender: tuple[str, str] | None = ("Anna Berg", "anna@example.org")
    to: Sequence[tuple[str, str]] = (("Bruno", "bruno@example.org"),)
    fields: Mapping[str, str] = field(default_factory=dict)
    #: Name, type, content identifier, bytes.
    attached: Sequence[tuple[str, str, str, bytes]] = ()

    def xml(self, urls: Sequence[str] = ()) -> str:
        told = {
            "OPFMessageCopySubject": self.subject, "OPFMessageCopyBody": self.plain or self.html,
            "OPFMessageCopyHTMLBody": self.html or self.plain, "OPFMessageCopyMessageID": self.message_id,
            "OPFMessageCopySentTime": self.sent, "OPFMessageCopyReceivedTime": self.received,
            "OPFMessageGetHasHTML": "1E0", "OPFMessageGetIsRead": "1E0", "OPFMessageGetPriority": "3",
            "OPFMessageCopyModDate": "2020-01-01T00:00:00", "OPFMessageCopyGetFlagStatus": "0",
        }  # fmt: skip
        made = {name: text(name, value) for name, value in told.items() if value}
        if self.sender is not None:
            made["OPFMessageCopyFromAddresses"] = people("OPFMessageCopyFromAddresses", self.sender)
        made["OPFMessageCopyToAddresses"] = people("OPFMessageCopyToAddresses", *self.to)
        if urls:
            listed = [
                element(
                    "messageAttachment", OPFAttachmentName=name, OPFAttachmentContentType=kind, OPFAttachmentURL=url,
                    OPFAttachmentContentFileSize=f"{len(data):E}",
                    **({"OPFAttachmentContentID": own} if own else {}),
                )
                for (name, kind, own, data), url in zip(self.attached, urls, strict=True)
            ]  # fmt: skip
            made["OPFMessageCopyAttachmentList"] = element("OPFMessageCopyAttachmentList", "".join(listed))
        return element("email", "".join({**made, **self.fields}.values()))


@dataclass
class OlmWriter:
    """Files of an export by their names."""

    files: dict[str, bytes] = field(default_factory=dict)
    directories: list[str] = field(default_factory=lambda: ["Local/", f"Local/{MESSAGES}/"])

    def mail(self, folder: str, *mails: Mail, root: str = "Local") -> OlmWriter:
        for mail in mails:
            place = f"{root}/{MESSAGES}/{folder}"
            number = sum(name.startswith(f"{place}/message_") for name in self.files)
            urls = []
            for index, (*_told, data) in enumerate(mail.attached):
                urls.append(f"{place}/com.microsoft.__Attachments/{number}_{index:04d}")
                self.files[urls[-1]] = data
            self.raw(f"{place}/message_{number:05d}.xml", element("emails", mail.xml(urls), elementCount="1"))
        return self

    def raw(self, name: str, xml: str | bytes) -> OlmWriter:
        self.files[name] = xml if isinstance(xml, bytes) else xml.encode()
        return self

    def write(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            for name in self.directories:
                out.writestr(zipfile.ZipInfo(name), b"")
            for name, data in self.files.items():
                out.writestr(name, data)
        return path
