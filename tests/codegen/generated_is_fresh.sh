#!/usr/bin/env bash
# generated_is_fresh.sh PLUGIN: fails when generated/ is not what the plugin makes of api/.
# Exit code 77, skipped, where protoc or protobuf-c are of other versions: their output differs.
set -euo pipefail
plugin=${1:?usage: generated_is_fresh.sh PLUGIN}
cd "$(dirname "$0")/../.."

expect() { # expect NAME VERSION ACTUAL
    [ "$3" = "$2" ] && return
    echo "skipped: $1 is ${3:-missing}, and generated/ was made with $2"
    exit 77
}
expect protoc 3.21.12 "$(protoc --version | sed -n 's/^libprotoc //p')"
expect protobuf-c 1.4.1 "$(protoc-c --version | sed -n 's/^protobuf-c //p')"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
ci/generate --plugin "$plugin" --out "$fresh"
diff -r --exclude=CMakeLists.txt --unified=1 generated "$fresh" | head -n 60 || true
[ -z "$(diff -rq --exclude=CMakeLists.txt generated "$fresh")" ] || {
    echo "generated/ is stale: run ci/generate and commit what it writes"
    exit 1
}

# Everything that was generated is also built.
(cd "$fresh" && find . -name '*.grpc-c.c' | sed 's|^\./||; s|\.grpc-c\.c$||') | while read -r stem; do
    grep -qx "    $stem" generated/CMakeLists.txt || {
        echo "generated/CMakeLists.txt does not list $stem"
        exit 1
    }
done
