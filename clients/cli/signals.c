#include "clients/cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void fill(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

void signals_block(void) {
    sigset_t set;
    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int signals_open(void) {
    sigset_t set;
    fill(&set);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void signals_release(int fd) {
    struct signalfd_siginfo info;
    sigset_t set;
    if (fd >= 0) {
        /* What has come already must not end the program a second time. */
        while (read(fd, &info, sizeof info) > 0)
            ;
        close(fd);
    }
    fill(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
