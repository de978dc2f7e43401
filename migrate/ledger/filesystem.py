"""Whether a folder lies on a network file system, where SQLite's locks are not to be trusted."""

from __future__ import annotations

from pathlib import Path

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs", "lustre", "davfs"}
    | {f"fuse.{name}" for name in ("sshfs", "glusterfs", "s3fs", "rclone", "davfs2", "curlftpfs")}
)
_MOUNTS = Path("/proc/self/mountinfo")


def is_on_network(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """True when the mount that holds ``folder`` is a known network file system; False where that cannot be told.

    Reads the kernel's table (proc(5), mountinfo), so it speaks for Linux only.
    """
    if not mounts.exists():
        return False
    best, kind = Path(), ""
    place = folder.resolve()
    for line in mounts.read_text("utf-8", "surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        mounted = Path(left.split()[4].encode().decode("unicode_escape"))
        if place.is_relative_to(mounted) and len(mounted.parts) >= len(best.parts):
            best, kind = mounted, right.split()[0]
    return kind in _NETWORK
