"""What `ci/bench api` stands on: a private MariaDB with everything loaded, and liveconvd over it.

Both are started with their own directory, listen on a socket or on loopback, are ended by their own
process id, and die with the driver.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

TENANT = "bench"
ISSUER = "https://id.bench.example"
# Of loaded data that is used again: open conversations begin, and the schedule would be at work.
KEPT_HOURS = 12
SLICES = 10
ROOMS_START_MINUTES = 5  # their doors are open then
START_SECONDS = 60
STOP_SECONDS = 60
LOG_LINES = 10
BUFFER_POOL = "2G"

STEP = re.compile(r"^-- step: (.*)$", re.MULTILINE)


class Failure(Exception):
    pass


@dataclass(frozen=True)
class Size:
    """How much is loaded; everything else follows from the number of conversations."""

    conversations: int

    def numbers(self):
        students = self.conversations // 5
        instructors = self.conversations // 100
        peers = self.conversations // 20
        return {
            "conversations": self.conversations,
            "over": self.conversations * 7 // 10,
            "students": students,
            "heavy": students // 10,
            "instructors": instructors,
            "peers": peers,
            "users": students + instructors + peers,
        }


FULL = Size(100_000)
QUICK = Size(10_000)


def say(text):
    print(text, file=sys.stderr, flush=True)


def start(command, log):
    """A process of its own that does not outlive this one, and that Ctrl-C does not reach.

    setsid and setpriv become the command, so the process id is the command's.
    """
    return subprocess.Popen(
        ["setsid", "setpriv", "--pdeathsig", "KILL", *command], stdout=log, stderr=log
    )


def stop(process):
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# ---- the statements of load.sql


def id_of(number):
    """The id of conversation `number`, as load.sql makes it."""
    return f"0190{number >> 16:04x}-{number & 0xFFFF:04x}-7000-9000-{number:012d}"


def rare_word(letter):
    """SQL: one of 1,728 words of three syllables."""
    syllables = "'ba','ko','du','mi','la','to','re','su','ne','vi','go','pa'"
    of = f"CRC32(CONCAT('{letter}', seq))"
    return "CONCAT({})".format(
        ", ".join(f"ELT(1 + {of} DIV {step} MOD 12, {syllables})" for step in (1, 12, 144))
    )


def fill_in(text, numbers):
    text = re.sub(r":rare\('(\w)'\)", lambda match: rare_word(match[1]), text)
    text = re.sub(r"seq_:from_to_:to", "seq_{from}_to_{to}".format(**numbers), text)
    text = re.sub(r":(\w+)(?![\w(])", lambda match: str(numbers.get(match[1], match[0])), text)
    return re.sub(r":id\((\d+)\)", lambda match: f"'{id_of(int(match[1]))}'", text)


def steps(path, size):
    """(name, statements) of every step, a list entry of statements per slice."""
    with open(path, encoding="utf-8") as file:
        parts = STEP.split(file.read())[1:]
    numbers = size.numbers()
    for name, text in zip(parts[::2], parts[1::2]):
        slices = SLICES if ":from" in text else 1
        yield name, [
            fill_in(
                text,
                numbers
                | {
                    "from": 1 + size.conversations * i // slices,
                    "to": size.conversations * (i + 1) // slices,
                },
            )
            for i in range(slices)
        ]


# ---- the world


class World:
    """Database and server, and the directory that holds them."""

    def __init__(self, liveconvd, size, keep):
        self.liveconvd = liveconvd
        self.size = size
        self.keeps = keep is not None
        self.home = os.path.abspath(keep) if keep else tempfile.mkdtemp(prefix="liveconv-bench-")
        # Short enough for a socket's name.
        self.sockets = tempfile.mkdtemp(prefix="liveconv-bench-")
        self.socket = os.path.join(self.sockets, "db")
        self.config = os.path.join(self.home, "liveconvd.ini")
        self.secret = os.path.join(self.home, "secret")
        self.database = None
        self.server = None
        self.port = 0

    def path(self, name):
        return os.path.join(self.home, name)

    def tail(self, log):
        """The end of a log, for the message of a failure: the directory goes with the bench."""
        with open(self.path(log), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-LOG_LINES:])

    def begin(self):
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        is_loaded = self._is_loaded()
        if not is_loaded:
            self._install()
        self._start_database()
        self._write_config()
        self._migrate()
        if not is_loaded:
            self._load()
        self._open_rooms()
        self._start_server()

    def end(self):
        stop(self.server)
        stop(self.database)
        shutil.rmtree(self.sockets, ignore_errors=True)
        if not self.keeps:
            shutil.rmtree(self.home, ignore_errors=True)

    # -- the database

    def _is_loaded(self):
        try:
            with open(self.path("loaded.json"), encoding="utf-8") as file:
                loaded = json.load(file)
        except (OSError, ValueError):
            return False
        if loaded.get("conversations") != self.size.conversations:
            raise Failure(f"{self.home} holds other data: --keep another directory")
        if time.time() - loaded["time"] > KEPT_HOURS * 3600:
            say(f"what {self.home} holds is older than {KEPT_HOURS} hours: loading again")
            return False
        return True

    def _install(self):
        for name in ("data", "loaded.json"):
            path = self.path(name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.remove(path)
        command = ["mariadb-install-db", "--no-defaults", "--skip-test-db", "--force"]
        command += ["--auth-root-authentication-method=normal", f"--datadir={self.path('data')}"]
        with open(self.path("install.log"), "wb") as log:
            done = subprocess.run(command + self._as_root(), stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise Failure(f"making the database failed:\n{self.tail('install.log')}")

    @staticmethod
    def _as_root():
        return ["--user=root"] if os.geteuid() == 0 else []

    def _start_database(self):
        command = ["mariadbd", "--no-defaults", f"--datadir={self.path('data')}"]
        command += [f"--socket={self.socket}", f"--tmpdir={self.sockets}", "--skip-networking"]
        command += ["--character-set-server=utf8mb4", "--skip-log-bin", "--performance-schema=OFF"]
        command += [f"--innodb-buffer-pool-size={BUFFER_POOL}", "--innodb-log-file-size=1G"]
        command += ["--innodb-flush-log-at-trx-commit=1", "--max-connections=100"]
        with open(self.path("database.log"), "ab") as log:
            self.database = start(command + self._as_root(), log)
        self._wait(self.database, self._answers, "the database", "database.log")
        self._sql("CREATE DATABASE IF NOT EXISTS liveconv CHARACTER SET utf8mb4", None)

    def _answers(self):
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root"]
        command += ["--execute=SELECT 1"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _wait(self, process, is_ready, what, log):
        until = time.monotonic() + START_SECONDS
        while not is_ready():
            if process.poll() is not None or time.monotonic() > until:
                raise Failure(f"{what} did not start:\n{self.tail(log)}")
            time.sleep(0.05)

    def _sql(self, text, database="liveconv"):
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root"]
        command += ["--batch", "--skip-column-names"] + ([database] if database else [])
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"SQL failed: {done.stderr.strip()}")
        return done.stdout

    # -- what it holds

    def _migrate(self):
        done = subprocess.run(
            [self.liveconvd, "--config", self.config, "--migrate-only"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failure(f"migrating failed: {done.stderr.strip()}")

    def _load(self):
        begin = time.monotonic()
        # What load.sql writes keeps the rules; checking each row again would double the time.
        quick = "SET foreign_key_checks = 0, unique_checks = 0, check_constraint_checks = 0;\n"
        script = os.path.join(os.path.dirname(__file__), "api", "load.sql")
        for name, slices in steps(script, self.size):
            since = time.monotonic()
            for number, text in enumerate(slices):
                if sys.stderr.isatty() and number > 0:
                    progress = f"\r  {name} {number}/{len(slices)}"
                    print(progress, end="", file=sys.stderr, flush=True)
                self._sql(quick + text)
            end = "\r" if sys.stderr.isatty() else ""
            say(f"{end}  {name:<40}{time.monotonic() - since:>6.1f} s")
        counts = ", ".join(f"{count:,} {what}" for what, count in self.counts().items())
        say(f"  loaded in {time.monotonic() - begin:.0f} s: {counts}")
        with open(self.path("loaded.json"), "w", encoding="utf-8") as file:
            json.dump({"conversations": self.size.conversations, "time": time.time()}, file)

    def counts(self):
        tables = {
            "users": "users",
            "conversations": "live_conversations",
            "bookings": "live_conversation_bookings",
            "participants": "live_conversation_participants",
            "messages": "live_conversation_messages",
            "search terms": "conversation_terms",
        }
        text = "".join(f"SELECT COUNT(*) FROM {table};\n" for table in tables.values())
        return dict(zip(tables, map(int, self._sql(text).split())))

    def _open_rooms(self):
        """Messages are sent in rooms whose doors are open; kept data has old ones."""
        self._sql(
            "UPDATE live_conversations SET status = 'SCHEDULED',"
            f" startTime = UTC_TIMESTAMP() + INTERVAL {ROOMS_START_MINUTES} MINUTE,"
            " endTime = UTC_TIMESTAMP() + INTERVAL 180 MINUTE, actualStartTime = NULL,"
            " actualEndTime = NULL WHERE tenant_id = 'bench' AND title LIKE 'Room %';"
            "UPDATE live_conversation_bookings b JOIN live_conversations c"
            " ON c.tenant_id = b.tenant_id AND c.id = b.conversationId"
            " SET b.startTime = c.startTime WHERE c.tenant_id = 'bench' AND c.title LIKE 'Room %';"
        )

    # -- the server

    def _write_config(self):
        if not os.path.exists(self.secret):
            descriptor = os.open(self.secret, os.O_WRONLY | os.O_CREAT, 0o600)
            with open(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        with open(self.config, "w", encoding="utf-8") as file:
            # All else is as by default; but the rate limit, as a few senders make all the calls.
            file.write(
                "[server]\naddress = 127.0.0.1:0\n[side]\nport = -1\n[limits]\nrate = 0\n"
                f"[database]\nsocket = {self.socket}\nuser = root\n"
                f"[keys-1]\nissuer = {ISSUER}\ntenants = {TENANT}\n"
                f"roles = student, instructor, admin, service\nsecret-file = {self.secret}\n"
            )

    def _start_server(self):
        log_path = self.path("liveconvd.log")
        with open(log_path, "wb") as log:
            self.server = start([self.liveconvd, "--config", self.config], log)

        def is_ready():
            with open(log_path, encoding="utf-8") as log:
                found = re.search(r'"event":"ready".*?"port":(\d+)', log.read())
            self.port = int(found[1]) if found else 0
            return found is not None

        self._wait(self.server, is_ready, "liveconvd", "liveconvd.log")
