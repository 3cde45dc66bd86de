"""Files of a few kilobytes that ask a reader for gigabytes. Layouts: ISO/IEC 14496-12, Apple's
QuickTime File Format (cmov), ID3v2.4 §4.1 (compressed frames)."""

from __future__ import annotations

import struct
import zlib

IDENTITY = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def versioned(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", flags), *parts)


def index_bomb(samples: int, tracks: int = 1) -> bytes:
    """An mp4 whose index claims so many samples of one byte in each track; it holds ten bytes."""
    moov = _moov(samples, tracks)
    return box(b"ftyp", b"isom", bytes(4), b"isom") + moov + box(b"mdat", bytes(10))


def compressed_index_bomb(declared_bytes: int) -> bytes:
    """A QuickTime film whose compressed header claims to be so long, and does unpack to it."""
    packed = _zeros(declared_bytes)
    cmov = box(
        b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", declared_bytes), packed)
    )
    return box(b"ftyp", b"qt  ", bytes(4)) + box(b"moov", cmov) + box(b"mdat", bytes(10))


def compressed_tag_bomb(declared_bytes: int, mp3: bytes) -> bytes:
    """The mp3 behind a tag with a compressed frame that does unpack to so much."""
    body = struct.pack(">I", declared_bytes) + _zeros(declared_bytes)
    frame = b"TXXX" + syncsafe(len(body)) + b"\x00\x09" + body  # compressed, with a length
    return b"ID3\x04\x00\x00" + syncsafe(len(frame)) + frame + mp3


def _zeros(count: int) -> bytes:
    """So many zero bytes, compressed a thousandfold."""
    packer = zlib.compressobj(9)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(count >> 20)]
    return b"".join([*pieces, packer.flush()])


def syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _moov(samples: int, tracks: int) -> bytes:
    duration = struct.pack(">IIII", 0, 0, 1000, 1)
    head = versioned(
        b"mvhd", duration, struct.pack(">IH10x", 1 << 16, 256), IDENTITY, bytes(24), b"\0\0\0\2"
    )
    return box(b"moov", head, *(_track(number + 1, samples) for number in range(tracks)))


def _track(number: int, samples: int) -> bytes:
    head = versioned(
        b"tkhd", struct.pack(">IIIII", 0, 0, number, 0, 1), bytes(16), IDENTITY, bytes(8), flags=7
    )
    entry = box(
        b"samr", struct.pack(">6xH8xHHHHI", 1, 1, 16, 0, 0, 8000 << 16)
    )  # AMR: any byte may be a frame
    table = box(
        b"stbl",
        versioned(b"stsd", struct.pack(">I", 1), entry),
        versioned(b"stts", struct.pack(">III", 1, samples, 160)),
        versioned(b"stsc", struct.pack(">IIII", 1, 1, samples, 1)),
        versioned(b"stsz", struct.pack(">II", 1, samples)),
        versioned(b"stco", struct.pack(">II", 1, 0)),
    )
    media = box(
        b"mdia",
        versioned(b"mdhd", struct.pack(">IIIIHH", 0, 0, 8000, 1, 0x55C4, 0)),
        versioned(b"hdlr", struct.pack(">I4s12x", 0, b"soun"), b"s\0"),
        box(b"minf", versioned(b"smhd", bytes(4)), table),
    )
    return box(b"trak", head, media)
