#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In a trace of all processes: nothing is run before the sync of its intent has returned. (Of actions on a cluster the same
# is seen by tests/kubernetes/test_trace.sh.)
set -eu
. "$(dirname "$0")/lib.sh"

cat >traced.yaml <<'Y'
relight: 1
name: traced
steps:
  - {id: first, run: {command: ["true"]}}
  - {id: second, run: {shell: 'env true; true | cat'}}
  - {id: fails, run: {command: ["false"]}, retries: 1}
  - {id: learns, needs: [second], run: {command: [echo, '{"x":1}']}, expect: {jq: .x == 1}}
  - {id: beside, needs: [], run: {shell: 'sleep 0.1'}}
  - {id: besides, needs: [], run: {command: [sleep, "0.1"]}}
Y
# The disk takes its time, so that whatever does not wait for it comes before.
code=0
strace -f -qq -s 65536 -o trace -e trace=process,write,fdatasync,connect -e signal=none -e inject=fdatasync:delay_enter=100000 \
	"$RELIGHT" run traced.yaml --headless --parallel 3 --dir it >out 2>err </dev/null || code=$?
[ "$code" = 1 ] || fail "exit $code: $(cat err)"
python3 "$tests_faults/trace.py" trace it/timeline.jsonl || fail 'too early'
# A trace in which nothing is synced does not pass.
sed '/fdatasync/d' trace >broken
python3 "$tests_faults/trace.py" broken it/timeline.jsonl 2>why && fail 'a trace without a sync passes'
says why 'was not synced'
echo "ok test_trace.sh"
