#include "support/mariadb.h"

#include "db/driver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where the copied system tables are kept: the build directory. */
#ifndef TEST_MARIADB_HOME
#error "TEST_MARIADB_HOME is defined by tests/support/CMakeLists.txt"
#endif

enum {
    PATH_BYTES = 512,
    READY_TRIES = 1500, /* of 20 ms: half a minute */
};

struct test_mariadb {
    char directory[64];
    char socket[80];
    pid_t pid;
};

static void die(const char *what) {
    (void)fprintf(stderr, "test MariaDB: %s: %s\n", what, strerror(errno));
    exit(70);
}

/* Starts a program whose output goes to `log`; it is killed when this thread ends. */
static pid_t spawn(const char *log, char *const arguments[]) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(70);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(70);
    /* Sanitizers of the test are not the server's. */
    (void)unsetenv("LD_PRELOAD");
    execvp(arguments[0], arguments);
    _exit(71);
}

static void run_program(const char *log, char *const arguments[]) {
    int status;
    pid_t pid = spawn(log, arguments);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            die("waitpid");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "test MariaDB: %s failed; see %s\n", arguments[0], log);
        exit(70);
    }
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_tree(const char *path) {
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* Makes the system tables once; programs that start together wait for each other. */
static void make_template(char ret_path[PATH_BYTES]) {
    char lock[PATH_BYTES];
    char log[PATH_BYTES];
    char fresh[PATH_BYTES];
    char datadir[PATH_BYTES + 16];

    if (mkdir(TEST_MARIADB_HOME, 0700) != 0 && errno != EEXIST)
        die(TEST_MARIADB_HOME);
    (void)snprintf(ret_path, PATH_BYTES, "%s/template", TEST_MARIADB_HOME);
    (void)snprintf(lock, sizeof lock, "%s/lock", TEST_MARIADB_HOME);
    (void)snprintf(log, sizeof log, "%s/install.log", TEST_MARIADB_HOME);
    (void)snprintf(fresh, sizeof fresh, "%s/template.new", TEST_MARIADB_HOME);
    (void)snprintf(datadir, sizeof datadir, "--datadir=%s", fresh);

    int guard = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (guard < 0 || flock(guard, LOCK_EX) != 0)
        die(lock);
    if (!exists(ret_path)) {
        remove_tree(fresh);
        char *arguments[] = {"mariadb-install-db",
                             "--no-defaults",
                             "--auth-root-authentication-method=normal",
                             "--skip-test-db",
                             "--innodb-log-file-size=16M",
                             "--force", /* a bare machine may not resolve its own name */
                             datadir,
                             "--tmpdir=" TEST_MARIADB_HOME,
                             geteuid() == 0 ? "--user=root" : NULL,
                             NULL};
        run_program(log, arguments);
        if (rename(fresh, ret_path) != 0)
            die(ret_path);
    }
    (void)close(guard);
}

/* Directories of programs that were killed: their names hold the owner's pid. */
static void sweep(void) {
    DIR *directory = opendir("/tmp");
    if (directory == NULL)
        return;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        static const char prefix[] = "liveconv-db-";
        char path[300];
        char *end = NULL;
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0)
            continue;
        long pid = strtol(entry->d_name + sizeof prefix - 1, &end, 10);
        if (*end != '-' || pid <= 0 || pid > INT_MAX)
            continue;
        if (kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            continue;
        (void)snprintf(path, sizeof path, "/tmp/%s", entry->d_name);
        remove_tree(path);
    }
    (void)closedir(directory);
}

static bool answers(const struct test_mariadb *server) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", server->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    bool up = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return up;
}

