#!/usr/bin/python3
"""A small chat client of Live Conversations, on the stock gRPC library.

It joins a conversation, prints what is said, and sends the lines of its input. When the
connection breaks it comes back by itself and goes on after the last event it took: what
docs/api.md, "The live stream", asks of a client, in as few lines as that takes.

    clients/python/generate
    clients/python/liveconv_chat.py --server 127.0.0.1:8443 --token-file FILE CONVERSATION
"""

import argparse
import os
import pathlib
import random
import signal
import sys
import threading
import time
import uuid

import grpc

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, os.environ.get("LIVECONV_PYTHON_STUBS", str(HERE / "stubs")))

from liveconv.v1 import live_service_pb2 as live  # noqa: E402
from liveconv.v1 import live_service_pb2_grpc as live_grpc  # noqa: E402
from liveconv.v1 import message_service_pb2 as messages  # noqa: E402
from liveconv.v1 import message_service_pb2_grpc as messages_grpc  # noqa: E402
from liveconv.v1 import types_pb2 as types  # noqa: E402

HEARTBEAT_S = 15
LONGEST_PAUSE_S = 30.0
SEND_AGAIN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,  # a server that goes down as the call reaches it
}
COME_BACK = {
    grpc.StatusCode.OK,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}


def open_channel(server, ca_file):
    options = [
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.max_reconnect_backoff_ms", 3_000),
        ("grpc.primary_user_agent", "liveconv-python"),
    ]
    config = HERE / "../../api/service_config.json"
    if config.exists():  # deadlines, and which methods are repeated
        options += [("grpc.service_config", config.read_text()), ("grpc.enable_retries", 1)]
    if ca_file:
        authorities = pathlib.Path(ca_file).read_bytes()
        return grpc.secure_channel(server, grpc.ssl_channel_credentials(authorities), options)
    return grpc.insecure_channel(server, options)


