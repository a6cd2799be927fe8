"""The suite of `ci/bench rpc`: runs the servers and the one client, compares, prints.

A value is what an operation costs the server: its process clock divided by the operations, or for
idle streams the growth of its resident memory. Each run has a server process of its own. A round
runs every side of a case once, each round beginning with another side, so that what disturbs the
machine disturbs all of them alike. A ratio is ours / the peer's of the same round; less is better.
The peer `self` is the same server again (A/A): how far its ratio is from 1 is the noise. In
streams_5000_vs_500 `self` is our own server with 500 streams.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

OURS = "ours"
# Shown, and compared with nothing: how the peer grows, and what our server takes when it wakes up
# for each call instead of spacing its wake-ups (rpc_server_options.wakeup_interval_us).
ASYNC_FEW = "grpc++_async_500"
AT_ONCE = "ours_at_once"
SHOWN_ONLY = (ASYNC_FEW, AT_ONCE)
SERVER_LIFE_SECONDS = 240
RUN_TIMEOUT_SECONDS = 200
# Share of the machine that others may use before figures are called disturbed.
DISTURBED = 0.05


@dataclass(frozen=True)
class Side:
    """One server under one load."""

    name: str
    program: str
    server_args: tuple = ()
    load_args: tuple = ()


@dataclass(frozen=True)
class Case:
    name: str
    unit: str
    load: tuple
    full: tuple  # load arguments of a full run, short: many rounds tell more than long ones
    quick: tuple  # and of a quick one
    sides: tuple  # the first is ours
    limits: dict  # peer -> greatest ratio that is asked for


def ours(name=OURS, load_args=()):
    return Side(name, "bench_server", (), load_args)


def at_once():
    return Side(AT_ONCE, "bench_server", ("--wakeup-interval", "0"))


def asynchronous(name="grpc++_async", batch=64, load_args=()):
    return Side(name, "bench_async_server", ("--batch", str(batch)), load_args)


def callback(name="grpc++_callback", batch=64, load_args=()):
    return Side(name, "bench_callback_server", ("--batch", str(batch)), load_args)


def options(**values):
    return tuple(
        text
        for name, value in values.items()
        for text in ("--" + name.replace("_", "-"), str(value))
    )


FEW = options(streams=500, topics=1)
MANY = options(streams=5000, topics=10)

CASES = (
    Case(
        "unary_saturated",
        "us_cpu_per_call",
        ("unary",) + options(connections=8, in_flight=8),
        options(warmup_ms=300, duration_ms=1500),
        options(warmup_ms=200, duration_ms=600),
        (ours(), asynchronous(), callback(), ours("self"), at_once()),
        {"grpc++_async": 1.0},
    ),
    Case(
        "unary_open_loop",
        "us_cpu_per_call",
        ("unary",) + options(connections=16, rate=5000),
        options(warmup_ms=300, duration_ms=1500),
        options(warmup_ms=200, duration_ms=600),
        (ours(), asynchronous(), callback(), ours("self"), at_once()),
        {"grpc++_callback": 0.45},
    ),
    Case(
        "fanout_1000_connections",
        "us_cpu_per_delivery",
        ("streams",) + options(connections=1000, streams=1000, rate=20),
        options(warmup_ms=300, duration_ms=1500),
        options(warmup_ms=100, duration_ms=600),
        (ours(), asynchronous(), callback(), ours("self")),
        {"grpc++_async": 1.0, "grpc++_callback": 0.65},
    ),
    Case(
        "fanout_backlog",
        "us_cpu_per_event",
        ("streams",) + options(connections=50, streams=1000),
        options(events=256, publishes=2),
        options(events=128, publishes=1),
        (
            ours(),
            callback("grpc++_naive", batch=1),
            asynchronous("grpc++_batching"),  # no dearer than the callback API's
            ours("self"),
        ),
        {"grpc++_naive": 0.08, "grpc++_batching": 1.0},
    ),
    Case(
        "idle_stream_bytes",
        "bytes_per_stream",
        ("idle",),
        options(connections=2100, streams=2100),
        options(connections=400, streams=400),
        (ours(), asynchronous(), callback(), ours("self")),
        {"grpc++_async": 0.95},
    ),
    Case(
        "streams_5000_vs_500",
        "us_cpu_per_delivery",
        ("streams",) + options(connections=50, rate=20),
        options(warmup_ms=500, duration_ms=2000),
        options(warmup_ms=500, duration_ms=600),
        (
            ours(load_args=MANY),
            ours("self", load_args=FEW),
            asynchronous(load_args=MANY),
            asynchronous(ASYNC_FEW, load_args=FEW),
        ),
        {"self": 1.3},
    ),
)


class Failure(Exception):
    pass


def start_server(programs, side):
    command = [os.path.join(programs, side.program), "--life", str(SERVER_LIFE_SECONDS)]
    server = subprocess.Popen(command + list(side.server_args), stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    if not line.startswith("port="):
        stop_server(server)
        raise Failure(f"{side.program} did not start")
    return server, int(line[len("port=") :])


def stop_server(server):
    server.kill()
    server.wait()
    server.stdout.close()


def busy_seconds():
    """What all processors together have worked since the machine started, stolen time included."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(
            int, stat.readline().split()[1:9]
        )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_watched(programs, case, side, quick):
    """As run_once; the report also tells how much of the machine others used meanwhile."""
    start, busy, ours_before = time.monotonic(), busy_seconds(), children_seconds()
    value, report = run_once(programs, case, side, quick)
    others = busy_seconds() - busy - (children_seconds() - ours_before)
    report["others"] = max(0.0, others / (time.monotonic() - start) / os.cpu_count())
    return value, report


