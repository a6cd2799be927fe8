/*
 * ListBookings. Thread-safety: as the call.
 */
#ifndef SERVICE_BOOKING_LIST_H
#define SERVICE_BOOKING_LIST_H

#include "base/status.h"
#include "liveconv/v1/booking_service.grpc-c.h"

struct rpc_call;

/* The handler. */
struct status booking_list(void *self, struct rpc_call *call,
                           const lc_list_bookings_request *request,
                           lc_list_bookings_response *ret_response) STATUS_MUST_USE;

#endif
