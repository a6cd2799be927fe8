#include "clients/cli/style.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <uniwidth.h>

#include "base/str.h"

static size_t columns_of(FILE *file) {
    struct winsize size;
    if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

struct style style_of(FILE *file) {
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool is_terminal = isatty(fileno(file)) == 1;
    bool is_dumb = term == NULL || strcmp(term, "dumb") == 0;
    return (struct style){
        .is_terminal = is_terminal,
        .has_colours = is_terminal && !is_dumb && (no_color == NULL || no_color[0] == '\0'),
        .columns = is_terminal ? columns_of(file) : 0,
    };
}

const char *tone_begin(const struct style *style, enum tone tone) {
    static const char *const codes[] = {
        [TONE_PLAIN] = "",        [TONE_STRONG] = "\033[1m", [TONE_FAINT] = "\033[2m",
        [TONE_GOOD] = "\033[32m", [TONE_WARM] = "\033[33m",  [TONE_BAD] = "\033[31m",
        [TONE_NAME] = "\033[36m",
    };
    return style->has_colours ? codes[tone] : "";
}

const char *tone_end(const struct style *style, enum tone tone) {
    return style->has_colours && tone != TONE_PLAIN ? "\033[0m" : "";
}

size_t text_width(const char *text) {
    int width = u8_width((const uint8_t *)text, strlen(text), "UTF-8");
    return width > 0 ? (size_t)width : 0;
}

const char *text_cut(struct arena *arena, const char *text, size_t columns) {
    if (text_width(text) <= columns)
        return text;
    size_t len = strlen(text);
    size_t taken = 0;
    size_t width = 0;
    while (taken < len) {
        uint32_t code_point;
        size_t step = utf8_decode(text + taken, len - taken, &code_point);
        int step_width = uc_width((ucs4_t)code_point, "UTF-8");
        size_t more = step_width > 0 ? (size_t)step_width : 0;
        if (step == 0 || width + more + 1 > columns)
            break;
        taken += step;
        width += more;
    }
    return arena_printf(arena, "%.*s…", (int)taken, text);
}

/* What would let a text command the terminal, or pretend to be another one. */
static bool is_unsafe(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

const char *text_clean(struct arena *arena, const char *text, const char *line_break) {
    struct str clean;
    size_t len = text != NULL ? strlen(text) : 0;
    str_init(&clean);
    for (size_t i = 0; i < len;) {
        uint32_t code_point;
        size_t step = utf8_decode(text + i, len - i, &code_point);
        if (step == 0 || (is_unsafe(code_point) && code_point != '\n' && code_point != '\t'))
            str_append(&clean, "\xef\xbf\xbd");
        else if (code_point == '\n')
            str_append(&clean, line_break);
        else if (code_point == '\t')
            str_append_char(&clean, ' ');
        else
            str_append_bytes(&clean, text + i, step);
        i += step > 0 ? step : 1;
    }
    const char *copy = clean.failed ? NULL : arena_strdup(arena, clean.bytes);
    str_done(&clean);
    return copy != NULL ? copy : "";
}
