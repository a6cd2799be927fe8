#!/usr/bin/python3
"""The interop test's client on Debian's python3-grpcio. Exit code 0: the case passed."""

import argparse
import os
import queue
import sys
import time

import grpc

import python_common as common

LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
UPLOAD_SIZES = (27182, 8, 1828, 45904)
DOWNLOAD_SIZES = (31415, 9, 2653, 58979)
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
TIMEOUT_S = 60

CASES = (
    "empty_unary",
    "large_unary",
    "client_compressed_unary",
    "server_compressed_unary",
    "client_streaming",
    "client_compressed_streaming",
    "server_streaming",
    "server_compressed_streaming",
    "ping_pong",
    "empty_stream",
    "custom_metadata",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "concurrent_large_unary",
    "rpc_soak",
)


class Failure(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failure(f"expected {what}")


def expect_error(call, code, what):
    """Runs call() and gives back its error, which must have this code."""
    try:
        call()
    except grpc.RpcError as error:
        expect(error.code() == code, f"{what}: {code}, not {error.code()}: {error.details()}")
        return error
    raise Failure(f"expected {what}: {code}, but it succeeded")


class RequestStream:
    """The requests of a streaming call, handed over one by one."""

    def __init__(self, *requests):
        self._queue = queue.Queue()
        for request in requests:
            self.send(request)

    def send(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


class Stub:
    """grpc.testing.TestService on one channel. Responses are common.Received."""

    def __init__(self, channel, protos, decoder):
        def method(kind, name, response, service=common.SERVICE):
            return kind(
                f"/{service}/{name}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=decoder(response),
            )

        output = protos.StreamingOutputCallResponse
        self.empty_call = method(channel.unary_unary, "EmptyCall", protos.Empty)
        self.unary_call = method(channel.unary_unary, "UnaryCall", protos.SimpleResponse)
        self.input_call = method(
            channel.stream_unary, "StreamingInputCall", protos.StreamingInputCallResponse
        )
        self.output_call = method(channel.unary_stream, "StreamingOutputCall", output)
        self.duplex_call = method(channel.stream_stream, "FullDuplexCall", output)
        self.unimplemented_method = method(channel.unary_unary, "UnimplementedCall", protos.Empty)
        self.unimplemented_service = method(
            channel.unary_unary, "UnimplementedCall", protos.Empty, common.UNIMPLEMENTED_SERVICE
        )


class Cases:
    """One method per name in CASES. `stub` sees the compressed flag; `inflating_stub` leaves compressed
    messages to the core, which inflates only what is flagged: together they prove that flag and
    bytes agree."""

    def __init__(self, flags, protos, stub, inflating_stub):
        self.flags = flags
        self.protos = protos
        self.stub = stub
        self.inflating_stub = inflating_stub

    def large_request(self, **fields):
        return self.protos.SimpleRequest(
            response_size=LARGE_RESPONSE, payload=self.protos.payload(LARGE_REQUEST), **fields
        )

    def check_unary(self, received, size=LARGE_RESPONSE):
        expect(len(received.message.payload.body) == size, f"a payload of {size} bytes")

    def download_request(self, index):
        wanted = self.protos.ResponseParameters(size=DOWNLOAD_SIZES[index])
        return self.protos.StreamingOutputCallRequest(
            response_parameters=[wanted], payload=self.protos.payload(UPLOAD_SIZES[index])
        )

    def empty_unary(self):
        response = self.stub.empty_call(self.protos.Empty(), timeout=TIMEOUT_S)
        expect(response.message == self.protos.Empty(), "an empty response")

    def large_unary(self):
        self.check_unary(self.stub.unary_call(self.large_request(), timeout=TIMEOUT_S))

    def client_compressed_unary(self):
        yes, no = self.protos.BoolValue(value=True), self.protos.BoolValue(value=False)
        call = self.stub.unary_call
        expect_error(
            lambda: call(self.large_request(expect_compressed=yes), timeout=TIMEOUT_S),
            grpc.StatusCode.INVALID_ARGUMENT,
            "a server that looks at the compressed flag",
        )
        gzip = grpc.Compression.Gzip
        request = self.large_request(expect_compressed=yes)
        self.check_unary(call(request, compression=gzip, timeout=TIMEOUT_S))
        request = self.large_request(expect_compressed=no)
        self.check_unary(call(request, timeout=TIMEOUT_S))

    def server_compressed_unary(self):
        for wanted in (True, False):
            flag = self.protos.BoolValue(value=wanted)
            request = self.large_request(response_compressed=flag)
            received = self.stub.unary_call(request, timeout=TIMEOUT_S)
            self.check_unary(received)
            expect(received.was_compressed == wanted, f"a response with compressed {wanted}")
            self.check_unary(self.inflating_stub.unary_call(request, timeout=TIMEOUT_S))

    def client_streaming(self):
        requests = (
            self.protos.StreamingInputCallRequest(payload=self.protos.payload(size))
            for size in UPLOAD_SIZES
        )
        response = self.stub.input_call(requests, timeout=TIMEOUT_S)
        expect(response.message.aggregated_payload_size == sum(UPLOAD_SIZES), "the sum of sizes")

    def client_compressed_streaming(self):
        yes, no = self.protos.BoolValue(value=True), self.protos.BoolValue(value=False)
        upload = self.protos.StreamingInputCallRequest
        first = upload(payload=self.protos.payload(27182), expect_compressed=yes)
        expect_error(
            lambda: self.stub.input_call(iter([first]), timeout=TIMEOUT_S),
            grpc.StatusCode.INVALID_ARGUMENT,
            "a server that looks at the compressed flag",
        )
        # This client cannot switch compression off for one message, but the core sends as it is
        # what compression would make larger: random bytes.
        noise = self.protos.payload(45904, os.urandom(45904))
        second = upload(payload=noise, expect_compressed=no)
        response = self.stub.input_call(
            iter([first, second]), compression=grpc.Compression.Gzip, timeout=TIMEOUT_S
        )
        expect(response.message.aggregated_payload_size == 73086, "a sum of 73086")

    def server_streaming(self):
        request = self.protos.StreamingOutputCallRequest(
            response_parameters=[self.protos.ResponseParameters(size=n) for n in DOWNLOAD_SIZES]
        )
        responses = self.stub.output_call(request, timeout=TIMEOUT_S)
        sizes = tuple(len(response.message.payload.body) for response in responses)
        expect(sizes == DOWNLOAD_SIZES, f"{DOWNLOAD_SIZES}, not {sizes}")

    def server_compressed_streaming(self):
        wanted = ((True, 31415), (False, 92653))
        request = self.protos.StreamingOutputCallRequest()
        for compressed, size in wanted:
            flag = self.protos.BoolValue(value=compressed)
            request.response_parameters.add(size=size, compressed=flag)
        responses = self.stub.output_call(request, timeout=TIMEOUT_S)
        seen = tuple((r.was_compressed, len(r.message.payload.body)) for r in responses)
        expect(seen == wanted, f"{wanted}, not {seen}")
        responses = self.inflating_stub.output_call(request, timeout=TIMEOUT_S)
        sizes = tuple(len(response.message.payload.body) for response in responses)
        expect(sizes == (31415, 92653), "the same sizes from a core that inflates")

    def ping_pong(self):
        requests = RequestStream()
        responses = self.stub.duplex_call(iter(requests), timeout=TIMEOUT_S)
        for index, size in enumerate(DOWNLOAD_SIZES):
            requests.send(self.download_request(index))
            self.check_unary(next(responses), size)
        requests.close()
        expect(next(responses, None) is None, "the end of the stream")
        expect(responses.code() == grpc.StatusCode.OK, "OK at the end")

    def empty_stream(self):
        responses = list(self.stub.duplex_call(iter(()), timeout=TIMEOUT_S))
        expect(not responses, "no response")

    def custom_metadata(self):
        metadata = (
            (common.ECHO_INITIAL_KEY, "test_initial_metadata_value"),
            (common.ECHO_TRAILING_KEY, b"\xab\xab\xab"),
        )
        _, call = self.stub.unary_call.with_call(
            self.large_request(), metadata=metadata, timeout=TIMEOUT_S
        )
        self.check_metadata(call, metadata)
        requests = RequestStream(self.download_request(0))
        responses = self.stub.duplex_call(iter(requests), metadata=metadata, timeout=TIMEOUT_S)
        self.check_unary(next(responses), DOWNLOAD_SIZES[0])
        requests.close()
        expect(next(responses, None) is None, "the end of the stream")
        self.check_metadata(responses, metadata)

    @staticmethod
    def check_metadata(call, metadata):
        initial, trailing = dict(call.initial_metadata()), dict(call.trailing_metadata())
        for headers, (key, value) in zip((initial, trailing), metadata):
            expect(headers.get(key) == value, f"{key}: {value}, not {headers.get(key)}")

    def status_code_and_message(self):
        status = self.protos.EchoStatus(code=2, message="test status message")
        request = self.protos.SimpleRequest(response_status=status)
        streamed = self.protos.StreamingOutputCallRequest(response_status=status)
        for call in (
            lambda: self.stub.unary_call(request, timeout=TIMEOUT_S),
            lambda: list(self.stub.duplex_call(iter([streamed]), timeout=TIMEOUT_S)),
        ):
            error = expect_error(call, grpc.StatusCode.UNKNOWN, "the status asked for")
            expect(error.details() == status.message, f"its message, not {error.details()!r}")

    def special_status_message(self):
        status = self.protos.EchoStatus(code=2, message=SPECIAL_MESSAGE)
        request = self.protos.SimpleRequest(response_status=status)
        error = expect_error(
            lambda: self.stub.unary_call(request, timeout=TIMEOUT_S),
            grpc.StatusCode.UNKNOWN,
            "the status asked for",
        )
        expect(error.details() == SPECIAL_MESSAGE, f"the message, not {error.details()!r}")

    def unimplemented_method(self):
        self.check_unimplemented(self.stub.unimplemented_method)

    def unimplemented_service(self):
        self.check_unimplemented(self.stub.unimplemented_service)

    def check_unimplemented(self, method):
        expect_error(
            lambda: method(self.protos.Empty(), timeout=TIMEOUT_S),
            grpc.StatusCode.UNIMPLEMENTED,
            "a refusal",
        )

    def cancel_after_begin(self):
        requests = RequestStream()
        call = self.stub.input_call.future(iter(requests), timeout=TIMEOUT_S)
        call.cancel()
        requests.close()
        expect(call.cancelled(), "a cancelled call")
        expect(call.code() == grpc.StatusCode.CANCELLED, f"CANCELLED, not {call.code()}")

    def cancel_after_first_response(self):
        requests = RequestStream(self.download_request(0))
        responses = self.stub.duplex_call(iter(requests), timeout=TIMEOUT_S)
        self.check_unary(next(responses), DOWNLOAD_SIZES[0])
        responses.cancel()
        expect_error(lambda: next(responses), grpc.StatusCode.CANCELLED, "the end")
        requests.close()

    def timeout_on_sleeping_server(self):
        payload = self.protos.payload(27182)
        requests = RequestStream(self.protos.StreamingOutputCallRequest(payload=payload))
        responses = self.stub.duplex_call(iter(requests), timeout=0.001)
        expect_error(lambda: next(responses), grpc.StatusCode.DEADLINE_EXCEEDED, "the end")
        requests.close()

    def concurrent_large_unary(self):
        request = self.large_request()
        calls = [
            self.stub.unary_call.future(request, timeout=TIMEOUT_S)
            for _ in range(self.flags.concurrent_calls)
        ]
        for call in calls:
            self.check_unary(call.result())

    def rpc_soak(self):
        flags = self.flags
        failures = 0
        end = time.monotonic() + flags.soak_overall_timeout_seconds
        for iteration in range(flags.soak_iterations):
            expect(time.monotonic() < end, f"{flags.soak_iterations} iterations, not {iteration}")
            start = time.monotonic()
            try:
                self.large_unary()
                took_ms = (time.monotonic() - start) * 1000
                slow = took_ms > flags.soak_per_iteration_max_acceptable_latency_ms
            except grpc.RpcError:
                slow = True
            failures += slow
        expect(failures <= flags.soak_max_failures, f"fewer failures than {failures}")


def parse_flags():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server_host", default="127.0.0.1")
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--test_case", required=True, choices=CASES)
    common.add_boolean(parser, "--use_tls")
    common.add_boolean(parser, "--use_test_ca")
    parser.add_argument("--ca_file")
    parser.add_argument("--server_host_override")
    parser.add_argument("--soak_iterations", type=int, default=10)
    parser.add_argument("--soak_max_failures", type=int, default=0)
    parser.add_argument("--soak_per_iteration_max_acceptable_latency_ms", type=int, default=1000)
    parser.add_argument("--soak_overall_timeout_seconds", type=int, default=10)
    parser.add_argument("--concurrent_calls", type=int, default=1000)
    parser.add_argument("--protoset", required=True, help="descriptor set of grpc/testing/test.proto")
    return parser.parse_args()


def open_channel(flags, *options):
    target = f"{flags.server_host}:{flags.server_port}"
    options = [("grpc.max_receive_message_length", common.MAX_MESSAGE_BYTES), *options]
    if not flags.use_tls:
        return grpc.insecure_channel(target, options=options)
    roots = None
    if flags.use_test_ca:
        with open(flags.ca_file, "rb") as file:
            roots = file.read()
    if flags.server_host_override:
        options.append(("grpc.ssl_target_name_override", flags.server_host_override))
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(roots), options=options)


def main():
    flags = parse_flags()
    protos = common.Protos(flags.protoset)

    def inflated_decoder(message):
        return lambda data: common.Received(message.FromString(data), None)

    with open_channel(flags, common.LEAVE_COMPRESSED) as channel:
        with open_channel(flags) as inflating_channel:
            stub = Stub(channel, protos, common.raw_decoder)
            inflating_stub = Stub(inflating_channel, protos, inflated_decoder)
            try:
                # A first attempt to connect may fail although the server listens: this core reads errno
                # of connect() after other calls that change it (grpc/grpc pull request 35064).
                for each in (channel, inflating_channel):
                    grpc.channel_ready_future(each).result(timeout=TIMEOUT_S)
                getattr(Cases(flags, protos, stub, inflating_stub), flags.test_case)()
            except (Failure, grpc.RpcError, grpc.FutureTimeoutError) as error:
                sys.exit(f"{flags.test_case}: {error}")
    print(f"{flags.test_case}: passed")


if __name__ == "__main__":
    main()
