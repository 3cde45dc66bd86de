"""One decoder: reads files from a socket and answers with samples until the socket closes.

python -m transport.decoding.worker SOCKET_DESCRIPTOR PARENT_ID
"""

from __future__ import annotations

import socket
import sys
from typing import BinaryIO

from transport.decoding.containment import address_space_bytes, allow, contain
from transport.decoding.protocol import (
    ACCEPTED,
    DONE,
    JOB_BYTES,
    MAX_REPLY_BYTES,
    READY,
    REASONS,
    REFUSED,
    REPLY,
    SAMPLES,
    Job,
)
from transport.decoding.reading import decoded_blocks
from transport.decoding.refusals import AudioRefused, Reason


def main(descriptor: int, parent_id: int) -> None:
    contain(parent_id)
    idle_bytes = address_space_bytes()
    with socket.socket(fileno=descriptor) as link, link.makefile("rb") as requests:
        link.sendall(REPLY.pack(READY, 0, 0.0))
        while len(head := requests.read(JOB_BYTES)) == JOB_BYTES:
            job = Job.unpack(head)
            allow(idle_bytes + job.file_bytes + job.memory_bytes, job.cpu_s)
            _answer(job, requests, link)


def _answer(job: Job, requests: BinaryIO, link: socket.socket) -> None:
    try:
        data = requests.read(job.file_bytes)
        if len(data) < job.file_bytes:
            return
        link.sendall(REPLY.pack(ACCEPTED, 0, 0.0))
        for block, rate in decoded_blocks(data, job.limits, job.sample_rate or None):
            samples = block.astype("<f4", copy=False).data.cast("B")
            for at in range(0, len(samples), MAX_REPLY_BYTES):
                part = samples[at : at + MAX_REPLY_BYTES]
                link.sendall(REPLY.pack(SAMPLES, len(part), rate))
                link.sendall(part)
        link.sendall(REPLY.pack(DONE, 0, 0.0))
    except AudioRefused as refused:
        _refuse(link, refused)
    except MemoryError:
        _refuse(link, AudioRefused(Reason.MEMORY))


def _refuse(link: socket.socket, refused: AudioRefused) -> None:
    link.sendall(REPLY.pack(REFUSED, REASONS.index(refused.reason), refused.value))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
