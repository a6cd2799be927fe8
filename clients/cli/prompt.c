#include "clients/cli/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_CTRL_D = 0x04,
    KEY_BACKSPACE = 0x08,

    KEY_CTRL_U = 0x15,
    KEY_CTRL_W = 0x17,
    KEY_ESCAPE = 0x1b,
    KEY_DELETE = 0x7f,
    LINE_MAX_BYTES = 16 << 10, /* 4,000 characters of four bytes */
};

void prompt_init(struct prompt *prompt, const struct style *style) {
    *prompt = (struct prompt){.columns = style->columns};
    str_init(&prompt->line);
    if (!style->is_terminal || tcgetattr(STDIN_FILENO, &prompt->saved) != 0)
        return;
    struct termios raw = prompt->saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_iflag |= ICRNL;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    prompt->is_interactive = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void prompt_done(struct prompt *prompt) {
    prompt_hide(prompt);
    if (prompt->is_interactive)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &prompt->saved);
    prompt->is_interactive = false;
    str_done(&prompt->line);
}

void prompt_hide(struct prompt *prompt) {
    if (!prompt->is_interactive || !prompt->is_shown)
        return;
    fputs("\r\033[K", stdout);
    prompt->is_shown = false;
}

/* As much of the end of the line as fits beside the prompt. */
static const char *visible_end(const struct prompt *prompt) {
    const char *text = prompt->line.len_bytes > 0 ? prompt->line.bytes : "";
    size_t room = prompt->columns > 4 ? prompt->columns - 4 : 1;
    while (text_width(text) > room) {
        uint32_t code_point;
        size_t step = utf8_decode(text, strlen(text), &code_point);
        text += step > 0 ? step : 1;
    }
    return text;
}

void prompt_show(struct prompt *prompt) {
    if (prompt->is_interactive) {
        fprintf(stdout, "\r\033[K> %s", visible_end(prompt));
        prompt->is_shown = true;
    }
    fflush(stdout);
}

static void shorten(struct str *line, size_t len) {
    line->len_bytes = len;
    line->bytes[len] = '\0';
}

static void erase_character(struct str *line) {
    size_t len = line->len_bytes;
    while (len > 0 && ((unsigned char)line->bytes[len - 1] & 0xc0) == 0x80)
        len--;
    if (len > 0)
        shorten(line, len - 1);
}

static void erase_word(struct str *line) {
    size_t len = line->len_bytes;
    while (len > 0 && line->bytes[len - 1] == ' ')
        len--;
    while (len > 0 && line->bytes[len - 1] != ' ')
        len--;
    if (line->len_bytes > 0)
        shorten(line, len);
}

/* ESC [ ... letter, and ESC O letter: arrows and the like, which do nothing here. */
static bool skip_escape(struct prompt *prompt, unsigned char c) {
    if (prompt->escape == 0)
        return false;
    if (prompt->escape == 1 && (c == '[' || c == 'O'))
        prompt->escape = 2;
    else if (prompt->escape == 1 || (c >= 0x40 && c <= 0x7e))
        prompt->escape = 0;
    return true;
}

static void end_line(struct prompt *prompt, prompt_line_fn *on_line, void *context) {
    struct str line = prompt->line;
    str_init(&prompt->line);
    prompt_hide(prompt);
    if (!line.failed)
        on_line(context, line.bytes);
    str_done(&line);
}

static enum prompt_state take_key(struct prompt *prompt, unsigned char c, prompt_line_fn *on_line,
                                  void *context) {
    struct str *line = &prompt->line;
    if (c == '\n') {
        end_line(prompt, on_line, context);
        return PROMPT_OPEN;
    }
    if (prompt->is_interactive) {
        if (skip_escape(prompt, c))
            return PROMPT_OPEN;
        if (c == KEY_CTRL_D)
            return line->len_bytes == 0 ? PROMPT_ENDED : PROMPT_OPEN;
        if (c == KEY_BACKSPACE || c == KEY_DELETE)
            erase_character(line);
        else if (c == KEY_CTRL_U && line->len_bytes > 0)
            shorten(line, 0);
        else if (c == KEY_CTRL_W)
            erase_word(line);
        else if (c == KEY_ESCAPE)
            prompt->escape = 1;
        if (c < 0x20 || c == KEY_DELETE)
            return PROMPT_OPEN;
    }
    if (c != '\r' && c != '\0' && line->len_bytes < LINE_MAX_BYTES)
        str_append_char(line, (char)c);
    return PROMPT_OPEN;
}

enum prompt_state prompt_read(struct prompt *prompt, prompt_line_fn *on_line, void *context) {
    char bytes[4096];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return PROMPT_OPEN;
    if (count <= 0) {
        if (prompt->line.len_bytes > 0)
            end_line(prompt, on_line, context);
        return PROMPT_ENDED;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (take_key(prompt, (unsigned char)bytes[i], on_line, context) == PROMPT_ENDED)
            return PROMPT_ENDED;
    }
    return PROMPT_OPEN;
}
