#!/usr/bin/python3
"""Holds api/ to what the design promises of the contract, where buf and the generator do not look.

    check_contract.py API_DIRECTORY DOCUMENT   one line per violation; exits 1 if there is any
    check_contract.py API_DIRECTORY            prints the table of reasons that DOCUMENT holds
"""

import importlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

PACKAGE = "liveconv.v1"
REQUEST_ID_NUMBER = 15

# Methods that change something and are idempotent by themselves (DESIGN section 3).
IDEMPOTENT = {"JoinConversation", "LeaveConversation", "UpdateActivity", "MarkRead"}
READS = re.compile(r"^(Get|List|Quote|Watch|Subscribe)")

# Words in capitals that comments of methods use and that are neither codes nor reasons.
CODES = set(
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
    "PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED "
    "INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED".split()
)


class Contract:
    """The descriptors of api/ with the generator's options and the comments."""

    def __init__(self, api):
        self.problems = []
        with tempfile.TemporaryDirectory() as scratch:
            compiled = pathlib.Path(scratch, "contract.pb")
            protos = sorted(str(path) for path in api.glob("liveconv/v1/*.proto"))
            command = ["protoc", f"-I{api}", "-I/usr/include", "--include_imports",
                       "--include_source_info", f"--descriptor_set_out={compiled}",
                       f"--python_out={scratch}"]
            subprocess.run(command + protos + ["grpc_c/v1/options.proto"], check=True)
            sys.path.insert(0, scratch)
            self.options = importlib.import_module("grpc_c.v1.options_pb2")
            from google.protobuf import descriptor_pb2
            files = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes()).file
        self.files = [file for file in files if file.package == PACKAGE]
        self.messages = {f".{file.package}.{message.name}": message
                         for file in files for message in file.message_type}
        self.reasons = {value.name.removeprefix("REASON_")
                        for file in self.files for enum in file.enum_type if enum.name == "Reason"
                        for value in enum.value if value.number != 0}
        self.enum_words = {word for file in self.files for enum in file.enum_type
                           for value in enum.value for word in suffixes(value.name)}

    def methods(self):
        for file in self.files:
            for service in file.service:
                for method in service.method:
                    yield service.name, method

    def comments(self):
        """(method name, comment) of every method."""
        for file in self.files:
            for location in file.source_code_info.location:
                path = location.path
                if len(path) == 4 and path[0] == 6 and path[2] == 2:
                    yield (file.service[path[1]].method[path[3]].name,
                           location.leading_comments)

    def request_fields(self):
        """(message, field) of everything that a client can send."""
        seen, queue = set(), [method.input_type for _, method in self.methods()]
        while queue:
            name = queue.pop()
            if name in seen or not name.startswith(f".{PACKAGE}."):
                continue
            seen.add(name)
            for field in self.messages[name].field:
                yield self.messages[name], field
                if field.type == field.TYPE_MESSAGE:
                    queue.append(field.type_name)

    def complain(self, where, what):
        self.problems.append(f"{where}: {what}")


def suffixes(name):
    """A_B_C -> A_B_C, B_C, C: how comments name enum values."""
    words = name.split("_")
    return ("_".join(words[i:]) for i in range(len(words)))


def check_mutations(contract):
    for service, method in contract.methods():
        request = contract.messages[method.input_type]
        numbers = {field.name: field.number for field in request.field}
        protected = "request_id" in numbers or "client_message_id" in numbers
        where = f"{service}.{method.name}"
        if numbers.get("request_id", REQUEST_ID_NUMBER) != REQUEST_ID_NUMBER:
            contract.complain(where, f"request_id is not field {REQUEST_ID_NUMBER}")
        changes = not READS.match(method.name) and method.name not in IDEMPOTENT
        if changes and not protected:
            contract.complain(where, "a mutation without request_id")
        if not changes and protected:
            contract.complain(where, "a request_id that nothing needs")


def check_access(contract):
    for service, method in contract.methods():
        access = method.options.Extensions[contract.options.access]
        where = f"{service}.{method.name}"
        if access.public or not (access.roles or access.scope):
            contract.complain(where, "open to everybody, or to nobody")
        if "service" in access.roles:
            contract.complain(where, "services are admitted by scope, not by role")


