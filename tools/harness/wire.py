"""A bare HTTP/1.1 client over asyncio: one connection a request, no retries, the body as it comes."""

import asyncio
import contextlib
import urllib.parse

MAX_HEAD = 64 * 1024


class Broken(Exception):
    """The connection failed, or the answer ended before its end."""


class Response:
    def __init__(self, status, headers, reader):
        self.status, self.headers, self._reader = status, headers, reader

    async def chunks(self):
        """The body's bytes as they arrive; raises Broken if it is cut off."""
        try:
            if "chunked" in self.headers.get("transfer-encoding", "").lower():
                async for piece in self._chunked():
                    yield piece
            elif "content-length" in self.headers:
                left = int(self.headers["content-length"])
                while left > 0:
                    piece = await self._reader.read(min(left, 65536))
                    if not piece:
                        raise Broken("body shorter than its Content-Length")
                    left -= len(piece)
                    yield piece
            else:
                while piece := await self._reader.read(65536):
                    yield piece
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise Broken(f"cut while reading the body ({type(error).__name__})") from error

    async def _chunked(self):
        while True:
            line = await self._reader.readuntil(b"\n")
            size = int(line.split(b";")[0], 16)
            if size:
                yield await self._reader.readexactly(size)
            await self._reader.readuntil(b"\n")
            if not size:
                return

    async def body(self):
        return b"".join([piece async for piece in self.chunks()])


async def _head(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(first.split(" ")[1]), headers


@contextlib.asynccontextmanager
async def send(method, url, headers=None, body=b""):
    """One request; yields its Response. Raises Broken where no whole head comes."""
    parts = urllib.parse.urlsplit(url)
    fields = {"Host": parts.netloc, "Connection": "close", "Accept": "*/*", **(headers or {})}
    if body or method == "POST":
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = f"{method} {parts.path or '/'} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    writer = None
    try:
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80, limit=MAX_HEAD)
            writer.write(head.encode() + b"\r\n" + body)
            await writer.drain()
            status, fields = await _head(reader)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
            raise Broken(f"no answer ({type(error).__name__})") from error
        yield Response(status, fields, reader)
    finally:
        if writer:
            writer.transport.abort()
