-- Users are known from their verified tokens and from UpsertUsers. They are never deleted while
-- anything refers to them: names are blanked instead, so that bookings and audit keep their meaning.
CREATE TABLE users (
    tenant_id VARCHAR(64) NOT NULL,
    id UUID NOT NULL COMMENT 'the subject itself where that is a UUID',
    subject VARCHAR(255) NOT NULL COMMENT 'the sub claim',
    displayName VARCHAR(255) NOT NULL DEFAULT '',
    pictureUrl VARCHAR(2048) NOT NULL DEFAULT '',
    locale VARCHAR(35) NOT NULL DEFAULT '',
    -- A SET reads as words and counts as bits, which are those of enum domain_role: roles + 0.
    roles SET('student', 'instructor', 'admin', 'service') NOT NULL DEFAULT 'student',
    tier VARCHAR(32) NOT NULL DEFAULT '',
    suspendedAt DATETIME(6) NULL COMMENT 'NULL: not suspended',
    suspendedUntil DATETIME(6) NULL COMMENT 'NULL with suspendedAt: for good',
    suspensionNote VARCHAR(500) NOT NULL DEFAULT '',
    -- Nodes look here every second for users whose calls and streams must end.
    accessChangedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updatedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY user_subject (tenant_id, subject),
    KEY user_access_changed (accessChangedAt),
    CONSTRAINT user_of_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT user_subject_said CHECK (subject <> ''),
    CONSTRAINT user_suspension CHECK (suspendedUntil IS NULL OR suspendedAt IS NOT NULL)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The event topic of a user: bookings, invitations, read positions. Its row is locked last of all, in
-- ascending order of user ids. Apart from users, so that reading a profile meets no lock.
CREATE TABLE inbox_topics (
    tenant_id VARCHAR(64) NOT NULL,
    userId UUID NOT NULL,
    eventEpoch BIGINT UNSIGNED NOT NULL COMMENT 'random, never 0; changed when a backup was restored',
    eventSequence BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'number of the newest event',
    eventFloor BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'events up to here were trimmed',
    PRIMARY KEY (tenant_id, userId),
    CONSTRAINT inbox_user FOREIGN KEY (tenant_id, userId) REFERENCES users (tenant_id, id)
        ON DELETE CASCADE,
    CONSTRAINT inbox_positions CHECK (eventEpoch <> 0 AND eventFloor <= eventSequence)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
