"""Media types of attachments: as they were sent, else by the ends of their names.  The same on every machine."""

from __future__ import annotations

import re

_NAME = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}"
_TYPE = re.compile(rf"\s*({_NAME}/{_NAME})\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_BY_END = {
    "7z": "application/x-7z-compressed", "avi": "video/x-msvideo", "bmp": "image/bmp", "css": "text/css",
    "csv": "text/csv", "doc": "application/msword", "docx": _OFFICE + "wordprocessingml.document",
    "eml": "application/octet-stream", "gif": "image/gif", "gz": "application/gzip", "heic": "image/heic",
    "htm": "text/html", "html": "text/html", "ico": "image/vnd.microsoft.icon", "ics": "text/calendar",
    "jpe": "image/jpeg", "jpeg": "image/jpeg", "jpg": "image/jpeg", "json": "application/json",
    "m4a": "audio/mp4", "mov": "video/quicktime", "mp3": "audio/mpeg", "mp4": "video/mp4",
    "mpeg": "video/mpeg", "mpg": "video/mpeg", "msg": "application/vnd.ms-outlook",
    "odp": _OPEN + "presentation", "ods": _OPEN + "spreadsheet", "odt": _OPEN + "text", "ogg": "audio/ogg",
    "p7c": "application/pkcs7-mime", "p7m": "application/pkcs7-mime", "p7s": "application/pkcs7-signature",
    "pdf": "application/pdf", "png": "image/png", "ppt": "application/vnd.ms-powerpoint",
    "pptx": _OFFICE + "presentationml.presentation", "ps": "application/postscript", "rtf": "application/rtf",
    "svg": "image/svg+xml", "tar": "application/x-tar", "tif": "image/tiff", "tiff": "image/tiff",
    "txt": "text/plain", "vcf": "text/vcard", "vsd": "application/vnd.visio", "wav": "audio/wav",
    "webp": "image/webp", "wmf": "image/wmf", "wmv": "video/x-ms-wmv", "xls": "application/vnd.ms-excel",
    "xlsx": _OFFICE + "spreadsheetml.sheet", "xml": "text/xml", "zip": "application/zip",
}  # fmt: skip
UNKNOWN = b"application/octet-stream"


def media_type(told: str, name: str) -> bytes:
    """For bytes that are written as base64: never one of those that may not be (RFC 2046 5, RFC 2045 6.4)."""
    found = _TYPE.fullmatch(told)
    kind = found[1].lower() if found else _BY_END.get(name.rpartition(".")[2].lower(), "")
    if not kind or kind.startswith(("multipart/", "message/")):
        return UNKNOWN
    return kind.encode("ascii")
