#!/usr/bin/env bash
# Proves that ci/check-layers passes what is right and fails on each kind of wrong line.
set -euo pipefail
check=${1:?usage: check_layers_test.sh path/of/ci/check-layers}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# expect ok|refused WHAT FILE LINE...: a tree with that one file.
expect() {
    local verdict=$1 what=$2 file=$3 result=ok output
    shift 3
    rm -rf "${tree:?}/src" "${tree:?}/clients"
    mkdir -p "$tree/$(dirname "$file")"
    printf '%s\n' "$@" >"$tree/$file"
    output=$("$check" "$tree" 2>&1) || result=refused
    # A refusal must be the check's own, at the line that is wrong (the last one).
    [ "$result" = ok ] || grep -q "^$file:$#: " <<<"$output" || result="refused wrongly: $output"
    if [ "$result" = "$verdict" ]; then
        echo "ok: $what"
    else
        echo "FAILED: $what: expected $verdict, got $result" >&2
        failures=$((failures + 1))
    fi
}

expect ok 'rpc may include base' src/rpc/a.c '#include "base/arena.h"' '#include "rpc/call.h"'
expect ok 'service may include store' src/service/a.c '#include "store/topics.h"'
expect ok 'rpc may include gRPC core' src/rpc/a.c '#include <grpc/grpc.h>' 'grpc_init();'
expect ok 'db may use Connector/C' src/db/a.c '#include <mysql.h>' 'MYSQL *handle;'
expect ok 'comments and strings are not code' src/domain/a.c '/* grpc_call and' ' MYSQL */' \
    'char *s = "grpc_call";' 'int x; // mysql_query'
expect ok 'generated names are not the core' src/service/a.c 'grpc_health_v1_health_check();'
expect ok 'service sees messages' src/service/a.c '#include "liveconv/v1/message.grpc-c.h"'

expect refused 'base includes rpc' src/base/a.c '#include "rpc/call.h"'
expect refused 'a header, too' src/base/a.h '#include "rpc/call.h"'
expect refused 'rpc includes its sibling db' src/rpc/a.c '#include "base/arena.h"' '#include "db/pool.h"'
expect refused 'store includes its sibling live' src/store/a.c '#include "live/ring.h"'
expect refused 'store includes service' src/store/a.c '#include "service/booking.h"'
expect refused 'service includes app' src/service/a.c '#include "app/main.h"'
expect refused 'codegen includes rpc' src/codegen/a.c '#include "rpc/method.h"'
expect refused 'gRPC core in service' src/service/a.c '#include <grpc/grpc.h>'
expect refused 'gRPC names in live' src/live/a.c '' '    grpc_call_unref(call);'
expect refused 'code after a comment' src/live/a.c '/* x' '*/ grpc_call *call;'
expect refused 'Connector/C in store' src/store/a.c '#include <mariadb/mysql.h>'
expect refused 'MYSQL in service' src/service/a.c 'static MYSQL_STMT *statement;'
expect refused 'messages in store' src/store/a.c '#include "liveconv/v1/message.pb-c.h"'
expect refused 'protobuf-c in domain' src/domain/a.c '#include <protobuf-c/protobuf-c.h>'
expect refused 'an include without a layer' src/rpc/a.c '#include "call.h"'
expect refused 'a layer nobody knows' src/misc/a.c '#include <stdio.h>'

[ "$failures" -eq 0 ] || exit 1
