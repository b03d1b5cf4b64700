// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_INCIDENT_FILES_H
#define RELIGHT_INCIDENT_FILES_H

// What the files of an incident are called (FORMATS.md §4): a contract, for whoever looks for them
// with other tools.

#define TIMELINE_NAME      "timeline.jsonl"
#define TIMELINE_LOCK_NAME "lock" // held by the one who writes it
#define SENSED_LEFT_NAME   "sensed.jsonl"

#define INCIDENT_FROZEN   "frozen"
#define INCIDENT_ATTEMPTS "attempts"
#define INCIDENT_EVIDENCE "evidence"

// In frozen/.
#define FROZEN_RUNBOOK  "runbook.yaml"
#define FROZEN_SCENARIO "scenario.yaml"
// The list of what is applied to clusters: [{"path":"frozen/applied-1-gate.yaml","sha256":H,
// "of":"/srv/case/gate.yaml"}…].
#define FROZEN_APPLIED "applied.json"
// What such a copy's name begins with; and that of one which holds a Secret: only its owner can
// read it, also in a shared incident, and no mirror is given it.
#define FROZEN_OBJECTS "applied-"
#define FROZEN_SECRET  "secret-"

// In a mirror only: what it is, and what it is not given.
#define INCIDENT_MIRROR "mirror"

// In attempts/<step>/<n>/.
#define ATTEMPT_REQUEST_NAME  "request.json"
#define ATTEMPT_OUTPUT_NAME   "output.log"
#define ATTEMPT_RESULT_NAME   "result.json"
#define ATTEMPT_LOCK_NAME     "lock"  // held by the actuator
#define ATTEMPT_ALIVE_NAME    "alive" // held by what it has started
#define ATTEMPT_CANCEL_NAME   "cancel"
#define ATTEMPT_DEADLINE_NAME "deadline"
#define ATTEMPT_SLEPT_NAME    "slept"
#define ATTEMPT_STOPPING_NAME "stopping"

#endif