def run_once(programs, case, side, quick):
    """The value of one run, and the client's report."""
    server, port = start_server(programs, side)
    try:
        command = [os.path.join(programs, "bench_load"), *case.load]
        command += ["--target", f"127.0.0.1:{port}", "--pid", str(server.pid)]
        command += [*(case.quick if quick else case.full), *side.load_args]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=RUN_TIMEOUT_SECONDS, check=False
        )
        if done.returncode != 0:
            raise Failure(f"{case.name} on {side.name}: the client failed")
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{case.name} on {side.name}: no end") from error
    finally:
        stop_server(server)
    if report["operations"] == 0:
        raise Failure(f"{case.name} on {side.name}: nothing was done")
    if case.unit == "bytes_per_stream":
        return report["rss_bytes"] / report["operations"], report
    return report["cpu_ns"] / 1000 / report["operations"], report


def run_case(programs, case, rounds, quick):
    """Values and reports of every side, a list entry per round."""
    values = {side.name: [] for side in case.sides}
    reports = {side.name: [] for side in case.sides}
    for number in range(rounds):
        shift = number % len(case.sides)
        for side in case.sides[shift:] + case.sides[:shift]:
            value, report = run_watched(programs, case, side, quick)
            values[side.name].append(value)
            reports[side.name].append(report)
            print(
                f"  {case.name} round {number + 1}/{rounds} {side.name:<26}{value:>12.2f}",
                file=sys.stderr,
                flush=True,
            )
    return values, reports


def median_of(reports, name):
    return statistics.median(report[name] for report in reports)


def print_sides(case, values, reports):
    print(f"\n{case.name} ({case.unit})")
    print(f"  {'':<26}{'median':>10}{'min':>10}{'max':>10}{'per s':>12}{'p50 us':>10}{'p99 us':>10}")
    for name, rows in values.items():
        wall = statistics.median(r["operations"] * 1e9 / r["wall_ns"] for r in reports[name])
        print(
            f"  {name:<26}{statistics.median(rows):>10.2f}{min(rows):>10.2f}{max(rows):>10.2f}"
            f"{wall:>12.0f}{median_of(reports[name], 'p50_us'):>10.0f}"
            f"{median_of(reports[name], 'p99_us'):>10.0f}"
        )
        late = sum(report["late"] for report in reports[name])
        if late:
            print(f"  {name}: {late} calls were skipped, the server did not keep up")
    others = statistics.median(report["others"] for rows in reports.values() for report in rows)
    if others > DISTURBED:
        print(f"  disturbed: others used {others:.0%} of the machine; repeat this when it is quiet")


def compare(case, values):
    """One result line per peer."""
    lines = []
    mine = values.get(OURS)
    if mine is None:
        return lines
    for name, theirs in values.items():
        if name == OURS or name in SHOWN_ONLY:
            continue
        ratios = [a / b for a, b in zip(mine, theirs)]
        lines.append(
            {
                "bench": "rpc",
                "case": case.name,
                "peer": name,
                "unit": case.unit,
                "value": round(statistics.median(mine), 3),
                "peer_value": round(statistics.median(theirs), 3),
                "ratio": round(statistics.median(ratios), 4),
                "rounds": len(ratios),
                "ratio_min": round(min(ratios), 4),
                "ratio_max": round(max(ratios), 4),
            }
        )
    return lines


def print_ratios(case, lines):
    for line in lines:
        limit = case.limits.get(line["peer"])
        verdict = ""
        if limit is not None:
            verdict = f"  asked <= {limit:.2f}: {'yes' if line['ratio'] <= limit else 'NO'}"
        print(
            f"  ours / {line['peer']:<26}{line['ratio']:>7.3f}"
            f"  ({line['ratio_min']:.3f} .. {line['ratio_max']:.3f}){verdict}"
        )


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < 4096:
        raise Failure(f"at most {hard} open files are allowed: 4096 are needed")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="ci/bench rpc")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--results", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, help="default 7, with --quick 1")
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES], help="only this one"
    )
    parser.add_argument("--peers-only", action="store_true", help="leave our own server out")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = 1 if arguments.quick else 7
    if arguments.rounds < 1:
        parser.error("--rounds is at least 1")
    return arguments


def chosen_cases(arguments):
    for case in CASES:
        if arguments.case and case.name not in arguments.case:
            continue
        sides = case.sides
        if arguments.quick:
            sides = tuple(side for side in sides if side.name not in SHOWN_ONLY)
        if arguments.peers_only:
            sides = tuple(side for side in sides if side.program != "bench_server")
        yield Case(case.name, case.unit, case.load, case.full, case.quick, sides, case.limits)


def main():
    arguments = parse_arguments()
    raise_file_limit()
    lines = []
    for case in chosen_cases(arguments):
        values, reports = run_case(
            arguments.programs, case, arguments.rounds, arguments.quick
        )
        print_sides(case, values, reports)
        compared = compare(case, values)
        print_ratios(case, compared)
        sys.stdout.flush()
        lines += compared
    with open(arguments.results, "w", encoding="utf-8") as results:
        for line in lines:
            results.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"ci/bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
