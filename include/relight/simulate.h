// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SIMULATE_H
#define RELIGHT_SIMULATE_H

#include "relight/probe.h"
#include "relight/runbook.h"
#include "relight/scenario.h"

// The sensor of a rehearsal: the same lines as probe_run, about a world that a scenario describes.
// It asks nobody. What has happened so far it reads from the incident's timeline as that grows, and
// everything else follows from scenario.h.

// Runs until its stdin ends, SIGINT or SIGTERM (or after one round): the exit code of FORMATS.md
// §8. Of `options` the members once, configured, only and timeline count; without a timeline the
// disaster begins now and nothing is done about it. Observations carry simulated times and come
// every `every` ÷ speed, at once on a change, and at once for a recheck. A target is met when the
// first thing that is asked through it answers; a cluster that nothing is asked through, when it is
// made, unless it is a source that no step acts on: that is what was lost.
int simulate_run(const struct runbook *runbook, const struct scenario *scenario,
	const struct probe_options *options);

#endif
