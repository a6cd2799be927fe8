/*
 * A conversation is called off: every booking that holds a seat is cancelled, what it used of an
 * allowance is given back, and its user is told.
 *
 * Thread-safety: as the transaction.
 */
#ifndef SERVICE_CALL_OFF_H
#define SERVICE_CALL_OFF_H

#include "base/status.h"
#include "service/transaction.h"
#include "store/booking.h"

/* The bookings that were cancelled, as they are now. */
struct call_off {
    struct store_booking *bookings; /* in order of user id */
    size_t count;
};

/* locked: In the order of the locks: first all usage, then all bookings, then the seats. */
struct status call_off_bookings(struct service_work *work,
                                const struct store_conversation *conversation,
                                struct call_off *ret_called_off) STATUS_MUST_USE;

/* Tells the users' inboxes, once the conversation is as it will be: that it changed, and that their
 * booking did. */
struct status call_off_tell(struct service_work *work,
                            const struct store_conversation *conversation,
                            const struct call_off *called_off) STATUS_MUST_USE;

#endif
