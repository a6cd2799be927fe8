#!/usr/bin/python3
"""The command-line client as a real process, against a server with made-up data.

run.py LIVECONV FAKE_SERVER GOLDEN_DIRECTORY [--update]

Tables, JSON and errors are compared with golden files; join runs without a terminal and on one.
"""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

LIVECONV, FAKE_SERVER, GOLDEN = sys.argv[1:4]
UPDATE = "--update" in sys.argv[4:]
FINE, MISSING, FULL, FLAKY = (f"00000000-0000-7000-8000-00000000000{n}" for n in "1457")
AWAY, GONE, BACK_SOON, CUT = (f"00000000-0000-7000-8000-00000000000{n}" for n in "0689")
PATIENCE_S = 30


class Server:
    def __init__(self, *arguments, host="127.0.0.1"):
        self.process = subprocess.Popen(
            [FAKE_SERVER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE
        )
        self.address = host + ":" + self.process.stdout.readline().decode().strip()

    def close(self):
        _, errors = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, errors.decode()
        return errors.decode()


def environment(server, **more):
    known = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS") or k == "PATH"}
    return {**known, "TZ": "UTC", "TERM": "xterm", "LIVECONV_SERVER": server.address,
            "LIVECONV_TOKEN": "Alice", **more}


def golden(name, text):
    path = os.path.join(GOLDEN, name)
    if UPDATE:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        return file.read()


class Terminal:
    """The client on a terminal of its own, 100 columns wide."""

    def __init__(self, server, *arguments, **more):
        self.seen = ""
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execve(LIVECONV, [LIVECONV, *arguments], environment(server, **more))
        self.pid = pid

    def read(self, timeout):
        if select.select([self.fd], [], [], timeout)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.seen += data.decode("utf-8", "replace")
            return bool(data)
        return True

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            if time.monotonic() > end or not self.read(0.2):
                raise AssertionError(f"{text!r} did not come; this did: {self.seen!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        end = time.monotonic() + PATIENCE_S
        while self.read(0.2):
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"did not end: {self.seen!r}")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Watcher:
    """conversations watch, with what it has printed so far."""

    def __init__(self, server, *arguments):
        self.process = subprocess.Popen([LIVECONV, *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment(server))
        self.seen = ""
        os.set_blocking(self.process.stdout.fileno(), False)

    def wait_for(self, text, times=1):
        end = time.monotonic() + PATIENCE_S
        while self.seen.count(text) < times:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{text!r} did not come {times} times: {self.seen!r}")
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                self.seen += (self.process.stdout.read() or b"").decode()

    def end(self, signal_number=None):
        if signal_number is not None:
            self.process.send_signal(signal_number)
        os.set_blocking(self.process.stdout.fileno(), True)
        out, errors = self.process.communicate(timeout=PATIENCE_S)
        self.seen += out.decode()
        return self.process.returncode, errors.decode()


class Cli(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = Server()

    def tearDown(self):
        if self.server.process.poll() is None:
            self.server.close()

    def run_cli(self, *arguments, text="", **more):
        done = subprocess.run([LIVECONV, *arguments], input=text.encode(), capture_output=True,
                              env=environment(self.server, **more), timeout=60, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def check(self, name, code, *arguments, **more):
        got, out, errors = self.run_cli(*arguments, **more)
        self.assertEqual(golden(name, out + errors), out + errors)
        self.assertEqual(code, got)

    def test_list_is_an_aligned_table_also_with_wide_characters(self):
        self.check("list.txt", 0, "conversations", "list")

    def test_list_as_json_is_one_object_a_line(self):
        self.check("list.json", 0, "--json", "conversations", "list", "--facets")

    def test_show_tells_everything(self):
        code, out, _ = self.run_cli("conversations", "show", FINE)
        out = re.sub(r"\(in \d+ days\)", "(in N days)", out)
        self.assertEqual(golden("show.txt", out), out)
        self.assertEqual(0, code)

    def test_refusal_tells_code_reason_metadata_and_remedy(self):
        self.check("full.txt", 5, "book", FULL)

    def test_refusal_as_json(self):
        self.check("full.json", 5, "--json", "book", FULL)

    def test_not_found_has_an_exit_code_of_its_own(self):
        self.check("missing.txt", 4, "conversations", "show", MISSING)

    def test_violated_fields_are_named(self):
        self.check("violations.txt", 2, "book", "no-uuid")

    def test_no_token_is_denied(self):
        self.check("no_token.txt", 3, "book", FINE, LIVECONV_TOKEN="")

    def test_a_change_keeps_its_request_id_over_retries(self):
        code, out, errors = self.run_cli("--json", "book", FLAKY)
        self.assertEqual((0, ""), (code, errors))
        self.assertEqual("BOOKING_STATUS_CONFIRMED", json.loads(out)["booking"]["status"])

    def test_wrong_command_lines_are_explained(self):
        for name, arguments in {
            "usage_none.txt": [],
            "usage_unknown.txt": ["dance"],
            "usage_option.txt": ["book", FINE, "--colour"],
            "usage_enum.txt": ["conversations", "list", "--level", "a1,z9"],
            "usage_time.txt": ["conversations", "list", "--from", "yesterday"],
            "usage_missing.txt": ["say", FINE],
        }.items():
            self.check(name, 2, *arguments)

    def test_nobody_listening_is_told(self):
        code, _, errors = self.run_cli("--server", "127.0.0.1:1", "--timeout", "2", "home")
        self.assertEqual(7, code)
        self.assertIn("is the server running?", errors)

    def test_every_help_teaches(self):
        code, out, _ = self.run_cli("--help")
        self.assertEqual(0, code)
        commands = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)  ", out, re.MULTILINE)
        self.assertGreater(len(commands), 18)
        for command in commands:
            code, text, _ = self.run_cli(*command.split(), "--help")
            self.assertEqual(0, code)
            self.assertTrue(text.startswith(f"Usage: liveconv {command}"), text)

    def test_lines_of_a_pipe_are_sent_and_seen_in_order(self):
        code, out, errors = self.run_cli("join", FINE, text="one\ntwo\nthree\n")
        self.assertEqual((0, ""), (code, errors))
        self.assertEqual(golden("join.txt", out), out)
        self.assertIn("left: Alice 7", self.server.close())

    def test_a_cut_connection_is_taken_up_where_it_stood(self):
        code, out, errors = self.run_cli("join", FINE, text="one\ncut\ntwo\n")
        self.assertEqual((0, ""), (code, errors))
        self.assertEqual(["one", "cut", "two"], re.findall(r"Alice: (\w+)", out))
        self.assertIn("-- back", out)

    def test_a_message_that_was_turned_away_is_sent_again(self):
        code, out, errors = self.run_cli("join", FINE, text="turned away\n")
        self.assertEqual((0, ""), (code, errors))
        self.assertEqual(["turned"], re.findall(r"Alice: (\w+)", out))

    def test_a_goodbye_is_followed_without_a_word(self):
        code, out, errors = self.run_cli("join", FINE, text="one\ngoodbye\ntwo\n")
        self.assertEqual((0, ""), (code, errors))
        self.assertEqual(["one", "goodbye", "two"], re.findall(r"Alice: (\w+)", out))
        self.assertNotIn("-- back", out)

    def test_a_snapshot_takes_the_place_of_what_is_not_kept(self):
        code, out, errors = self.run_cli("--json", "join", FINE, text="one\ntrim\ntwo\n")
        self.assertEqual((0, ""), (code, errors))
        lines = [json.loads(line) for line in out.splitlines()]
        reasons = [line["snapshot"]["reason"] for line in lines if "snapshot" in line]
        self.assertEqual(["SNAPSHOT_REASON_INITIAL", "SNAPSHOT_REASON_TRIMMED"], reasons)
        last = [n for n, line in enumerate(lines) if "snapshot" in line][-1]
        said = [m["content"] for m in lines[last]["snapshot"]["conversation"]["messages"]]
        said += [line["event"]["message_sent"]["content"] for line in lines[last:] if "event" in line]
        self.assertEqual(["one", "trim", "two"], said)

    def test_a_watched_list_tells_what_changes_and_what_goes(self):
        watcher = Watcher(self.server, "conversations", "watch")
        watcher.wait_for("Escape")
        self.assertEqual(0, self.run_cli("book", FINE)[0])
        watcher.wait_for("changed")
        self.assertEqual(0, self.run_cli("book", GONE)[0])
        watcher.wait_for("gone")
        self.assertEqual((0, ""), watcher.end(signal.SIGINT))
        self.assertEqual(golden("watch.txt", watcher.seen), watcher.seen)

    def test_a_watched_list_as_json_is_one_object_a_message(self):
        watcher = Watcher(self.server, "--json", "conversations", "watch")
        watcher.wait_for("\n")
        self.run_cli("book", FINE)
        watcher.wait_for("\n", 2)
        self.run_cli("book", GONE)
        watcher.wait_for("\n", 3)
        self.assertEqual((0, ""), watcher.end(signal.SIGTERM))
        first, second, third = (json.loads(line) for line in watcher.seen.splitlines())
        self.assertEqual(3, len(first["snapshot"]["conversations"]))
        self.assertEqual([FINE], [c["id"] for c in second["changes"]["changed"]])
        self.assertEqual(4, second["changes"]["changed"][0]["seats_left"])
        self.assertEqual([GONE], third["changes"]["removed_ids"])

    def test_a_watch_has_the_filters_of_the_list(self):
        watcher = Watcher(self.server, "--json", "conversations", "watch", "--language", "ja")
        watcher.wait_for("\n")
        self.assertEqual((0, ""), watcher.end(signal.SIGINT))
        self.assertEqual(1, len(json.loads(watcher.seen)["snapshot"]["conversations"]))
        self.assertEqual(2, self.run_cli("conversations", "watch", "--level", "z9")[0])

    def test_a_watch_comes_back_after_a_cut_and_after_a_goodbye(self):
        watcher = Watcher(self.server, "conversations", "watch")
        watcher.wait_for("Japanese over lunch")
        self.run_cli("book", CUT)
        watcher.wait_for("Japanese over lunch", 2)
        self.run_cli("book", BACK_SOON)
        watcher.wait_for("Japanese over lunch", 3)
        self.run_cli("book", FINE)
        watcher.wait_for("changed")
        self.assertEqual((0, ""), watcher.end(signal.SIGINT))

    def test_a_watch_that_is_sent_away_for_good_ends(self):
        watcher = Watcher(self.server, "conversations", "watch")
        watcher.wait_for("Japanese over lunch")
        self.run_cli("book", AWAY)
        code, errors = watcher.end()
        self.assertEqual(3, code)
        self.assertEqual("liveconv: you are suspended\n", errors)

    def test_a_booking_is_cancelled(self):
        self.check("cancel_booking.txt", 0, "cancel-booking", FINE)
        code, out, errors = self.run_cli("--json", "cancel-booking", FINE)
        self.assertEqual((0, ""), (code, errors))
        self.assertEqual("BOOKING_STATUS_CANCELLED", json.loads(out)["booking"]["status"])

    def test_a_booking_that_cannot_be_cancelled_is_told(self):
        self.check("cancel_booking_missing.txt", 4, "cancel-booking", MISSING)
        self.check("cancel_booking_closed.txt", 5, "cancel-booking", FULL)
        self.check("cancel_booking_usage.txt", 2, "cancel-booking")

    def test_tls_checks_the_certificate_of_the_server(self):
        with tempfile.TemporaryDirectory(prefix="lc-") as home:
            server = Server(home, host="localhost")
            try:
                def ask(*options, address=server.address, **more):
                    done = subprocess.run(
                        [LIVECONV, "--server", address, "--timeout", "3", *options,
                         "conversations", "list"], capture_output=True, timeout=60, check=False,
                        env=environment(server, **more))
                    return done.returncode, done.stdout.decode(), done.stderr.decode()

                authority, other = os.path.join(home, "ca.pem"), os.path.join(home, "other.pem")
                for code, out, errors in (ask("--tls", "--ca-file", authority),
                                          ask("--ca-file", authority),
                                          ask(LIVECONV_CA_FILE=authority)):
                    self.assertEqual((0, ""), (code, errors))
                    self.assertIn("Japanese over lunch", out)
                # Another authority, the system's, another name, in the clear, and TLS to the clear.
                number = server.address.rpartition(":")[2]
                for code, out, errors in (ask("--ca-file", other), ask("--tls"),
                                          ask("--ca-file", authority,
                                              address=f"127.0.0.1:{number}"),
                                          ask(), ask("--ca-file", authority,
                                                     address=self.server.address)):
                    self.assertEqual((7, ""), (code, out), errors)
                    self.assertIn("See --server and --tls", errors)
                code, _, errors = ask("--ca-file", os.path.join(home, "no.pem"))
                self.assertEqual(2, code)
                self.assertIn("no.pem", errors)
            finally:
                server.close()

    def test_two_people_on_terminals_see_each_other(self):
        alice = Terminal(self.server, "join", FINE)
        alice.wait_for("1 here:")
        ben = Terminal(self.server, "join", FINE, LIVECONV_TOKEN="Ben")
        ben.wait_for("1 here:")
        alice.type("helo\x7fこ\x7flo\n")
        ben.wait_for("Alice\x1b[0m: hello")
        ben.type("hi there\x17you\n")
        alice.wait_for("Ben\x1b[0m: hi you")
        ben.type("/who\n")
        ben.wait_for("Yuki\x1b[0m, host")
        ben.type("/quit\n")
        self.assertEqual(0, ben.end())
        alice.type("\x03")
        self.assertEqual(0, alice.end())
        said = self.server.close()
        self.assertIn("left: Alice 7", said)
        self.assertIn("left: Ben 7", said)

    def test_colours_are_left_out_when_asked(self):
        terminal = Terminal(self.server, "conversations", "list", NO_COLOR="1")
        self.assertEqual(0, terminal.end())
        self.assertIn("CONVERSATION", terminal.seen)
        self.assertNotIn("\x1b", terminal.seen)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
