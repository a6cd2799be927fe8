#!/usr/bin/env bash
# Proves that tests/interop/run can fail: with a client that fails, a server that dies, a server that
# ends badly, and that it passes when all is well. The programs are stand-ins.
set -euo pipefail
run=${1:?usage: run_test.sh path/of/run}
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
failures=0

# programs CLIENT-BODY CODE SERVER-BODY: two shell and Python stand-ins. The server listens, and ends
# with the code when it is asked to: it knows how before it says that it listens.
programs() {
    printf '#!/bin/sh\n%s\n' "$1" >"$build/interop_client"
    cat >"$build/interop_server" <<END
#!/usr/bin/python3
import os, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit($2))
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1].split("=")[1])))
listener.listen(64)
print(f"listening on {listener.getsockname()[1]}", flush=True)
$3
END
    chmod +x "$build/interop_client" "$build/interop_server"
}

# expect CODE WHAT PATTERN: runs two cases in the clear and looks at code and output.
expect() {
    local output code=0
    output=$("$run" --build "$build" --peer '^own>own$' --case '^empty_' 2>&1) || code=$?
    if [ "$code" -eq "$1" ] && grep -q -- "$3" <<<"$output"; then
        echo "ok: $2"
    else
        echo "FAILED: $2: exit code $code: $output" >&2
        failures=$((failures + 1))
    fi
}

waits='while True: signal.pause()'
programs 'exit 0' 0 "$waits"
expect 0 'passes when all is well' '2 cells ok, 0 failed'
programs 'echo the reason; exit 1' 0 "$waits"
expect 1 'a client that fails' 'own>own empty_unary: exit code 1: the reason'
programs 'exit 0' 0 'listener.accept(); os._exit(3)'
expect 1 'a server that dies' 'died with code 3'
programs 'exit 0' 99 "$waits"
expect 1 'a server that ends badly' 'ended with code 99'
exit "$failures"
