#include "live_process.h"

#include "daemon.h"
#include "service_test.h"
#include "support/temp_dir.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTING_BYTES = 256, SETTINGS = 32, CONNECTIONS = 2 };

struct live_process {
    struct daemon daemon;
    struct temp_dir *dir;
    const char *const *more;
    char address[SETTING_BYTES];
    char database[SETTING_BYTES];
    char secret[SETTING_BYTES];
};

static void set(char ret_setting[SETTING_BYTES], const char *name, const char *value) {
    int len = snprintf(ret_setting, SETTING_BYTES, "LIVECONVD_%s=%s", name, value);
    assert_true(len > 0 && len < SETTING_BYTES);
}

void live_process_start(struct live_process *process) {
    const char *all[SETTINGS] = {
        process->address,
        process->database,
        process->secret,
        "LIVECONVD_DATABASE_NAME=" LIVECONV_DATABASE,
        "LIVECONVD_DATABASE_USER=root",
        "LIVECONVD_KEYS_1_ISSUER=" LIVECONV_ISSUER,
        "LIVECONVD_KEYS_1_AUDIENCE=" LIVECONV_AUDIENCE,
        "LIVECONVD_KEYS_1_TENANTS=*",
        "LIVECONVD_KEYS_1_ROLES=student,instructor,admin,service",
        /* The test is in more of a hurry than any caller may be. */
        "LIVECONVD_LIMITS_RATE=0",
    };
    size_t count = 0;
    while (all[count] != NULL)
        count++;
    for (size_t i = 0; process->more[i] != NULL && count < SETTINGS - 1; i++)
        all[count++] = process->more[i];
    daemon_start(&process->daemon, all);
    daemon_wait(&process->daemon, "ready");
}

struct live_process *live_process_new(const char *const *settings) {
    char target[SETTING_BYTES];
    struct live_process *process = calloc(1, sizeof *process);
    if (process == NULL || (process->dir = temp_dir_new()) == NULL)
        abort();
    process->more = settings;
    t.lc = liveconv_server_without(CONNECTIONS);
    snprintf(target, sizeof target, "unix:%s", temp_dir_join(process->dir, "socket"));
    set(process->address, "SERVER_ADDRESS", target);
    set(process->database, "DATABASE_SOCKET", test_mariadb_socket(t.lc->mariadb));
    set(process->secret, "KEYS_1_SECRET_FILE",
        temp_dir_write(process->dir, "secret", LIVECONV_SECRET, strlen(LIVECONV_SECRET)));
    live_process_start(process);
    liveconv_server_connect(t.lc, target);
    return process;
}

void live_process_free(struct live_process **process) {
    struct live_process *gone = *process;
    *process = NULL;
    if (gone == NULL)
        return;
    daemon_kill(&gone->daemon);
    liveconv_server_stop(&t.lc);
    temp_dir_free(&gone->dir);
    free(gone);
}

static void end(struct live_process *process, int number, int expected) {
    static const char *const faults[] = {"Sanitizer", "runtime error:"};
    daemon_signal(&process->daemon, number);
    int code = daemon_end(&process->daemon);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (strstr(process->daemon.text, faults[i]) != NULL)
            fail_msg("the server found a fault:\n%s", process->daemon.text);
    if (code != expected)
        fail_msg("the server ended with %d:\n%s", code, process->daemon.text);
}

void live_process_kill(struct live_process *process) {
    end(process, SIGKILL, 128 + SIGKILL);
}

void live_process_end(struct live_process *process) {
    end(process, SIGTERM, 0);
}
