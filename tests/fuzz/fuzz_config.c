/* A configuration file of any bytes: read or refused, always with problems that are plain lines. */
#include "base/config.h"
#include "fuzz/fuzz_check.h"

#include <string.h>

static const struct config_setting settings[] = {
    {.section = "a", .key = "int", .kind = CONFIG_INT, .default_text = "1", .least = 1, .most = 9},
    {.section = "a", .key = "bool", .kind = CONFIG_BOOL, .default_text = "no"},
    {.section = "a", .key = "time", .kind = CONFIG_DURATION, .default_text = "1s"},
    {.section = "b", .key = "size", .kind = CONFIG_SIZE, .default_text = "1KiB"},
    {.section = "b", .key = "list", .kind = CONFIG_LIST, .default_text = "x, y"},
    {.section = "b", .key = "text", .kind = CONFIG_STRING, .default_text = ""},
    {.section = "b", .key = "word", .kind = CONFIG_STRING, .default_text = "u", .choices = "u|v"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct config *config = config_new(settings, sizeof settings / sizeof settings[0]);
    FUZZ_CHECK(config);
    config_read_text(config, "input", (const char *)data, size);
    bool good = config_finish(config);
    FUZZ_CHECK(good == (config_problem_count(config) == 0));
    for (size_t i = 0; i < config_problem_count(config); i++) {
        const char *problem = config_problem(config, i);
        FUZZ_CHECK(strncmp(problem, "input:", 6) == 0);
        FUZZ_CHECK(!strchr(problem, '\n') && utf8_is_valid(problem, strlen(problem)));
    }
    FUZZ_CHECK(config_int(config, "a.int") >= 1 && config_int(config, "a.int") <= 9);
    size_t count;
    const char *const *items = config_list(config, "b.list", &count);
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(items[i][0] != '\0');
    config_free(&config);
    return 0;
}