void test_mariadb_resume(struct test_mariadb *server) {
    char datadir[96];
    char socket_option[96];
    char tmpdir[96];
    char log[96];
    (void)snprintf(datadir, sizeof datadir, "--datadir=%s/data", server->directory);
    /* Of its own: a server that starts removes the temporary tables of others from a shared one. */
    (void)snprintf(tmpdir, sizeof tmpdir, "--tmpdir=%s", server->directory);
    (void)snprintf(socket_option, sizeof socket_option, "--socket=%s", server->socket);
    (void)snprintf(log, sizeof log, "%s/log", server->directory);
    char *arguments[] = {"mariadbd",
                         "--no-defaults",
                         datadir,
                         tmpdir,
                         socket_option,
                         "--skip-networking",
                         "--skip-log-bin",
                         "--performance-schema=OFF",
                         "--innodb-buffer-pool-size=64M",
                         "--innodb-log-file-size=16M",
                         "--innodb-flush-log-at-trx-commit=2",
                         "--max-connections=200",
                         "--lower-case-table-names=0",
                         geteuid() == 0 ? "--user=root" : NULL,
                         NULL};
    (void)unlink(server->socket);
    server->pid = spawn(log, arguments);
    for (int tries = 0; tries < READY_TRIES; tries++) {
        if (answers(server))
            return;
        int status;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid)
            break;
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    (void)fprintf(stderr, "test MariaDB: mariadbd did not start; see %s\n", log);
    exit(70);
}

struct test_mariadb *test_mariadb_start(void) {
    char template[PATH_BYTES];
    char data[96];
    char log[96];
    struct test_mariadb *server = calloc(1, sizeof *server);
    if (server == NULL)
        die("memory");

    sweep();
    make_template(template);
    (void)snprintf(server->directory, sizeof server->directory, "/tmp/liveconv-db-%d-XXXXXX",
                   (int)getpid());
    if (mkdtemp(server->directory) == NULL)
        die("mkdtemp");
    (void)snprintf(server->socket, sizeof server->socket, "%s/socket", server->directory);
    (void)snprintf(data, sizeof data, "%s/data", server->directory);
    (void)snprintf(log, sizeof log, "%s/log", server->directory);
    run_program(log, (char *[]){"cp", "-a", "--", template, data, NULL});
    test_mariadb_resume(server);
    return server;
}

static void end(struct test_mariadb *server, int how) {
    int status;
    if (server->pid == 0)
        return;
    (void)kill(server->pid, how);
    (void)kill(server->pid, SIGCONT);
    while (waitpid(server->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    server->pid = 0;
}

void test_mariadb_kill(struct test_mariadb *server) {
    end(server, SIGKILL);
}

void test_mariadb_stop(struct test_mariadb **server) {
    struct test_mariadb *gone = *server;
    if (gone == NULL)
        return;
    /* Its data is thrown away: nothing is gained by an orderly end. */
    end(gone, SIGKILL);
    remove_tree(gone->directory);
    free(gone);
    *server = NULL;
}

pid_t test_mariadb_pid(const struct test_mariadb *server) {
    return server->pid;
}

const char *test_mariadb_socket(const struct test_mariadb *server) {
    return server->socket;
}

void test_mariadb_options(const struct test_mariadb *server, const char *name,
                          struct db_options *ret_options) {
    db_options_init(ret_options);
    ret_options->unix_socket = server->socket;
    ret_options->user = "root";
    ret_options->database = name;
}

void test_mariadb_run(struct test_mariadb *server, const char *database, const char *text) {
    struct db_options options;
    struct db_cause cause;
    test_mariadb_options(server, database, &options);
    struct db_link *link = options.driver->connect(options.driver, &options, &cause);
    if (link == NULL || !link->ops->run(link, text, &cause)) {
        (void)fprintf(stderr, "test MariaDB: %u %s: %s\n", cause.number, cause.text, text);
        exit(70);
    }
    link->ops->close(link);
}

void test_mariadb_create_database(struct test_mariadb *server, const char *name) {
    char text[200];
    (void)snprintf(text, sizeof text, "DROP DATABASE IF EXISTS `%s`", name);
    test_mariadb_run(server, NULL, text);
    (void)snprintf(text, sizeof text, "CREATE DATABASE `%s` CHARACTER SET utf8mb4", name);
    test_mariadb_run(server, NULL, text);
}
