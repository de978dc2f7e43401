"""What the operating system says, in the reader's language: it speaks English to this process, whatever people read."""

from __future__ import annotations

import errno

from connectors.language import Text, _, mark

#: What people meet, in the system's own English.
_KNOWN = {
    errno.EACCES: mark("Permission denied"),
    errno.EPERM: mark("Operation not permitted"),
    errno.ENOENT: mark("No such file or directory"),
    errno.EEXIST: mark("File exists"),
    errno.EISDIR: mark("Is a directory"),
    errno.ENOTDIR: mark("Not a directory"),
    errno.ENOSPC: mark("No space left on device"),
    errno.EDQUOT: mark("Disk quota exceeded"),
    errno.EFBIG: mark("File too large"),
    errno.EROFS: mark("Read-only file system"),
    errno.ENAMETOOLONG: mark("File name too long"),
    errno.ELOOP: mark("Too many levels of symbolic links"),
    errno.EMFILE: mark("Too many open files"),
    errno.EBUSY: mark("Device or resource busy"),
    errno.EIO: mark("Input/output error"),
    errno.ESTALE: mark("Stale file handle"),
    errno.ENODEV: mark("No such device"),
    errno.ENOEXEC: mark("Exec format error"),
}


def os_error_text(error: OSError) -> str:
    """Why the system refused, without an end to the sentence; behind a translation stands what the system said.

    What is recorded of it is told in the reader's language, as every text is.
    """
    said = error.strerror or type(error).__name__
    known = _KNOWN.get(error.errno or 0)
    if known is None:
        return said
    told = _(known)
    return told if told == known else Text(f"{told} ({said})", known, {})
