/*
 * What tests of the services share: one server for a program, and requests that are right unless a
 * test makes them wrong.
 */
#ifndef SERVICE_TEST_H
#define SERVICE_TEST_H

#include "liveconv/v1/account_service.grpc-c.h"
#include "liveconv/v1/booking_service.grpc-c.h"
#include "liveconv/v1/conversation_service.grpc-c.h"
#include "liveconv/v1/feedback_service.grpc-c.h"
#include "liveconv/v1/user_service.grpc-c.h"
#include "support/cmocka.h"
#include "support/liveconv_server.h"

/*
 * The server of the program, and the memory of the test at hand. Each thread has its own: one that
 * makes calls first sets the server, an arena, and a range of ids that nobody else uses.
 */
struct service_test {
    struct liveconv_server *lc;
    struct arena arena;
    struct rpc_result result; /* of the last call */
    unsigned next_user;
    unsigned next_id;
};
extern _Thread_local struct service_test t;

/* cmocka fixtures. */
int start_server(void **state);
int stop_server(void **state);
int begin_test(void **state);
int end_test(void **state);

/* A token. Each of these is a new user; `*ret_id` (may be NULL) is the user's id. */
const char *new_student(const char **ret_id);
const char *new_instructor(const char **ret_id);
const char *new_admin(const char **ret_id);
const char *new_service(const char *scope);

/* A UUID that nobody else has. */
char *new_uuid(void);
Google__Protobuf__Timestamp *in_seconds(int64_t seconds);
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A free group session in English of level B1, from an hour from now for an hour, with 8 seats. */
lc_conversation_draft *new_draft(const char *title);
/* The same, so many hours later: nobody is in two sessions at once. */
lc_conversation_draft *later(lc_conversation_draft *draft, int hours);
lc_money *new_money(const char *currency, int64_t amount_minor);

/* Creates it, or fails the test. */
lc_conversation *created(const char *token, lc_conversation_draft *draft);
/* The status; *ret_conversation (may be NULL) when it is OK. */
struct status try_create(const char *token, lc_conversation_draft *draft,
                         lc_conversation **ret_conversation);
lc_get_conversation_response *got(const char *token, const char *id);
struct status try_get(const char *token, const char *id, const char *code,
                      lc_get_conversation_response **ret_response);
struct status try_book(const char *token, const char *id, const char *request_id,
                       lc_book_conversation_response **ret_response);
lc_booking *booked(const char *token, const char *id);
struct status try_cancel_booking(const char *token, const char *id, const char *request_id,
                                 lc_cancel_booking_response **ret_response);
lc_conversation *started(const char *token, const char *id);
lc_conversation *ended(const char *token, const char *id);

/* The last call was refused like this; `reason` without "REASON_", NULL: whatever. */
void assert_refused(struct status status, enum status_code code, const char *reason);
void assert_ok(struct status status);
/* What the last refusal said under this key; "" for nothing. */
const char *error_metadata(const char *key);
/* Whether the last refusal named this field. */
bool violates(const char *field);

#endif
