#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# System calls that fail, one at a time, in every process: what cannot be done is said, nothing crashes, nothing that was
# acknowledged is lost, and without the fault the incident goes on.
set -eu
. "$(dirname "$0")/lib.sh"
scripted 4s
runs=0

# What is read and written here: a pipe or a socket fails in no such way, and libuv would wait for its own for ever.
files=
for file in timeline.jsonl timeline-2.jsonl timeline-2.jsonl.new frozen/runbook.yaml.new frozen/runbook.yaml; do
	files="$files -P $work/it/$file"
done
for step in one two three; do
	for file in output.log request.json.new result.json.new result.json; do
		files="$files -P $work/it/attempts/$step/1/$file"
	done
done
# of CALLS: where they are to fail.
of() {
	case $1 in
	write* | read*) echo "$files" ;;
	esac
}

# failing CALLS ERROR N: runs the incident with the Nth of these calls of each process failing.
failing() {
	rm -rf it it.* ./*.ran trace
	code=0
	# shellcheck disable=SC2046
	timeout -k 5 300 strace -f -qq -o trace $(of "$1") -e trace="$1" -e inject="$1:error=$2:when=$3" -e signal=none \
		"$RELIGHT" run scripted.yaml --headless --dir it >it.out 2>it.err </dev/null || code=$?
	runs=$((runs + 1))
	[ "$code" != 124 ] && [ "$code" != 137 ] || fail "$where: hangs"
	case $code in
	0 | 1 | 2 | 3) ;;
	134) [ ! -e it/timeline.jsonl ] || fail "$where: aborted: $(cat it.err)" ;; # libuv, without its first pipes
	*) fail "$where: exit $code: $(cat it.err)" ;;
	esac
	[ "$code" = 0 ] || [ -s it.err ] || fail "$where: exit $code, and nothing is said"
}

# most CALLS: how many of them one process makes at most.
most() {
	rm -rf it it.* ./*.ran trace
	# shellcheck disable=SC2046
	strace -f -qq -o trace $(of "$1") -e trace="$1" -e signal=none "$RELIGHT" run scripted.yaml --headless --dir it >it.out 2>&1
	grep -v resumed trace | cut -d' ' -f1 | sort | uniq -c | sort -rn | awk 'NR == 1 {print $1}'
}

cat >faults <<'F'
write,pwrite64 ENOSPC
write,pwrite64 EIO
fsync EIO
fdatasync EIO
openat EMFILE
openat ENOSPC
renameat,renameat2 EIO
mkdirat,mkdir ENOSPC
ftruncate EIO
fallocate ENOSPC
flock ENOLCK
pipe2 EMFILE
socketpair EMFILE
clone,clone3,fork,vfork EAGAIN
read EIO
F
while read -r calls error; do
	count=$(most "$calls")
	for n in $(points "${count:-1}" 5); do
		where="$calls fails with $error, call $n"
		failing "$calls" "$error" "$n"
		resumed it it.out
		if [ "$came" = 0 ]; then
			[ "$(cat one.ran two.ran three.ran | wc -l)" = 3 ] || fail "$where: something was not done"
		fi
	done
done <faults
echo "ok test_errors.sh: $runs runs, seed $FAULTS_SEED"
