"""What kind of file bytes are, told by how they begin: the suffix of a weight file is nothing to rely on."""

from __future__ import annotations

from typing import Literal

Kind = Literal["empty", "hdf5", "zip", "pickle", "safetensors", "web page", "git-lfs pointer", "unknown"]

# Bytes of a file's beginning that `kind_of` needs to see.
HEAD_BYTES = 512

# safetensors begins with the length of its JSON header, 8 bytes little-endian; its authors allow at most 100 MB.
_MAX_SAFETENSORS_HEADER = 100_000_000


def kind_of(head: bytes) -> Kind:
    """The kind of a file that begins with `head` (at least its first `HEAD_BYTES` bytes, or all of a shorter file)."""
    if not head:
        return "empty"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    if head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= _MAX_SAFETENSORS_HEADER:
        return "safetensors"
    if head.startswith(b"version https://git-lfs"):
        return "git-lfs pointer"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return "web page"
    return "unknown"
