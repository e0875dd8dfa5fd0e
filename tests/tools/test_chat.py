"""The bare client sees what a program that calls would see."""

import asyncio
import contextlib
import json
import sys
import unittest

from planted import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from harness import chat  # noqa: E402

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(content=None, finish=None):
    choice = {"delta": {"content": content} if content else {}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def whole(body, status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def answer_to(reply_bytes, stream, timeout=5.0, hold=False):
    """What ask() makes of a server that sends these bytes, then closes (or holds) the connection."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply_bytes)
        await writer.drain()
        if hold:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await reader.read()
        writer.close()

    async def run():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await chat.ask(f"http://127.0.0.1:{port}", "hello", stream, timeout)

    return asyncio.run(run())


class ChatTest(unittest.TestCase):
    def test_a_stream_that_ends_with_done_is_whole(self):
        stream = HEAD + chunk(b": keep-alive\n\n" + event("one ")) + chunk(event("two")) + chunk(event(None, "stop") + DONE)
        reply = answer_to(stream + b"0\r\n\r\n", True)
        self.assertEqual((reply.content, reply.finish_reason, reply.failure), ("one two", "stop", None))

    def test_an_event_split_over_reads_is_read_once(self):
        data = event("split") + DONE
        reply = answer_to(HEAD + chunk(data[:9]) + chunk(data[9:]) + b"0\r\n\r\n", True)
        self.assertEqual((reply.content, reply.failure), ("split", None))

    def test_a_clean_end_without_done_is_an_end_as_for_the_sdks(self):
        reply = answer_to(HEAD + chunk(event("one ")) + b"0\r\n\r\n", True)
        self.assertEqual((reply.content, reply.failure), ("one ", None))

    def test_a_cut_stream_is_a_failure_with_what_came(self):
        reply = answer_to(HEAD + chunk(event("one ")), True)
        self.assertEqual(reply.content, "one ")
        self.assertIn("cut", reply.failure)

    def test_an_error_event_is_a_failure(self):
        reply = answer_to(HEAD + chunk(event("one ") + b'data: {"error": {"message": "x"}}\n\n') + b"0\r\n\r\n", True)
        self.assertEqual(reply.failure, "an error in midstream")

    def test_a_refusal_tells_its_status_and_code(self):
        reply = answer_to(whole(b'{"error": {"code": "busy"}}', b"503 Service Unavailable"), False)
        self.assertEqual(reply.failure, "503 busy")

    def test_a_blank_body_is_a_failure(self):
        self.assertEqual(answer_to(whole(b"\n\n\n\n"), False).failure, "200 with a blank body")

    def test_an_unstreamed_answer_is_read(self):
        body = json.dumps({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}).encode()
        self.assertEqual(answer_to(whole(body), False).content, "yes")
        self.assertIn("shorter", answer_to(whole(body)[:-3], False).failure)

    def test_an_answer_that_never_ends_is_given_up(self):
        reply = answer_to(HEAD + chunk(event("one ")), True, timeout=0.2, hold=True)
        self.assertEqual((reply.content, reply.failure), ("one ", "no end in time"))

    def test_no_answer_at_all_is_a_failure(self):
        self.assertIn("no answer", answer_to(b"", True).failure)


if __name__ == "__main__":
    unittest.main()
