#!/usr/bin/env bash
# compiles.sh IMPORT_DIR INCLUDE_DIR...: what golden/ holds compiles without a warning, as C11 with
# every compiler that is there, and each header alone, as C++.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
imports=${1:?usage: compiles.sh IMPORT_DIR INCLUDE_DIR...}
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

includes=("-I$here/golden" -isystem "$work")
for directory in "$@"; do
    includes+=("-I$directory")
done
(cd "$here/golden" && protoc --proto_path=. --proto_path="$imports" --c_out="$work" ./*.proto)

warnings=(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wpedantic -Werror)
for source in "$here"/golden/*.grpc-c.c; do
    for compiler in gcc clang; do
        command -v "$compiler" >/dev/null || continue
        "$compiler" -std=c11 "${warnings[@]}" "${includes[@]}" -fsyntax-only "$source" || failed=1
    done
    # protobuf-c does not keep methods from being called like keywords of C++.
    [ "$(basename "$source")" = taken.grpc-c.c ] && continue
    header=$(basename "$source" .c).h
    echo "#include \"$header\"" | g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "${includes[@]}" \
        -fsyntax-only -x c++ - || failed=1
done
exit $failed
