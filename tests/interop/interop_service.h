/*
 * grpc.testing.TestService as the interop test's description asks for it.
 *
 * The handlers have no state of their own; what a call needs lives and ends with the call.
 */
#ifndef INTEROP_SERVICE_H
#define INTEROP_SERVICE_H

#include "grpc/testing/test.grpc-c.h"

/* The largest payload it makes, whatever a client asks for; below the servers' message limit. */
enum { INTEROP_PAYLOAD_MAX_BYTES = 4 * 1024 * 1024 - 1024 };

/* Methods that are NULL are those that the test wants to be UNIMPLEMENTED. */
extern const struct interop_test_service_handlers interop_service_handlers;

#endif
