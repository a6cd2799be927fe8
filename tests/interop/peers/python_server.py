#!/usr/bin/python3
"""The interop test's server on Debian's python3-grpcio."""

import argparse
import signal
import sys
import threading
import time
from concurrent import futures

import grpc

import python_common as common


class TestService:
    """The methods of grpc.testing.TestService; requests arrive as common.Received."""

    def __init__(self, protos):
        self.protos = protos

    def handlers(self):
        protos = self.protos
        empty, simple = protos.Empty, protos.SimpleRequest
        upload, output = protos.StreamingInputCallRequest, protos.StreamingOutputCallRequest
        kinds = {
            "EmptyCall": (grpc.unary_unary_rpc_method_handler, self.empty_call, empty),
            "UnaryCall": (grpc.unary_unary_rpc_method_handler, self.unary_call, simple),
            "CacheableUnaryCall": (grpc.unary_unary_rpc_method_handler, self.unary_call, simple),
            "StreamingOutputCall": (grpc.unary_stream_rpc_method_handler, self.output_call, output),
            "StreamingInputCall": (grpc.stream_unary_rpc_method_handler, self.input_call, upload),
            "FullDuplexCall": (grpc.stream_stream_rpc_method_handler, self.duplex_call, output),
            "HalfDuplexCall": (grpc.stream_stream_rpc_method_handler, self.half_duplex, output),
        }
        methods = {
            name: handler(
                behaviour,
                request_deserializer=common.raw_decoder(request),
                response_serializer=lambda message: message.SerializeToString(),
            )
            for name, (handler, behaviour, request) in kinds.items()
        }
        return grpc.method_handlers_generic_handler(common.SERVICE, methods)

    def empty_call(self, _request, _context):
        return self.protos.Empty()

    def unary_call(self, received, context):
        request = received.message
        echo_metadata(context)
        check_compression(received, context)
        check_status(request, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return self.protos.SimpleResponse(payload=self.protos.payload(request.response_size))

    def input_call(self, requests, context):
        total = 0
        for received in requests:
            check_compression(received, context)
            total += len(received.message.payload.body)
        return self.protos.StreamingInputCallResponse(aggregated_payload_size=total)

    def output_call(self, received, context):
        if any(wanted.compressed.value for wanted in received.message.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        yield from self.responses(received.message, context)

    def duplex_call(self, requests, context):
        echo_metadata(context)
        for received in requests:
            check_status(received.message, context)
            yield from self.responses(received.message, context)

    def half_duplex(self, requests, context):
        for received in list(requests):
            yield from self.responses(received.message, context)

    def responses(self, request, context):
        for wanted in request.response_parameters:
            if wanted.interval_us > 0:
                time.sleep(wanted.interval_us / 1e6)
            if wanted.HasField("compressed") and not wanted.compressed.value:
                context.disable_next_message_compression()
            yield self.protos.StreamingOutputCallResponse(payload=self.protos.payload(wanted.size))


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == common.ECHO_INITIAL_KEY:
            context.send_initial_metadata(((key, value),))
        elif key == common.ECHO_TRAILING_KEY:
            context.set_trailing_metadata(((key, value),))


def check_compression(received, context):
    request = received.message
    if request.HasField("expect_compressed"):
        if request.expect_compressed.value != received.was_compressed:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"compressed: expected {request.expect_compressed.value},"
                f" was {received.was_compressed}",
            )


def check_status(request, context):
    if request.HasField("response_status") and request.response_status.code != 0:
        for code in grpc.StatusCode:
            if code.value[0] == request.response_status.code:
                context.abort(code, request.response_status.message)
        context.abort(grpc.StatusCode.UNKNOWN, request.response_status.message)


def parse_flags():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    common.add_boolean(parser, "--use_tls")
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    parser.add_argument("--protoset", required=True, help="descriptor set of grpc/testing/test.proto")
    return parser.parse_args()


def main():
    flags = parse_flags()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[
            common.LEAVE_COMPRESSED,
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", common.MAX_MESSAGE_BYTES),
        ],
    )
    server.add_generic_rpc_handlers((TestService(common.Protos(flags.protoset)).handlers(),))
    address = f"127.0.0.1:{flags.port}"
    if flags.use_tls:
        with open(flags.tls_key_file, "rb") as key, open(flags.tls_cert_file, "rb") as chain:
            credentials = grpc.ssl_server_credentials(((key.read(), chain.read()),))
        port = server.add_secure_port(address, credentials)
    else:
        port = server.add_insecure_port(address)
    if port == 0:
        sys.exit(f"cannot bind {address}")
    server.start()
    print(f"listening on {port}", flush=True)

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    stop.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