class Room:
    """A conversation that is followed: the stream, its position, and what it brings."""

    def __init__(self, channel, token_file, conversation_id, say=print):
        self.live = live_grpc.LiveServiceStub(channel)
        self.messages = messages_grpc.MessageServiceStub(channel)
        self.token_file = pathlib.Path(token_file)
        self.conversation_id = conversation_id
        self.topic = f"conversations/{conversation_id}"
        self.device_id = str(uuid.uuid4())
        self.position = None  # the last one that was taken
        self.generation = 0
        self.say = say
        self.stream = None
        self.reached = threading.Condition()
        self.ended = threading.Event()
        self.failure = None

    def metadata(self):
        # Read each time: another program may keep it fresh.
        return [("authorization", "Bearer " + self.token_file.read_text().strip())]

    def join(self):
        request = live.JoinConversationRequest(conversation_id=self.conversation_id)
        answer = self.live.JoinConversation(request, metadata=self.metadata(), wait_for_ready=True,
                                            timeout=10)
        self.generation = answer.participant.generation

    def leave(self):
        self.ended.set()
        # First the word, then the stream: the others see somebody leave, not somebody get lost.
        request = live.LeaveConversationRequest(conversation_id=self.conversation_id,
                                                generation=self.generation)
        try:
            self.live.LeaveConversation(request, metadata=self.metadata(), timeout=3)
        except grpc.RpcError:
            pass  # who goes without a word is gone a minute later
        if self.stream is not None:
            self.stream.cancel()

    def send(self, text):
        """Sends until it is stored; the id, made once, keeps it from being stored twice."""
        request = messages.SendMessageRequest(
            conversation_id=self.conversation_id, client_message_id=str(uuid.uuid4()), content=text
        )
        pause = 0.5
        while True:
            try:
                answer = self.messages.SendMessage(request, metadata=self.metadata(), timeout=10)
                return answer.message.sequence
            except grpc.RpcError as error:
                if error.code() not in SEND_AGAIN or self.ended.is_set():
                    raise
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(LONGEST_PAUSE_S, 2 * pause)

    def follow(self):
        """Takes what comes, and comes back, until the conversation or the program ends."""
        pause = 0.0
        while not self.ended.wait(pause * random.uniform(0.5, 1)):
            pause = min(LONGEST_PAUSE_S, max(0.5, 2 * pause))
            try:
                self.stream = self.live.Subscribe(self.request(), metadata=self.metadata())
                for response in self.stream:
                    pause = 0.5
                    wait = self.take(response)
                    if wait is not None:
                        pause = wait
                        break
            except grpc.RpcError as error:
                if error.code() not in COME_BACK and not self.ended.is_set():
                    self.fail(f"{error.code().name}: {error.details()}")
            if not self.ended.is_set():
                self.say("-- coming back")
        with self.reached:
            self.reached.notify_all()

    def fail(self, why):
        if not self.ended.is_set():
            self.failure = why
        self.ended.set()

    def request(self):
        topic = live.TopicSubscription(topic=self.topic, snapshot_messages=20)
        if self.position is not None:
            topic.after.CopyFrom(self.position)
        return live.SubscribeRequest(device_id=self.device_id, topics=[topic],
                                     heartbeat_seconds=HEARTBEAT_S)

    def move_to(self, epoch, sequence):
        with self.reached:
            self.position = types.Position(epoch=epoch, sequence=sequence)
            self.reached.notify_all()

    def take(self, response):
        """One response; answers how long to pause when the stream is to be opened anew."""
        kind = response.WhichOneof("kind")
        if kind == "snapshot":
            self.take_snapshot(response.snapshot)
        elif kind == "batch":
            return self.take_batch(response.batch)
        elif kind == "progress":
            for at in response.progress.positions:
                self.move_to(at.position.epoch, at.position.sequence)
        elif kind == "topic_closed":
            self.fail("closed: " + live.TopicClosedReason.Name(response.topic_closed.reason))
        elif kind == "goodbye":
            if not response.goodbye.reconnect:
                self.fail("goodbye: " + types.GoodbyeReason.Name(response.goodbye.reason))
            return response.goodbye.retry_after_ms / 1000
        return None  # welcome, signals, and what is not known here

    def take_snapshot(self, snapshot):
        state = snapshot.conversation
        names = ", ".join(p.user.display_name for p in state.participants)
        self.say(f"== {state.conversation.title} ({names})")
        for message in state.messages:
            self.print_message(message)
        self.move_to(snapshot.position.epoch, snapshot.position.sequence)

    def take_batch(self, batch):
        at = self.position
        if at is not None and (batch.epoch, batch.after_sequence) != (at.epoch, at.sequence):
            return 0.5  # a hole: go on from what is known
        for event in batch.events:
            self.take_event(event)
        self.move_to(batch.epoch, batch.through_sequence)
        return None

    def take_event(self, event):
        kind = event.WhichOneof("kind")
        if kind in ("message_sent", "message_edited", "message_deleted", "message_corrected"):
            self.print_message(getattr(event, kind))
        elif kind in ("participant_joined", "participant_away", "participant_back",
                      "participant_left", "participant_removed"):
            change = getattr(event, kind)
            self.say(f"-- {change.participant.user.display_name} {kind.split('_')[1]}")
        elif kind in ("conversation_ended", "conversation_cancelled"):
            self.say("-- the conversation is over")
            self.ended.set()

    def print_message(self, message):
        text = "(deleted)" if message.HasField("delete_time") else message.content
        # Printed text must not command the terminal.
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        self.say(f"{message.sender.display_name}: {text}")

    def wait_until(self, sequence, timeout):
        """Waits until everything up to there was taken."""
        with self.reached:
            self.reached.wait_for(
                lambda: self.ended.is_set()
                or (self.position is not None and self.position.sequence >= sequence), timeout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default=os.environ.get("LIVECONV_SERVER", "127.0.0.1:8443"))
    parser.add_argument("--token-file", default=os.environ.get("LIVECONV_TOKEN_FILE"))
    parser.add_argument("--ca-file", help="authorities to trust, PEM; turns TLS on")
    parser.add_argument("conversation")
    arguments = parser.parse_args()
    if not arguments.token_file:
        parser.error("needs --token-file")
    with open_channel(arguments.server, arguments.ca_file) as channel:
        room = Room(channel, arguments.token_file, arguments.conversation,
                    lambda line: print(line, flush=True))
        try:
            room.join()
        except grpc.RpcError as error:
            sys.exit(f"cannot join: {error.code().name}: {error.details()}")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        follower = threading.Thread(target=room.follow)
        follower.start()
        sequence = 0
        try:
            for line in sys.stdin:
                if room.ended.is_set():
                    break
                if line.strip():
                    sequence = room.send(line.strip())
            room.wait_until(sequence, 5)
        except KeyboardInterrupt:
            pass
        except grpc.RpcError as error:
            room.fail(f"{error.code().name}: {error.details()}")
        finally:
            room.leave()
            follower.join()
    sys.exit(room.failure)


if __name__ == "__main__":
    main()
