-- Nobody is in two sessions at once, unless the tenant allows it: who holds a seat in, hosts or leads
-- one does not book, host or lead another at the same time (SCHEDULE_CONFLICT). What is there already
-- stays as it is.
--
-- Other sessions are looked for among those that start up to a day before: so none lasts longer.
ALTER TABLE tenants
    ADD COLUMN forbidsOverlaps BOOLEAN NOT NULL DEFAULT TRUE
        COMMENT 'of the sessions of one user' AFTER maxOpenConversationsPerHost,
    ADD CONSTRAINT tenant_longest_session CHECK (maxDurationMinutes <= 1440);
