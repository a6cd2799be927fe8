/*
 * A private MariaDB for one test program.
 *
 *     struct test_mariadb *server = test_mariadb_start();
 *     test_mariadb_create_database(server, "bookings");
 *     struct db_options options;
 *     test_mariadb_options(server, "bookings", &options);
 *     ...
 *     test_mariadb_stop(&server);
 *
 * It listens on a socket in a directory of its own and on nothing else. The system tables are made
 * once per build directory (about 2 s) and copied after that, so that a start takes about half a
 * second and programs run side by side. It dies with the thread that started it. What was committed
 * survives a SIGKILL of the server, not of the machine.
 *
 * Failures end the test program with a message.
 *
 * Thread-safety: one thread.
 */
#ifndef SUPPORT_MARIADB_H
#define SUPPORT_MARIADB_H

#include "db/pool.h"

#include <sys/types.h>

struct test_mariadb;

struct test_mariadb *test_mariadb_start(void);
/* Ends the server and removes its directory; accepts NULL. */
void test_mariadb_stop(struct test_mariadb **server);

/* Ends the server with SIGKILL, leaving its data. */
void test_mariadb_kill(struct test_mariadb *server);
/* Starts it again over the same data. */
void test_mariadb_resume(struct test_mariadb *server);
/* 0 while it is not running. For SIGSTOP and SIGCONT. */
pid_t test_mariadb_pid(const struct test_mariadb *server);

/* As long as the server lives. */
const char *test_mariadb_socket(const struct test_mariadb *server);

/* Drops it first if it exists. */
void test_mariadb_create_database(struct test_mariadb *server, const char *name);

/* Options for the administrator on that database, `name` is borrowed. */
void test_mariadb_options(const struct test_mariadb *server, const char *name,
                          struct db_options *ret_options);

/* Runs one statement without parameters and result, as the administrator on a connection of its
 * own; `database` may be NULL. */
void test_mariadb_run(struct test_mariadb *server, const char *database, const char *text);

#endif
