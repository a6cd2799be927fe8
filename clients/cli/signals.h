/*
 * Signals that end a command which runs until then: Ctrl-C, a closed terminal, a polite kill.
 *
 * They are blocked before the first thread starts, so that they come through a descriptor and
 * nowhere else.
 */
#ifndef CLIENTS_CLI_SIGNALS_H
#define CLIENTS_CLI_SIGNALS_H

void signals_block(void);
/* Readable when one has come; negative when there is none to be had. */
int signals_open(void);
/* From now on they end the program at once: for a user who does not want to wait for its end. */
void signals_release(int fd);

#endif
