#!/usr/bin/env python3
"""Pass on what an inherited listening socket accepts: ``forward.py FD HOST PORT``."""

from __future__ import annotations

import asyncio
import socket
import sys

_PIECE = 65536


async def main(listener: int, host: str, port: int) -> None:
    """Serve until killed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, requests = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copied(reader, requests), _copied(answers, writer))
        requests.close()
        writer.close()

    server = await asyncio.start_server(serve, sock=socket.socket(fileno=listener))
    await server.serve_forever()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
