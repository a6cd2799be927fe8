/*
 * Lines that are typed while others' lines come in.
 *
 * On a terminal the line being typed is hidden, and shown again below what was printed; elsewhere
 * lines are simply read. It edits at the end of the line alone: backspace, Ctrl-U, Ctrl-W.
 */
#ifndef CLIENTS_CLI_PROMPT_H
#define CLIENTS_CLI_PROMPT_H

#include <stdbool.h>
#include <termios.h>

#include "base/str.h"
#include "clients/cli/style.h"

struct prompt {
    bool is_interactive; /* standard input and output are a terminal */
    bool is_shown;
    struct termios saved;
    struct str line;
    int escape; /* bytes of an escape sequence are being skipped */
    size_t columns;
};

enum prompt_state { PROMPT_OPEN, PROMPT_ENDED };

/* Called for each complete line, which it may keep until it returns. */
typedef void prompt_line_fn(void *context, char *line);

void prompt_init(struct prompt *prompt, const struct style *style);
/* Gives the terminal back as it was. */
void prompt_done(struct prompt *prompt);

/* Reads what there is; standard input is readable. */
enum prompt_state prompt_read(struct prompt *prompt, prompt_line_fn *on_line, void *context);

/* Around anything that is printed. */
void prompt_hide(struct prompt *prompt);
void prompt_show(struct prompt *prompt);

#endif
