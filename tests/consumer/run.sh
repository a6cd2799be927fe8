#!/usr/bin/env bash
# run.sh BUILD_DIR: installs the runtime and the plugin of a build into a directory of their own and
# builds this project against them, outside the tree: with find_package() and grpc_c_generate(), then
# with pkg-config and protoc alone. Runs what it built.
set -euo pipefail
build=$(cd "${1:?usage: run.sh BUILD_DIR}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/installed" --component grpc-c >/dev/null
cp -r "$here" "$work/source"
cd "$work"

echo "== find_package and grpc_c_generate"
cmake -S source -B with_cmake -G Ninja -DCMAKE_PREFIX_PATH="$work/installed" >cmake.log ||
    { cat cmake.log; exit 1; }
cmake --build with_cmake -- -j2 >build.log || { cat build.log; exit 1; }
ctest --test-dir with_cmake --output-on-failure --no-tests=error
[ "$(cmake --build with_cmake | tail -n 1)" = "ninja: no work to do." ] ||
    { echo "a second build does something"; exit 1; }
touch -d '+2 seconds' "$work/installed/share/grpc-c/proto/grpc_c/v1/options.proto"
[[ $(cmake --build with_cmake -- -n) == *'protoc-gen-grpc-c greeter'* ]] ||
    { echo "a changed import does not generate again"; exit 1; }

echo "== pkg-config and protoc"
pc=$(find installed -name grpc-c.pc)
export PKG_CONFIG_PATH="$work/${pc%/*}"
mkdir with_pkg_config
protoc -Isource -I"$(pkg-config --variable=protodir grpc-c)" \
    --plugin="$(pkg-config --variable=plugin grpc-c)" \
    --c_out=with_pkg_config --grpc-c_out=with_pkg_config \
    --grpc-c_opt='extern=google/*,extern=grpc_c/*' greeter/v1/greeter.proto
# shellcheck disable=SC2046 # flags are words
cc -std=gnu11 -Isource -Iwith_pkg_config $(pkg-config --cflags grpc-c) -o with_pkg_config/run \
    source/main.c source/greeter_service.c with_pkg_config/greeter/v1/greeter.pb-c.c \
    with_pkg_config/greeter/v1/greeter.grpc-c.c $(pkg-config --libs grpc-c)
with_pkg_config/run
