#include "clients/cli/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "clients/cli/style.h"
#include "clients/cli/usage.h"

/* All values begin as the one for "not said" does, whose name ends in UNSPECIFIED. */
static size_t prefix_length(const ProtobufCEnumDescriptor *descriptor) {
    const ProtobufCEnumValue *none = protobuf_c_enum_descriptor_get_value(descriptor, 0);
    const char *end = none != NULL ? strstr(none->name, "UNSPECIFIED") : NULL;
    return end != NULL ? (size_t)(end - none->name) : 0;
}

const char *enum_label(const ProtobufCEnumDescriptor *descriptor, int value) {
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return known != NULL && value != 0 ? known->name + prefix_length(descriptor) : "-";
}

static bool same_name(const char *name, const char *text) {
    for (; *name != '\0' && *text != '\0'; name++, text++) {
        char c = *text == '-' ? '_' : (char)toupper((unsigned char)*text);
        if (c != *name)
            return false;
    }
    return *name == *text;
}

bool enum_parse(const ProtobufCEnumDescriptor *descriptor, const char *text, int *ret_value) {
    size_t prefix = prefix_length(descriptor);
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        const ProtobufCEnumValue *value = &descriptor->values[i];
        if (value->value != 0 && same_name(value->name + prefix, text)) {
            *ret_value = value->value;
            return true;
        }
    }
    return false;
}

bool enum_parse_option(const ProtobufCEnumDescriptor *descriptor, const char *option,
                       const char *text, int *ret_value) {
    if (text == NULL || enum_parse(descriptor, text, ret_value))
        return true;
    struct str known;
    str_init(&known);
    size_t prefix = prefix_length(descriptor);
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        const ProtobufCEnumValue *value = &descriptor->values[i];
        for (const char *c = value->name + prefix; value->value != 0 && *c != '\0'; c++)
            str_append_char(&known, (char)tolower((unsigned char)*c));
        if (value->value != 0)
            str_append(&known, i + 1 < descriptor->n_values ? ", " : "");
    }
    usage_error("--%s: \"%s\" is none of %s", option, text, known.failed ? "them" : known.bytes);
    str_done(&known);
    return false;
}

bool enum_parse_list(struct arena *arena, const ProtobufCEnumDescriptor *descriptor,
                     const char *option, char *const *texts, size_t count, int **ret_values) {
    int *values = arena_alloc_array(arena, count + 1, sizeof *values);
    if (values == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!enum_parse_option(descriptor, option, texts[i], &values[i]))
            return false;
    }
    *ret_values = values;
    return true;
}

/* Decimals after ISO 4217, for those that do not have two. */
static int decimals_of(const char *currency) {
    static const char none[] =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";
    if (strlen(currency) != 3)
        return 2;
    return strstr(none, currency) != NULL ? 0 : strstr(three, currency) != NULL ? 3 : 2;
}

static int64_t scale_of(int decimals) {
    return decimals == 0 ? 1 : decimals == 2 ? 100 : 1000;
}

const char *money_format(struct arena *arena, const lc_money *money) {
    if (money == NULL)
        return "free";
    const char *currency = text_clean(arena, money->currency_code, " ");
    int decimals = decimals_of(currency);
    int64_t scale = scale_of(decimals);
    int64_t amount = money->amount_minor;
    const char *text;
    if (decimals == 0)
        text = arena_printf(arena, "%" PRId64 " %s", amount, currency);
    else
        text = arena_printf(arena, "%s%" PRIu64 ".%0*" PRIu64 " %s", amount < 0 ? "-" : "",
                            (uint64_t)(amount < 0 ? -(amount / scale) : amount / scale), decimals,
                            (uint64_t)(amount < 0 ? -(amount % scale) : amount % scale), currency);
    return text != NULL ? text : "-";
}

/* "12.5" with up to `decimals` digits after the point. */
static bool parse_amount(const char *text, size_t len, int decimals, int64_t *ret_minor) {
    int64_t minor = 0;
    int after_point = -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.' && after_point < 0) {
            after_point = 0;
            continue;
        }
        if (!isdigit((unsigned char)text[i]) || minor > INT64_MAX / 10000 ||
            (after_point >= 0 && ++after_point > decimals))
            return false;
        minor = minor * 10 + (text[i] - '0');
    }
    for (int i = after_point < 0 ? 0 : after_point; i < decimals; i++)
        minor *= 10;
    *ret_minor = minor;
    return len > 0;
}

lc_money *money_parse(struct arena *arena, const char *text) {
    size_t first = strcspn(text, " ");
    const char *second = text + first + strspn(text + first, " ");
    bool currency_first = isalpha((unsigned char)text[0]) != 0;
    const char *currency = currency_first ? text : second;
    const char *amount = currency_first ? second : text;
    size_t currency_len = currency_first ? first : strlen(second);
    size_t amount_len = currency_first ? strlen(second) : first;
    lc_money *money = lc_money_new(arena);
    char *code = arena_strndup(arena, currency, currency_len);
    if (money == NULL || code == NULL || currency_len != 3)
        return NULL;
    for (char *c = code; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    if (!parse_amount(amount, amount_len, decimals_of(code), &money->amount_minor))
        return NULL;
    money->currency_code = code;
    return money;
}

const char *user_label(struct arena *arena, const lc_user_summary *user) {
    if (user == NULL)
        return "-";
    return text_clean(arena, user->display_name[0] != '\0' ? user->display_name : user->user_id,
                      " ");
}
