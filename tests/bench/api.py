"""The suite of `ci/bench api`: liveconvd over a large database, called as users do.

A private MariaDB is loaded with 100,000 conversations and 1,000,000 bookings (10,000 and 100,000
with --quick), liveconvd is started over it, and each case is a run of bench_api: latencies are the
client's, processor time is that of the two processes, read from outside. All of it shares this
machine, so latencies hold what the client and the database use themselves.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

from api_world import FULL, QUICK, Failure, World, say

RUN_TIMEOUT_SECONDS = 300
MISMATCH = 3  # the exit code of bench_api
OPERATIONS_FEW = 20
# Share of the machine that others may use before latencies say little.
DISTURBED = 0.1
WARMUP_MS = 300
QUICK_WARMUP_MS = 150


@dataclass(frozen=True)
class Case:
    name: str
    arguments: dict = field(default_factory=dict)
    of: str = ""  # the case of bench_api; "": the name
    seconds: float = 3
    quick_seconds: float = 0.6
    limits: dict = field(default_factory=dict)  # figure -> less than


def busy(rate, **more):
    """An open loop: its lanes are as many as the queue of the server may need."""
    return {"rate": rate, "in_flight": 64, **more}


CASES = (
    Case("home", {"in_flight": 1}, limits={"p50_ms": 10.0}, seconds=6),
    Case("home_100_per_second", busy(100), of="home", limits={"p50_ms": 10.0}, seconds=6),
    Case("home_8_in_flight", {"in_flight": 8}, of="home"),
    Case("list_open"),
    Case("list_language"),
    Case("list_rare_language_level"),
    Case("list_free_seats_left"),
    Case("list_instructor"),
    Case("list_newest"),
    Case("list_all_statuses"),
    Case("list_own"),
    Case("search_rare"),
    Case("search_topic"),
    Case("search_common"),
    Case("search_common_all"),
    Case("search_common_prefix"),
    Case("search_common_few"),
    Case("search_common_none"),
    Case("facets_open"),
    Case("facets_language"),
    Case("facets_all_statuses"),
    Case("facets_search_rare"),
    Case("facets_search_topic"),
    Case("facets_search_common"),
    Case("book", {"in_flight": 1}),
    Case("book_16_in_flight", {"in_flight": 16}, of="book"),
    Case("send_1_topic", {"in_flight": 64, "topics": 1}, of="send"),
    Case("send_64_topics", {"in_flight": 64, "topics": 64}, of="send"),
    Case("bookings_200_per_second", busy(200), of="book_and_cancel", seconds=10, quick_seconds=3),
    Case("watchers_1000", busy(200, watchers=1000), of="watchers", seconds=10, quick_seconds=3),
)


def busy_seconds():
    """What all processors together have worked since the machine started, stolen time included."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(
            int, stat.readline().split()[1:9]
        )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_seconds(world):
    """What client, server and database have worked."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = usage.ru_utime + usage.ru_stime
    for process in (world.server, world.database):
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def run_watched(world, program, case, seconds):
    """As run_case; the report also tells how much of the machine others used meanwhile."""
    start, busy, own = time.monotonic(), busy_seconds(), own_seconds(world)
    report = run_case(world, program, case, seconds)
    others = busy_seconds() - busy - (own_seconds(world) - own)
    report["others"] = max(0.0, others / (time.monotonic() - start) / os.cpu_count())
    return report


def run_case(world, program, case, seconds):
    numbers = world.size.numbers()
    arguments = {
        "target": f"127.0.0.1:{world.port}",
        "secret": world.secret,
        "server": world.server.pid,
        "database": world.database.pid,
        "users": numbers["users"],
        "students": numbers["students"],
        "instructors": numbers["instructors"],
        "warmup_ms": QUICK_WARMUP_MS if world.size == QUICK else WARMUP_MS,
        "duration_ms": int(seconds * 1000),
        **case.arguments,
    }
    command = [program, case.of or case.name]
    for name, value in arguments.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=RUN_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{case.name}: no end") from error
    if done.returncode not in (0, MISMATCH):
        raise Failure(f"{case.name}: the client failed; liveconvd:\n{world.tail('liveconvd.log')}")
    return json.loads(done.stdout)


def figures_of(report):
    operations = max(report["operations"], 1)
    wall_s = report["wall_ns"] / 1e9
    figures = {
        "per_second": report["operations"] / wall_s,
        "p50_ms": report["p50_us"] / 1000,
        "p99_ms": report["p99_us"] / 1000,
        "server_cpu_us": report["server_cpu_ns"] / 1000 / operations,
        "database_cpu_us": report["database_cpu_ns"] / 1000 / operations,
        "server_cpu_percent": report["server_cpu_ns"] / report["wall_ns"] * 100,
        "database_cpu_percent": report["database_cpu_ns"] / report["wall_ns"] * 100,
    }
    if report["frames"]:
        figures["frames_per_second"] = report["frames"] / wall_s
    return figures


UNITS = {
    "per_second": "1/s",
    "p50_ms": "ms",
    "p99_ms": "ms",
    "server_cpu_us": "us_cpu_per_call",
    "database_cpu_us": "us_cpu_per_call",
    "server_cpu_percent": "percent_of_a_core",
    "database_cpu_percent": "percent_of_a_core",
    "frames_per_second": "1/s",
    "watchers_unlike_the_list": "watchers",
}


def combine(reports):
    """Of several rounds: the median of each figure, and what was seen least and most."""
    rounds = [figures_of(report) for report in reports]
    figures = {
        name: [statistics.median(values), min(values), max(values)]
        for name in rounds[0]
        for values in [[figures[name] for figures in rounds]]
    }
    if reports[0].get("watches"):
        values = [report["mismatches"] for report in reports]
        figures["watchers_unlike_the_list"] = [max(values), min(values), max(values)]
    return figures


HEADER = (
    f"{'case':<26}{'per s':>9}{'p50 ms':>9}{'p99 ms':>9}{'server us':>11}{'database us':>13}"
    f"{'server %':>10}{'database %':>12}"
)


def print_row(case, figures, reports):
    of = {name: values[0] for name, values in figures.items()}
    print(
        f"{case.name:<26}{of['per_second']:>9.1f}{of['p50_ms']:>9.2f}{of['p99_ms']:>9.2f}"
        f"{of['server_cpu_us']:>11.0f}{of['database_cpu_us']:>13.0f}"
        f"{of['server_cpu_percent']:>10.1f}{of['database_cpu_percent']:>12.1f}"
    )
    notes = []
    for name, limit in case.limits.items():
        notes.append(f"asked {name} < {limit:g}: {'yes' if of[name] < limit else 'NO'}")
    if "watchers_unlike_the_list" in of:
        unlike = int(of["watchers_unlike_the_list"])
        watchers = case.arguments["watchers"]
        verdict = f"NO, {unlike} are not" if unlike else "yes"
        notes.append(f"asked all {watchers} watchers equal to the list: {verdict}")
        notes.append(f"{of['frames_per_second']:.0f} messages/s to them")
    operations = sum(report["operations"] for report in reports)
    for what in ("refused", "late"):
        count = sum(report[what] for report in reports)
        if count:
            notes.append(f"{count} {what}")
    if operations < OPERATIONS_FEW:
        notes.append(f"only {operations} calls")
    others = statistics.median(report["others"] for report in reports)
    if others > DISTURBED:
        notes.append(f"disturbed: others used {others:.0%} of the machine")
    if notes:
        print("    " + "; ".join(notes))
    sys.stdout.flush()


def lines_of(case, figures, others, world):
    for name, values in figures.items():
        line = {
            "bench": "api",
            "case": case.name,
            "unit": UNITS[name],
            "figure": name,
            "value": round(values[0], 3),
            "min": round(values[1], 3),
            "max": round(values[2], 3),
            "conversations": world.size.conversations,
            "others": round(others, 3),
        }
        limit = 1 if name == "watchers_unlike_the_list" else case.limits.get(name)
        if limit is not None:
            line["asked_below"] = limit
            line["met"] = values[0] < limit
        yield line


def run_cases(world, arguments):
    """Result lines; false when watchers ended unlike the list."""
    lines, sound = [], True
    print(HEADER)
    for case in CASES:
        if arguments.case and case.name not in arguments.case:
            continue
        seconds = case.quick_seconds if arguments.quick else case.seconds
        reports = []
        for _ in range(arguments.rounds):
            report = run_watched(world, arguments.program, case, seconds)
            report["watches"] = "watchers" in case.arguments
            reports.append(report)
        figures = combine(reports)
        print_row(case, figures, reports)
        others = statistics.median(report["others"] for report in reports)
        lines += lines_of(case, figures, others, world)
        sound = sound and all(report["mismatches"] == 0 for report in reports)
    return lines, sound


def parse_arguments():
    parser = argparse.ArgumentParser(prog="ci/bench api")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--liveconvd", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--results", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, within a minute")
    parser.add_argument("--rounds", type=int, default=1, help="of each case; default 1")
    parser.add_argument(
        "--keep", metavar="DIR", help="load into this directory, or use what is loaded there"
    )
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES], help="only this one"
    )
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds is at least 1")
    return arguments


def interrupted(_number, _frame):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, interrupted)
    world = World(arguments.liveconvd, QUICK if arguments.quick else FULL, arguments.keep)
    try:
        world.begin()
        say(f"liveconvd serves on 127.0.0.1:{world.port}; figures are in {arguments.results}")
        lines, sound = run_cases(world, arguments)
    finally:
        world.end()
    with open(arguments.results, "w", encoding="utf-8") as results:
        for line in lines:
            results.write(json.dumps(line) + "\n")
    if not sound:
        raise Failure("watchers ended unlike the list")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"ci/bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
