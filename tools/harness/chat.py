"""Asks one chat question once, and keeps what a program that called would have got."""

import asyncio
import dataclasses
import json
import time

from . import wire

MODEL = "deepseek-chat"


@dataclasses.dataclass
class Reply:
    """What came back: `failure` says in a few words why the call failed; None if it ended as a success does."""

    content: str = ""
    finish_reason: str | None = None
    failure: str | None = None
    seconds: float = 0.0
    headers: dict = dataclasses.field(default_factory=dict)


class Failed(Exception):
    pass


def request_body(prompt, stream, **more):
    return {"model": MODEL, "messages": [{"role": "user", "content": prompt}], "stream": stream, **more}


async def ask(base_url, prompt, stream, timeout, headers=None, on_text=None, pause=0):
    """One call without retries. `on_text` gets each piece of a streamed answer; `pause` comes after each read."""
    reply = Reply()
    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            await _call(reply, base_url, request_body(prompt, stream), headers or {}, on_text, pause)
    except TimeoutError:
        reply.failure = "no end in time"
    except wire.Broken as broken:
        reply.failure = str(broken)
    except Failed as failed:
        reply.failure = str(failed)
    reply.seconds = time.monotonic() - started
    return reply


async def _call(reply, base_url, body, headers, on_text, pause):
    url = base_url.rstrip("/") + "/chat/completions"
    async with wire.send("POST", url, headers, json.dumps(body).encode()) as response:
        reply.headers = response.headers
        if response.status != 200:
            raise Failed(f"{response.status} {_error_type(await response.body())}".strip())
        if body["stream"]:
            await _read_stream(reply, response, on_text, pause)
        else:
            _read_whole(reply, await response.body())


def _error_type(body):
    try:
        return json.loads(body)["error"]["code"] or ""
    except (ValueError, KeyError, TypeError):
        return ""


def _read_whole(reply, body):
    if not body.strip():
        raise Failed("200 with a blank body")
    try:
        choice = json.loads(body)["choices"][0]
        reply.content = choice["message"]["content"] or ""
        reply.finish_reason = choice["finish_reason"]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Failed("200 without an answer in it") from error


async def _read_stream(reply, response, on_text, pause):
    """As the SDKs do: ends at [DONE], and takes an end without it for a normal one."""
    rest = b""
    async for piece in response.chunks():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                return
            _take_event(reply, data, on_text)
        if pause:
            await asyncio.sleep(pause)


def _take_event(reply, data, on_text):
    try:
        event = json.loads(data)
    except ValueError as error:
        raise Failed("an event that is not JSON") from error
    if event.get("error"):
        raise Failed("an error in midstream" if reply.content else "an error in place of a stream")
    for choice in event.get("choices") or []:
        text = (choice.get("delta") or {}).get("content") or ""
        reply.content += text
        reply.finish_reason = choice.get("finish_reason") or reply.finish_reason
        if text and on_text:
            on_text(text)
