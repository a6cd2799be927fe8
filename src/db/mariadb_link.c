#include "db/mariadb_link.h"

#include "db/pool.h"

#include <errmsg.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void fail(struct mariadb_link *self, const char *text, struct db_cause *cause) {
    db_cause_set(cause, mysql_errno(self->mysql), mysql_sqlstate(self->mysql), text, "%s",
                 mysql_error(self->mysql));
}

static bool run(struct db_link *link, const char *text, struct db_cause *cause) {
    struct mariadb_link *self = (struct mariadb_link *)link;
    if (mysql_query(self->mysql, text) == 0)
        return true;
    fail(self, text, cause);
    return false;
}

static bool ping(struct db_link *link, struct db_cause *cause) {
    struct mariadb_link *self = (struct mariadb_link *)link;
    if (mysql_ping(self->mysql) == 0)
        return true;
    fail(self, "ping", cause);
    return false;
}

static uint64_t id(const struct db_link *link) {
    return mysql_thread_id(((const struct mariadb_link *)link)->mysql);
}

static void sever(struct db_link *link) {
    my_socket socket = mysql_get_socket(((struct mariadb_link *)link)->mysql);
    if (socket >= 0)
        (void)shutdown(socket, SHUT_RDWR);
}

static void close_link(struct db_link *link) {
    struct mariadb_link *self = (struct mariadb_link *)link;
    mariadb_free_handles(self);
    mysql_close(self->mysql);
    free(self);
}

static const struct db_link_ops ops = {
    .run = run,
    .prepare = mariadb_prepare,
    .execute = mariadb_execute,
    .next = mariadb_next,
    .read = mariadb_read,
    .finish = mariadb_finish,
    .ping = ping,
    .id = id,
    .sever = sever,
    .close = close_link,
};

static bool set_tls(MYSQL *mysql, const struct db_options *options) {
    if (options->tls_ca_file == NULL)
        return true;
    my_bool on = 1;
    return mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, options->tls_ca_file) == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_SSL_CERT, options->tls_certificate_file) == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_SSL_KEY, options->tls_key_file) == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &on) == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on) == 0;
}

static bool set_options(MYSQL *mysql, const struct db_options *options) {
    unsigned int off = 0;
    my_bool no = 0;
    unsigned int connect_s = options->connect_timeout_s;
    unsigned int io_s = options->io_timeout_s;
    /* A server must not be able to ask for our files, nor the library to reconnect in silence. */
    return mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &off) == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_RECONNECT, &no) == 0 &&
           mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s) == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &io_s) == 0 &&
           mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io_s) == 0 && set_tls(mysql, options);
}

static bool set_session(struct mariadb_link *self, const struct db_options *options,
                        struct db_cause *cause) {
    char text[512];
    (void)snprintf(text, sizeof text,
                   "SET SESSION time_zone = '+00:00', tx_isolation = 'READ-COMMITTED',"
                   " sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
                   "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
                   " autocommit = 1, innodb_lock_wait_timeout = %u, max_statement_time = %u",
                   options->lock_wait_timeout_s, options->statement_timeout_s);
    return run(&self->base, text, cause);
}

static void start_library(void) {
    (void)mysql_library_init(0, NULL, NULL);
}

static struct db_link *connect_link(const struct db_driver *driver,
                                    const struct db_options *options, struct db_cause *cause) {
    /* The library's own start is not safe in several threads at once. */
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)driver;
    (void)pthread_once(&once, start_library);

    struct mariadb_link *self = calloc(1, sizeof *self);
    MYSQL *mysql = mysql_init(NULL);
    if (self == NULL || mysql == NULL) {
        db_cause_set(cause, CR_OUT_OF_MEMORY, NULL, "connect", "out of memory");
        goto failed;
    }
    self->base.ops = &ops;
    self->mysql = mysql;
    if (!set_options(mysql, options)) {
        fail(self, "options", cause);
        goto failed;
    }
    /* FOUND_ROWS: an UPDATE tells how many rows it matched, which is what conditions ask for. */
    const char *host = options->unix_socket != NULL ? "localhost" : options->host;
    if (mysql_real_connect(mysql, host, options->user, options->password, options->database,
                           options->unix_socket != NULL ? 0 : options->port, options->unix_socket,
                           CLIENT_FOUND_ROWS) == NULL) {
        fail(self, "connect", cause);
        goto failed;
    }
    if (!set_session(self, options, cause))
        goto failed;
    return &self->base;

failed:
    if (mysql != NULL)
        mysql_close(mysql);
    free(self);
    return NULL;
}

const struct db_driver *db_driver_mariadb(void) {
    static const struct db_driver driver = {.connect = connect_link};
    return &driver;
}
