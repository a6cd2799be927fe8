/*
 * permission_matrix.txt as a table: for each method what is sent, and a row of expected answers for
 * each state of the conversation. The file explains its own layout.
 *
 * matrix_read() ends the test program with file and line when the file is malformed. Strings live
 * in the arena it was given. Thread-safety: functions without state.
 */
#ifndef INTEGRATION_MATRIX_FILE_H
#define INTEGRATION_MATRIX_FILE_H

#include <stddef.h>

#include "base/arena.h"

enum matrix_caller {
    MATRIX_NONE,        /* no token */
    MATRIX_STUDENT,     /* has nothing to do with the conversation */
    MATRIX_INSTRUCTOR,  /* the same; in state LED it leads the conversation */
    MATRIX_HOST,        /* a student */
    MATRIX_PARTICIPANT, /* a student with a booking, in the room while that is open */
    MATRIX_REMOVED,     /* a student with a booking who was removed */
    MATRIX_SUSPENDED,   /* a student */
    MATRIX_ADMIN,
    MATRIX_SERVICE,   /* a backend with the scope of the method, or with all where it has none */
    MATRIX_SCOPELESS, /* a backend with every scope but that one */
    MATRIX_OTHER,     /* of another tenant: with every role, or a backend with every scope */
    MATRIX_CALLERS,
};

extern const char *const matrix_caller_names[MATRIX_CALLERS];

/* What a cell says: a code, and the reason where that matters. */
struct matrix_answer {
    const char *word;
    const char *code;   /* "PERMISSION_DENIED" */
    const char *reason; /* NULL: any or none */
};

struct matrix_row {
    const char *state;
    int line;
    const struct matrix_answer *cells[MATRIX_CALLERS];
};

struct matrix_method {
    const char *service;        /* "BookingService" */
    const char *name;           /* "GetBooking" */
    const char *scope;          /* NULL: none opens it */
    const char *fields;         /* assignments, see matrix_request.h */
    const char *service_fields; /* what backends send on top */
    struct matrix_row *rows;
    size_t row_count;
};

struct matrix {
    struct matrix_answer *answers;
    size_t answer_count;
    struct matrix_method *methods; /* a method may be there several times, with other fields */
    size_t method_count;
};

struct matrix matrix_read(struct arena *arena, const char *path);

#endif
