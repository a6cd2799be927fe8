#!/usr/bin/env bash
# Proves that ci/check-catalog passes what is right and fails on each kind of wrong row.
set -euo pipefail
check=${1:?usage: check_catalog_test.sh path/of/ci/check-catalog}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0
mkdir -p "$tree/tests"
cat >"$tree/tests/test_a.c" <<'C'
static void is_run(void **state) {}
static void is_forgotten(void **state) {}
const struct CMUnitTest tests[] = {TEST(is_run), cmocka_unit_test(is_plain),
                                   cmocka_unit_test_setup_teardown(is_set_up, begin, end)};
C
printf 'class A:\n    def test_it(self):\n' >"$tree/tests/run.py"

# expect ok|refused WHAT ROW...: a table with these rows.
expect() {
    local verdict=$1 what=$2 result=ok output
    shift 2
    printf 'id\tcase\ttest\texpected\n' >"$tree/tests/catalog.tsv"
    [ $# -eq 0 ] || printf '%b\n' "$@" >>"$tree/tests/catalog.tsv"
    output=$("$check" "$tree" 2>&1) || result=refused
    # A refusal must be the check's own, at the line that is wrong (the last one).
    [ "$result" = ok ] || grep -q "^tests/catalog.tsv:$(($# + 1)): " <<<"$output" ||
        result="refused wrongly: $output"
    if [ "$result" = "$verdict" ]; then
        echo "ok: $what"
    else
        echo "FAILED: $what: expected $verdict, got $result" >&2
        failures=$((failures + 1))
    fi
}

good='a.one\tcase\ttests/test_a.c:is_run\tOK'
expect ok 'a registered test' "$good"
expect ok 'one registered at length' 'a.one\tcase\ttests/test_a.c:is_set_up\tOK'
expect ok 'one registered plainly' "$good" 'a.two\tcase\ttests/test_a.c:is_plain\tOK'
expect ok 'one of Python' 'a.one\tcase\ttests/run.py:test_it\tOK'
expect refused 'no case'
expect refused 'no such file' "$good" 'a.two\tcase\ttests/test_b.c:is_run\tOK'
expect refused 'no such test' "$good" 'a.two\tcase\ttests/test_a.c:is_gone\tOK'
expect refused 'the beginning of a name' "$good" 'a.two\tcase\ttests/test_a.c:is_ru\tOK'
expect refused 'a test that is not run' "$good" 'a.two\tcase\ttests/test_a.c:is_forgotten\tOK'
expect refused 'no such test of Python' 'a.one\tcase\ttests/run.py:test_that\tOK'
expect refused 'the same id again' "$good" "$good"
expect refused 'an id without a paragraph' 'one\tcase\ttests/test_a.c:is_run\tOK'
expect refused 'a column too few' "$good" 'a.two\tcase\ttests/test_a.c:is_run'
expect refused 'an empty column' "$good" 'a.two\t\ttests/test_a.c:is_run\tOK'
expect refused 'a column too many' "$good" 'a.two\tcase\ttests/test_a.c:is_run\tOK\tmore'
expect refused 'no name' "$good" 'a.two\tcase\ttests/test_a.c\tOK'

[ "$failures" -eq 0 ]