def check_bounds(contract):
    for message, field in contract.request_fields():
        rules = field.options.Extensions[contract.options.rules]
        where = f"{message.name}.{field.name}"
        repeated = field.label == field.LABEL_REPEATED
        if field.type == field.TYPE_STRING and not (rules.uuid or rules.length.max):
            contract.complain(where, "text of any length")
        if field.type == field.TYPE_ENUM and not rules.defined_only:
            contract.complain(where, "takes numbers that its enum does not define")
        if repeated and not rules.items.max:
            contract.complain(where, "any number of elements")
        if field.proto3_optional:
            contract.complain(where, "proto3 optional")


def check_lists(contract):
    for service, method in contract.methods():
        if not method.name.startswith("List"):
            continue
        request = {field.name for field in contract.messages[method.input_type].field}
        response = {field.name for field in contract.messages[method.output_type].field}
        if not ({"page_size", "page_token"} <= request and "next_page_token" in response):
            contract.complain(f"{service}.{method.name}", "a list without pages")


def check_event(contract):
    event = contract.messages[f".{PACKAGE}.Event"]
    last = max(event.field, key=lambda field: field.number)
    if last.name != "sequence" or last.type != last.TYPE_FIXED64:
        contract.complain("Event", "its last field is not `fixed64 sequence`")


def check_reasons(contract):
    words_of = {name: set(re.findall(r"\b[A-Z][A-Z_]{2,}\b", comment))
                for name, comment in contract.comments()}
    for name, words in words_of.items():
        known = CODES | contract.reasons | contract.enum_words
        for word in sorted(words - known):
            contract.complain(name, f"its comment speaks of {word}, which is nowhere defined")


def reason_table(contract):
    """The reasons as a Markdown table: name, code, what it means, metadata keys."""
    rows = ["| reason | code | what it means | metadata |", "|---|---|---|---|"]
    for file in contract.files:
        for index, enum in enumerate(file.enum_type):
            if enum.name != "Reason":
                continue
            comments = {tuple(location.path): " ".join(location.leading_comments.split())
                        for location in file.source_code_info.location}
            for number, value in enumerate(enum.value):
                comment = comments[(5, index, 2, number)]
                match = re.fullmatch(r"([A-Z_]+)\. (.*?)(?: \[(.*)\])?", comment)
                if value.number == 0:
                    continue
                name = value.name.removeprefix("REASON_")
                if match is None or match[1] not in CODES:
                    contract.complain(name, "its comment does not begin with a code")
                    continue
                rows.append(f"| `{name}` | {match[1]} | {match[2]} | {match[3] or ''} |")
    return "\n".join(rows)


def check_document(contract, document):
    if reason_table(contract) not in document.read_text():
        contract.complain(document.name, f"its table of reasons is stale: {sys.argv[0]} API prints it")


def check_service_config(contract, config):
    methods = {(f"{PACKAGE}.{service}", method.name): method
               for service, method in contract.methods()}
    named = [((name["service"], name.get("method")), entry)
             for entry in config["methodConfig"] for name in entry["name"]]
    for key in sorted(set(methods) - {key for key, _ in named}):
        contract.complain("service_config.json", f"{'.'.join(key)} is missing")
    for key, entry in named:
        where = f"service_config.json: {key[0]}.{key[1]}"
        method = methods.get(key)
        if method is None or sum(1 for other, _ in named if other == key) != 1:
            contract.complain(where, "no such method, or named twice")
            continue
        fields = {field.name for field in contract.messages[method.input_type].field}
        safe = (READS.match(method.name) or method.name in IDEMPOTENT
                or fields & {"request_id", "client_message_id"})
        if method.server_streaming and ("timeout" in entry or "retryPolicy" in entry):
            contract.complain(where, "a stream with a deadline or a retry policy")
        if not method.server_streaming and "timeout" not in entry:
            contract.complain(where, "no deadline")
        if "retryPolicy" in entry and not safe:
            contract.complain(where, "is retried though a retry could act twice")


def main():
    api = pathlib.Path(sys.argv[1])
    contract = Contract(api)
    if len(sys.argv) == 2:
        print(reason_table(contract))
        return 0
    for check in (check_mutations, check_access, check_bounds, check_lists, check_event,
                  check_reasons):
        check(contract)
    check_document(contract, pathlib.Path(sys.argv[2]))
    check_service_config(contract, json.loads((api / "service_config.json").read_text()))
    print("\n".join(contract.problems) or
          f"{sum(1 for _ in contract.methods())} methods, {len(contract.reasons)} reasons: fine")
    return 1 if contract.problems else 0


if __name__ == "__main__":
    sys.exit(main())
