// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_FAULTS_MARK_H
#define RELIGHT_TESTS_FAULTS_MARK_H

// A prctl that no kernel knows: whoever is traced by killpoint tells it so that it is to count from
// here on.
#define KILLPOINT_MARK 0x52454c49

#endif
