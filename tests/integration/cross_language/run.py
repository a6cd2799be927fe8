#!/usr/bin/python3
"""Two languages in one conversation: the Python client and the one in C, through a real server.

run.py BUILD_DIRECTORY

A private database and a liveconvd of its own. Both write and read; in the middle the server is
killed and started again. Both must see the same messages, once each, in the same order.
"""

import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[3]
LIVECONVD = BUILD / "src/app/liveconvd"
LIVECONV = BUILD / "clients/cli/liveconv"
PYTHON_CLIENT = ROOT / "clients/python/liveconv_chat.py"
PATIENCE_S = 60


def until(what, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen")
        time.sleep(0.05)


class Client:
    """A process that is written to, and whose lines are collected."""

    def __init__(self, name, *arguments, **more):
        self.lines = []
        self.name = name
        self.process = subprocess.Popen(
            [str(a) for a in arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, "TZ": "UTC", **more})
        self.reader = threading.Thread(target=self.collect)
        self.reader.start()

    def collect(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def write(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def said(self):
        return [m.group(1) for line in self.lines if (m := re.search(r": (#\d+ .*)$", line))]

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        self.reader.join()
        assert code == 0, f"{self.name} ended with {code}: {self.lines}"


class World:
    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.database = self.server = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        (self.home / "secret").write_text(secrets.token_hex(32))

    def start_database(self):
        user = ["--user=root"] if os.getuid() == 0 else []
        data = self.home / "data"
        subprocess.run(["mariadb-install-db", "--no-defaults", "--skip-test-db", "--force",
                        "--auth-root-authentication-method=normal", f"--datadir={data}", *user],
                       check=True, capture_output=True)
        self.database = subprocess.Popen(
            ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={self.home}/db",
             "--skip-networking", "--character-set-server=utf8mb4", *user],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = ["mariadb", "--no-defaults", f"--socket={self.home}/db", "--user=root"]
        until("the database", lambda: subprocess.run(
            [*client, "-e", "SELECT 1"], capture_output=True, check=False).returncode == 0)
        subprocess.run([*client, "-e", "CREATE DATABASE liveconv CHARACTER SET utf8mb4"], check=True)

    def configure(self):
        (self.home / "server.ini").write_text(
            f"[server]\naddress = {self.address}\n[side]\nport = 0\n"
            f"[database]\nsocket = {self.home}/db\nuser = root\n"
            "[keys-1]\nissuer = https://id.liveconv.example\ntenants = demo\n"
            "roles = student, instructor, admin, service\n"
            f"secret-file = {self.home}/secret\nsecret-kid = dev\n")
        subprocess.run([str(LIVECONVD), "--config", str(self.home / "server.ini"),
                        "--migrate-only", "--load", str(ROOT / "db/demo/demo.sql")],
                       check=True, capture_output=True)

    def start_server(self):
        log = open(self.home / "log", "w", encoding="utf-8")
        self.server = subprocess.Popen([str(LIVECONVD), "--config", str(self.home / "server.ini")],
                                       stderr=log)
        log.close()
        until("the server", lambda: self.server.poll() is not None or self.cli(
            "alice", "health", check=False).returncode == 0)
        assert self.server.poll() is None, (self.home / "log").read_text()

    def cli(self, who, *arguments, check=True):
        return subprocess.run(
            [str(LIVECONV), "--server", self.address, "--token-file", str(self.home / who),
             *arguments], check=check, capture_output=True, text=True, timeout=PATIENCE_S)

    def make_tokens(self):
        for who in ("alice", "bob"):
            token = subprocess.run(
                [str(LIVECONV), "token", "--secret-file", str(self.home / "secret"), "--tenant",
                 "demo", "--subject", who, "--name", who.capitalize()],
                check=True, capture_output=True, text=True)
            (self.home / who).write_text(token.stdout)

    def close(self):
        for process in (self.server, self.database):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(PATIENCE_S)


def run(world):
    stubs = world.home / "stubs"
    subprocess.run([str(ROOT / "clients/python/generate"), str(stubs)], check=True)
    world.start_database()
    world.make_tokens()
    world.configure()
    world.start_server()
    created = world.cli("alice", "--json", "conversations", "create", "--title", "Zwei Sprachen",
                        "--type", "group", "--language", "de", "--level", "b1",
                        "--start", "in 1m", "--duration", "45m")
    conversation = json.loads(created.stdout)["conversation"]["id"]
    world.cli("bob", "book", conversation)
    python = Client("python", sys.executable, PYTHON_CLIENT, "--server", world.address,
                    "--token-file", world.home / "alice", conversation,
                    LIVECONV_PYTHON_STUBS=str(stubs))
    c = Client("liveconv", LIVECONV, "--server", world.address, "--token-file",
               world.home / "bob", "join", conversation)
    try:
        until("both are in", lambda: any("Zwei Sprachen" in line for line in python.lines)
              and any("Zwei Sprachen" in line for line in c.lines))
        sent = 0
        for turn in range(3):
            if turn == 1:
                world.server.kill()
                world.server.wait()
            for writer in (python, c, python, c):
                sent += 1
                writer.write(f"#{sent} from {writer.name}, 日本語")
            if turn == 1:
                time.sleep(1)
                world.start_server()
            expected = sent
            until(f"{expected} messages on both sides", lambda: len(python.said()) >= expected
                  and len(c.said()) >= expected)
        python.end()
        c.end()
    finally:
        for client in (python, c):
            if client.process.poll() is None:
                client.process.kill()
    assert len(set(python.said())) == len(python.said()) == sent, python.lines
    assert python.said() == c.said(), (python.lines, c.lines)
    for name in ("python", "liveconv"):
        numbers = [int(s.split()[0][1:]) for s in c.said() if f"from {name}" in s]
        assert numbers == sorted(numbers), c.lines
    assert any("coming back" in line for line in python.lines)
    assert any("-- back" in line for line in c.lines), c.lines
    print(f"{sent} messages, the same on both sides, across a killed server")


def main():
    with tempfile.TemporaryDirectory(prefix="lc-") as home:
        world = World(home)
        try:
            run(world)
        finally:
            world.close()


main()
