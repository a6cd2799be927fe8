#include "service/person.h"

#include "service/fault.h"
#include "service/service.h"

struct status service_acting_read(struct db_tx *tx, struct arena *arena,
                                  struct service_context *context, const char *tenant,
                                  const struct uuid *user, struct service_acting *ret_acting) {
    int64_t now_us = service_now_us(context);
    struct store_tenant *settings = arena_alloc(arena, sizeof *settings);
    struct store_user row;
    if (settings == NULL)
        return service_no_room();

    TRY(store_tenant_get(tx, arena, tenant, settings));
    TRY(store_user_get(tx, arena, tenant, user, now_us, &row));
    struct service_acting acting = {
        .tenant = *settings,
        .now_us = now_us,
        .caller =
            {
                .tenant = settings->id,
                .subject = row.subject,
                .settings = settings,
                .is_user = true,
                .is_admin = (row.roles & DOMAIN_ROLE_ADMIN) != 0,
                .person = {.id = row.id,
                           .roles = row.roles,
                           .tier = row.tier,
                           .is_suspended = row.is_suspended},
            },
    };
    uuid_format(&row.id, acting.caller.person.id_text);
    *ret_acting = acting;
    return status_ok();
}

struct status service_acting_permit(const struct service_acting *acting, enum domain_action action,
                                    const struct store_conversation_view *view) {
    const struct service_person *person = &acting->caller.person;
    const struct store_conversation *conversation = &view->conversation;
    struct domain_permission_facts facts = {
        .status = conversation->status,
        .visibility = conversation->visibility,
        .start_us = conversation->start_us,
        .end_us = conversation->end_us,
        .is_locked = conversation->is_locked,
    };
    return domain_permission_check(action, service_relations(person, view, NULL),
                                   person->is_suspended, &facts, &acting->tenant.settings,
                                   acting->now_us);
}
