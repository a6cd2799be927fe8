/* The domain mirrors the contract without knowing it; this test knows both. */
#include "domain_test.h"

#include "domain/booking.h"
#include "domain/types.h"

#include "liveconv/v1/booking.pb-c.h"
#include "liveconv/v1/conversation.pb-c.h"
#include "liveconv/v1/errors.pb-c.h"
#include "liveconv/v1/message.pb-c.h"
#include "liveconv/v1/participant.pb-c.h"
#include "liveconv/v1/types.pb-c.h"

typedef const char *name_fn(int value);

/* Every value but 0 has our name behind its prefix, and we have no more than these. */
static void assert_mirrors(const ProtobufCEnumDescriptor *contract, const char *prefix,
                           name_fn *name_of) {
    int greatest = 0;
    for (unsigned i = 0; i < contract->n_values; i++) {
        const ProtobufCEnumValue *value = &contract->values[i];
        assert_int_equal(strncmp(value->name, prefix, strlen(prefix)), 0);
        greatest = value->value > greatest ? value->value : greatest;
        if (value->value == 0)
            continue;
        const char *ours = name_of(value->value);
        if (ours == NULL || strcmp(ours, value->name + strlen(prefix)) != 0)
            fail_msg("%s is %s here", value->name, ours ? ours : "unknown");
    }
    assert_null(name_of(greatest + 1));
}

#define NAME_FN(function, type)                                                                    \
    static const char *function##_of_int(int value) {                                              \
        return function((type)value);                                                              \
    }
NAME_FN(domain_type_name, enum domain_type)
NAME_FN(domain_status_name, enum domain_status)
NAME_FN(domain_visibility_name, enum domain_visibility)
NAME_FN(domain_level_name, enum domain_level)
NAME_FN(domain_booking_state_name, enum domain_booking_state)
NAME_FN(domain_payment_state_name, enum domain_payment_state)
NAME_FN(domain_participant_status_name, enum domain_participant_status)
NAME_FN(domain_message_kind_name, enum domain_message_kind)
NAME_FN(domain_correction_kind_name, enum domain_correction_kind)
NAME_FN(domain_cancel_reason_name, enum domain_cancel_reason)

static void enumerations_have_the_numbers_of_the_contract(void **state) {
    (void)state;
#define MIRRORS(descriptor, prefix, function)                                                      \
    assert_mirrors(&liveconv__v1__##descriptor##__descriptor, prefix, function##_of_int)
    MIRRORS(conversation_type, "CONVERSATION_TYPE_", domain_type_name);
    MIRRORS(conversation_status, "CONVERSATION_STATUS_", domain_status_name);
    MIRRORS(conversation_visibility, "CONVERSATION_VISIBILITY_", domain_visibility_name);
    MIRRORS(cefr_level, "CEFR_LEVEL_", domain_level_name);
    MIRRORS(booking_status, "BOOKING_STATUS_", domain_booking_state_name);
    MIRRORS(payment_status, "PAYMENT_STATUS_", domain_payment_state_name);
    MIRRORS(participant_status, "PARTICIPANT_STATUS_", domain_participant_status_name);
    MIRRORS(message_type, "MESSAGE_TYPE_", domain_message_kind_name);
    MIRRORS(correction_kind, "CORRECTION_KIND_", domain_correction_kind_name);
    MIRRORS(cancel_reason, "CANCEL_REASON_", domain_cancel_reason_name);
}

static void reasons_are_those_of_the_contract(void **state) {
    (void)state;
    const ProtobufCEnumDescriptor *contract = &liveconv__v1__reason__descriptor;
    unsigned known = 0;
    for (unsigned i = 0; i < contract->n_values; i++) {
        const char *ours = domain_reason_name(contract->values[i].value);
        if (contract->values[i].value == 0)
            continue;
        if (ours == NULL || strcmp(ours, contract->values[i].name + strlen("REASON_")) != 0)
            fail_msg("%s is %s here", contract->values[i].name, ours ? ours : "unknown");
    }
    for (int32_t i = 1; i < domain_reason_end(); i++)
        known += domain_reason_name(i) != NULL;
    assert_int_equal(known, contract->n_values - 1);
}

static void payers_are_those_of_the_contract(void **state) {
    (void)state;
    assert_int_equal(DOMAIN_PAYER_NOBODY, LIVECONV__V1__PAYER__PAYER_NOBODY);
    assert_int_equal(DOMAIN_PAYER_TIER, LIVECONV__V1__PAYER__PAYER_TIER);
    assert_int_equal(DOMAIN_PAYER_USER, LIVECONV__V1__PAYER__PAYER_USER);
    assert_int_equal(DOMAIN_PAYER_REASON_FREE_CONVERSATION,
                     LIVECONV__V1__PAYER_REASON__PAYER_REASON_FREE_CONVERSATION);
    assert_int_equal(DOMAIN_PAYER_REASON_INCLUDED_IN_TIER,
                     LIVECONV__V1__PAYER_REASON__PAYER_REASON_INCLUDED_IN_TIER);
    assert_int_equal(DOMAIN_PAYER_REASON_NOT_IN_TIER,
                     LIVECONV__V1__PAYER_REASON__PAYER_REASON_NOT_IN_TIER);
    assert_int_equal(DOMAIN_PAYER_REASON_ALLOWANCE_USED,
                     LIVECONV__V1__PAYER_REASON__PAYER_REASON_ALLOWANCE_USED);
    assert_int_equal(DOMAIN_PAYER_REASON_NO_TIER, LIVECONV__V1__PAYER_REASON__PAYER_REASON_NO_TIER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enumerations_have_the_numbers_of_the_contract),
        cmocka_unit_test(reasons_are_those_of_the_contract),
        cmocka_unit_test(payers_are_those_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
