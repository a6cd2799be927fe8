#include "domain/conversation.h"

#include "domain/language.h"
#include "domain/money.h"
#include "domain/reason.h"

#include <string.h>

int32_t domain_default_seats(enum domain_type type) {
    return type == DOMAIN_TYPE_PRIVATE ? 1 : 8;
}

static void add(struct domain_violations *violations, enum status_code code,
                enum domain_reason reason, const char *field, const char *description) {
    if (violations->count == DOMAIN_VIOLATIONS_MAX)
        return;
    violations->items[violations->count++] =
        (struct domain_violation){field, description, (int32_t)reason, (int32_t)code};
}

static void wrong(struct domain_violations *violations, enum domain_reason reason,
                  const char *field, const char *description) {
    add(violations, STATUS_INVALID_ARGUMENT, reason, field, description);
}

static bool is_blank(const char *text) {
    return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

static void check_words(const struct domain_draft *draft, struct domain_violations *violations) {
    char canonical[DOMAIN_LANGUAGE_BYTES];

    if (is_blank(draft->title))
        wrong(violations, DOMAIN_REASON_FIELDS_INCONSISTENT, "title", "is required");
    if (draft->type == DOMAIN_TYPE_UNSPECIFIED)
        wrong(violations, DOMAIN_REASON_FIELDS_INCONSISTENT, "type", "is required");
    if (draft->level == DOMAIN_LEVEL_UNSPECIFIED)
        wrong(violations, DOMAIN_REASON_FIELDS_INCONSISTENT, "level", "is required");
    if (!domain_language_canonical(draft->language, canonical))
        wrong(violations, DOMAIN_REASON_FIELD_MALFORMED, "language",
              "is not a BCP 47 language tag such as \"pt-BR\"");
    if (draft->time_zone != NULL && draft->time_zone[0] != '\0' &&
        !domain_time_zone_valid(draft->time_zone))
        wrong(violations, DOMAIN_REASON_FIELD_MALFORMED, "time_zone",
              "is not an IANA time zone such as \"Europe/Paris\"");
}

static void check_times(const struct domain_draft *draft, const struct domain_draft_before *before,
                        const struct domain_settings *settings, int64_t now_us,
                        struct domain_violations *violations) {
    bool start_stays = before != NULL && before->start_us == draft->start_us;
    bool both_stay = start_stays && before->end_us == draft->end_us;
    int64_t duration_us;

    if (!start_stays && draft->start_us <= now_us)
        wrong(violations, DOMAIN_REASON_START_IN_PAST, "start_time", "is not in the future");
    if (!start_stays && draft->start_us > now_us &&
        draft->start_us - now_us > settings->max_ahead_us)
        wrong(violations, DOMAIN_REASON_START_TOO_FAR, "start_time", "is too far in the future");
    if (draft->end_us <= draft->start_us) {
        wrong(violations, DOMAIN_REASON_END_BEFORE_START, "end_time", "is not after the start");
        return;
    }
    if (!both_stay &&
        (__builtin_sub_overflow(draft->end_us, draft->start_us, &duration_us) ||
         duration_us < settings->min_duration_us || duration_us > settings->max_duration_us))
        wrong(violations, DOMAIN_REASON_DURATION_OUT_OF_RANGE, "end_time",
              "makes the conversation too short or too long");
}

static void check_seats(const struct domain_draft *draft, const struct domain_draft_before *before,
                        const struct domain_settings *settings,
                        struct domain_violations *violations) {
    if (draft->type == DOMAIN_TYPE_PRIVATE && draft->max_participants != 1)
        wrong(violations, DOMAIN_REASON_CAPACITY_OUT_OF_RANGE, "max_participants",
              "is 1 in a private conversation");
    else if (draft->max_participants < 1 || draft->max_participants > settings->max_participants)
        wrong(violations, DOMAIN_REASON_CAPACITY_OUT_OF_RANGE, "max_participants",
              "is not between 1 and what is allowed");
    else if (before != NULL && draft->max_participants < before->seats_taken)
        add(violations, STATUS_FAILED_PRECONDITION, DOMAIN_REASON_CAPACITY_BELOW_BOOKINGS,
            "max_participants", "is less than the seats that are taken");
}

static void check_price(const struct domain_draft *draft, const struct domain_settings *settings,
                        struct domain_violations *violations) {
    const char *currency = draft->currency != NULL ? draft->currency : "";
    int64_t most;

    if (draft->price_amount_minor < 0) {
        wrong(violations, DOMAIN_REASON_PRICE_OUT_OF_RANGE, "price.amount_minor", "is negative");
        return;
    }
    if (draft->price_amount_minor == 0 && currency[0] == '\0')
        return;
    if (domain_currency_exponent(currency) < 0) {
        wrong(violations, DOMAIN_REASON_CURRENCY_NOT_SUPPORTED, "price.currency_code",
              "is not an ISO 4217 code such as \"EUR\"");
        return;
    }
    if (settings->currency[0] != '\0' && strcmp(settings->currency, currency) != 0)
        wrong(violations, DOMAIN_REASON_CURRENCY_NOT_SUPPORTED, "price.currency_code",
              "is not the currency that is taken here");
    if (!domain_money_from_units(currency, settings->max_price_units, &most) ||
        draft->price_amount_minor > most)
        wrong(violations, DOMAIN_REASON_PRICE_OUT_OF_RANGE, "price.amount_minor", "is too high");
}

static bool same_text(const char *a, const char *b) {
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Nobody gets something else than what was booked. */
static void check_bookings(const struct domain_draft *draft,
                           const struct domain_draft_before *before,
                           struct domain_violations *violations) {
    static const char kept[] = "cannot be changed while somebody has a booking";
    char was[DOMAIN_LANGUAGE_BYTES] = "";
    char becomes[DOMAIN_LANGUAGE_BYTES] = "";

    if (before == NULL || before->seats_taken <= 0)
        return;
    if (draft->type != before->type)
        add(violations, STATUS_FAILED_PRECONDITION, DOMAIN_REASON_HAS_BOOKINGS, "type", kept);
    if (domain_language_canonical(before->language, was) &&
        domain_language_canonical(draft->language, becomes) && strcmp(was, becomes) != 0)
        add(violations, STATUS_FAILED_PRECONDITION, DOMAIN_REASON_HAS_BOOKINGS, "language", kept);
    if (draft->price_amount_minor != before->price_amount_minor ||
        (draft->price_amount_minor > 0 && !same_text(draft->currency, before->currency)))
        add(violations, STATUS_FAILED_PRECONDITION, DOMAIN_REASON_HAS_BOOKINGS, "price", kept);
}

struct status domain_draft_check(const struct domain_draft *draft,
                                 const struct domain_draft_before *before,
                                 const struct domain_settings *settings, int64_t now_us,
                                 struct domain_violations *ret_violations) {
    struct domain_violations found = {.count = 0};

    check_words(draft, &found);
    check_times(draft, before, settings, now_us, &found);
    check_seats(draft, before, settings, &found);
    check_price(draft, settings, &found);
    check_bookings(draft, before, &found);
    *ret_violations = found;
    if (found.count == 0)
        return status_ok();

    const struct domain_violation *first = &found.items[0];
    for (size_t i = 0; i < found.count && first->code != STATUS_INVALID_ARGUMENT; i++)
        if (found.items[i].code == STATUS_INVALID_ARGUMENT)
            first = &found.items[i];
    if (first->code == STATUS_INVALID_ARGUMENT)
        return status_error(STATUS_INVALID_ARGUMENT, first->reason,
                            "the conversation cannot be like this");
    return status_error(STATUS_FAILED_PRECONDITION, first->reason,
                        "the conversation cannot become like this any more");
}
