#!/usr/bin/env bash
# What the plugin writes for golden/*.proto and says about errors/*.proto, compared with the files
# beside them.
#
#   golden.sh PLUGIN IMPORT_DIR              IMPORT_DIR holds grpc_c/v1/options.proto
#   golden.sh PLUGIN IMPORT_DIR --update     takes what it writes as right: read the diff
#
# A line `// plugin: ...` in a .proto gives the plugin's parameter.
set -euo pipefail
plugin=${1:?usage: golden.sh PLUGIN IMPORT_DIR [--update]}
imports=${2:?usage: golden.sh PLUGIN IMPORT_DIR [--update]}
update=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

generate() { # generate DIRECTORY PROTO
    local parameter
    parameter=$(sed -n 's|^// plugin: ||p' "$1/$2")
    protoc --plugin=protoc-gen-grpc-c="$plugin" --proto_path="$1" --proto_path="$here/errors/imports" \
        --proto_path="$imports" --grpc-c_out="$work" --grpc-c_opt="$parameter" "$2" 2>&1
}

compare() { # compare EXPECTED ACTUAL
    if [ "$update" = --update ]; then
        cp "$2" "$1"
    elif ! diff -u "$1" "$2"; then
        failed=1
    fi
}

for proto in "$here"/golden/*.proto; do
    stem=$(basename "$proto" .proto)
    if ! generate "$here/golden" "$stem.proto"; then
        echo "golden/$stem.proto: refused"
        failed=1
        continue
    fi
    compare "$here/golden/$stem.grpc-c.h" "$work/$stem.grpc-c.h"
    compare "$here/golden/$stem.grpc-c.c" "$work/$stem.grpc-c.c"
done

for proto in "$here"/errors/*.proto; do
    stem=$(basename "$proto" .proto)
    if generate "$here/errors" "$stem.proto" >"$work/$stem.txt"; then
        echo "errors/$stem.proto: accepted, which is wrong"
        failed=1
    fi
    compare "$here/errors/$stem.txt" "$work/$stem.txt"
done
exit $failed
