"""What the two Python peers share: messages, flags, and a look at the compressed flag.

The messages come from a descriptor set that the build makes with protoc; there is nothing generated
to import. Both peers tell the core to leave messages as they arrived
(grpc.per_message_decompression=0), so that they see whether one was compressed.
"""

import argparse
import zlib

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "grpc.testing.TestService"
UNIMPLEMENTED_SERVICE = "grpc.testing.UnimplementedService"
ECHO_INITIAL_KEY = "x-grpc-test-echo-initial"
ECHO_TRAILING_KEY = "x-grpc-test-echo-trailing-bin"
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

LEAVE_COMPRESSED = ("grpc.per_message_decompression", 0)

# A gzip stream begins so. No protobuf message does: 0x1f is field 3 with wire type 7, which does
# not exist.
GZIP_MAGIC = b"\x1f\x8b"


class Protos:
    """The message classes of grpc.testing, by their short names: protos.SimpleRequest."""

    def __init__(self, protoset_path):
        files = descriptor_pb2.FileDescriptorSet()
        with open(protoset_path, "rb") as protoset:
            files.ParseFromString(protoset.read())
        pool = descriptor_pool.DescriptorPool()
        factory = message_factory.MessageFactory(pool)
        for file in files.file:
            pool.Add(file)
        for file in files.file:
            for message in file.message_type:
                full_name = f"{file.package}.{message.name}"
                found = pool.FindMessageTypeByName(full_name)
                setattr(self, message.name, factory.GetPrototype(found))

    def payload(self, size, body=None):
        return self.Payload(body=bytes(size) if body is None else body)


class Received:
    """A message and whether it was compressed on the wire."""

    def __init__(self, message, was_compressed):
        self.message = message
        self.was_compressed = was_compressed


def raw_decoder(message_class):
    """For channels and servers with LEAVE_COMPRESSED."""

    def decode(data):
        was_compressed = data.startswith(GZIP_MAGIC)
        if was_compressed:
            inflate = zlib.decompressobj(wbits=31)
            data = inflate.decompress(data, MAX_MESSAGE_BYTES)
            if not inflate.eof:
                raise ValueError("the compressed message is truncated or too large")
        return Received(message_class.FromString(data), was_compressed)

    return decode


def boolean(text):
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise argparse.ArgumentTypeError(f"neither true nor false: {text}")


def add_boolean(parser, name):
    """--name, --name=true, --name=false, as the official interop programs take it."""
    parser.add_argument(name, type=boolean, nargs="?", const=True, default=False)
