/*
 * What is wrong with a command line, on standard error.
 */
#ifndef CLIENTS_CLI_USAGE_H
#define CLIENTS_CLI_USAGE_H

/* Prints "liveconv: ..." and answers CLI_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for want of memory; CLI_FAILED. */
int out_of_memory(void);

#endif
