#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Targets without a cluster: what a destructive step's target is called, and that nothing acts on what is not known.
set -eu
. "$(dirname "$0")/lib.sh"
unset KUBECONFIG

# --- the typed name is the context that was current when the incident opened ---
cat >name.yaml <<'Y'
relight: 1
name: name
inputs: {site: {ask: Which site}}
scope: {cluster: never-this}
targets:
  ours: {kubernetes: {kubeconfig: "${input.site}.yaml"}}
  default: {kubernetes: {}}
  written: {kubernetes: {kubeconfig: dr.yaml, context: as-written}}
steps:
  - {id: drop, target: ours, destructive: true, manual: Drop it}
  - {id: drop-default, target: default, destructive: true, manual: Drop it}
  - {id: drop-written, target: written, destructive: true, manual: Drop it}
Y
echo 'current-context: dr-apse3' >dr.yaml
mkdir "$HOME/.kube"
echo 'current-context: laptop' >"$HOME/.kube/config"
answers() {
	printf 'answers: 1\nsteps:\n'
	printf '  %s: {confirm: done, type: %s}\n' drop "$1" drop-default "$2" drop-written "$3"
}
answers never-this laptop as-written >wrong.answers
expect_code 3 "$RELIGHT" run name.yaml --headless --answers wrong.answers --input site=dr --dir wrong
says err "step drop: is destructive"
answers dr-apse3 laptop as-written >right.answers
expect_code 0 "$RELIGHT" run name.yaml --headless --answers right.answers --input site=dr --dir right
# Resumed, it is the same.
expect_code 0 "$RELIGHT" resume wrong --headless --answers right.answers

# Where no kubeconfig tells, it is the scope's cluster.
rm dr.yaml "$HOME/.kube/config"
answers never-this never-this as-written >scope.answers
expect_code 0 "$RELIGHT" run name.yaml --headless --answers scope.answers --input site=dr --dir scope

# --- a step does not act on a target that has not told who it is ---
cat >unknown.yaml <<'Y'
relight: 1
name: unknown
targets:
  gone: {kubernetes: {kubeconfig: gone.yaml}}
steps:
  - {id: elsewhere, run: {command: [touch, elsewhere]}}
  - {id: act, target: gone, run: {command: [touch, acted]}}
Y
printf 'answers: 1\nwait: 2s\n' >wait.answers
expect_code 1 "$RELIGHT" run unknown.yaml --headless --answers wait.answers --dir unknown
says err "act is waiting: target gone has not answered yet"
[ -e elsewhere ] && [ ! -e acted ] || fail "the steps that ran: $(ls)"
[ "$(events unknown 'map(select(.kind=="step.intent") | .step) | join(",")')" = elsewhere ] || fail "an intent for a target that is not known"

# --- in a rehearsal what steps act on is there ---
cat >rehearsal.yaml <<'Y'
scenario: 1
name: rehearsal
Y
expect_code 0 "$RELIGHT" run unknown.yaml --scenario rehearsal.yaml --headless --dir rehearsal
[ "$(events rehearsal 'map(select(.kind=="target.pinned" or .kind=="step.intent") | .step // .data.target) | join(",")')" = elsewhere,gone,act ] ||
	[ "$(events rehearsal 'map(select(.kind=="target.pinned" or .kind=="step.intent") | .step // .data.target) | join(",")')" = gone,elsewhere,act ] ||
	fail "rehearsal: $(events rehearsal 'map("\(.kind) \(.step // .data.target)") | join(",")')"
echo "ok test_targets.sh"
