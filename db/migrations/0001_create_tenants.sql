-- Tenants: customers of the platform. Every key of every other table begins with tenant_id, and every
-- WHERE names it: another tenant's id is then simply not found.
--
-- Conventions of all migrations: product columns keep the product's camelCase names. Texts compare
-- byte by byte and spaces count (utf8mb4_nopad_bin): search folds words itself, in
-- conversation_terms. Times are UTC with microseconds. Money is an exact number of the smallest unit
-- of its currency. Enumerations are text with a CHECK, so that a row can be read by itself.
CREATE TABLE tenants (
    id VARCHAR(64) NOT NULL COMMENT 'as the token''s tenant claim says it',
    displayName VARCHAR(255) NOT NULL DEFAULT '',
    timeZone VARCHAR(64) NOT NULL DEFAULT 'UTC' COMMENT 'IANA name; days and months follow it',
    defaultCurrency CHAR(3) NOT NULL DEFAULT 'USD',
    currencies JSON NOT NULL DEFAULT '["USD"]' COMMENT 'ISO 4217 codes a price may have',

    -- The lifecycle of a conversation (src/domain/settings.h has the same defaults).
    doorsOpenMinutes INT NOT NULL DEFAULT 10 COMMENT 'before the start',
    hostNoShowMinutes INT NOT NULL DEFAULT 15 COMMENT 'after the start of a paid session',
    completionGraceMinutes INT NOT NULL DEFAULT 15 COMMENT 'after the end',
    autoLiveParticipants INT NOT NULL DEFAULT 2 COMMENT 'present at the start of a free session',

    minDurationMinutes INT NOT NULL DEFAULT 10,
    maxDurationMinutes INT NOT NULL DEFAULT 240,
    maxAheadDays INT NOT NULL DEFAULT 365,
    maxParticipants INT NOT NULL DEFAULT 500,
    maxPriceUnits BIGINT NOT NULL DEFAULT 10000 COMMENT 'in whole units of the currency',

    messageMaxCharacters INT NOT NULL DEFAULT 4000,
    messageMaxBytes INT NOT NULL DEFAULT 16000,
    messageEditMinutes INT NOT NULL DEFAULT 15,
    feedbackDays INT NOT NULL DEFAULT 30 COMMENT 'after the end',

    offerHoldMinutes INT NOT NULL DEFAULT 15,
    paymentHoldMinutes INT NOT NULL DEFAULT 15,
    cancellationPolicy JSON NOT NULL DEFAULT '[{"noticeMinutes":1440,"refundPercent":100},{"noticeMinutes":120,"refundPercent":50}]'
        COMMENT 'steps, longest notice first; frozen on each booking attempt',

    -- Quotas.
    maxDevicesPerUser INT NOT NULL DEFAULT 10 COMMENT 'open streams, one per device',
    maxOpenConversationsPerHost INT NOT NULL DEFAULT 100 COMMENT 'SCHEDULED and LIVE',

    -- Retention. Requests are kept for 7 days at least: that is the promise of request_id.
    eventRetentionDays INT NOT NULL DEFAULT 30,
    requestRetentionDays INT NOT NULL DEFAULT 7,
    messageRetentionDays INT NULL COMMENT 'NULL: for ever',

    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updatedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),

    PRIMARY KEY (id),
    CONSTRAINT tenant_id_said CHECK (id <> ''),
    CONSTRAINT tenant_times CHECK (doorsOpenMinutes >= 0 AND hostNoShowMinutes >= 0
        AND completionGraceMinutes >= 0 AND messageEditMinutes >= 0 AND feedbackDays >= 0
        AND offerHoldMinutes > 0 AND paymentHoldMinutes > 0),
    CONSTRAINT tenant_bounds CHECK (minDurationMinutes > 0 AND maxDurationMinutes >= minDurationMinutes
        AND maxAheadDays > 0 AND maxParticipants BETWEEN 1 AND 1000 AND maxPriceUnits >= 0
        AND autoLiveParticipants > 0 AND messageMaxCharacters > 0 AND messageMaxBytes > 0),
    CONSTRAINT tenant_quotas CHECK (maxDevicesPerUser > 0 AND maxOpenConversationsPerHost > 0),
    CONSTRAINT tenant_retention CHECK (eventRetentionDays > 0 AND requestRetentionDays >= 7
        AND (messageRetentionDays IS NULL OR messageRetentionDays > 0))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What a subscription tier entitles to, per month of the tenant's zone. A tenant without rows has the
-- built-in tiers FREE, PREMIUM and PRO (src/domain/entitlement.h). The first one by `position` is the
-- smallest: an unknown tier gets it.
CREATE TABLE tenant_tiers (
    tenant_id VARCHAR(64) NOT NULL,
    tier VARCHAR(31) NOT NULL COMMENT 'upper case, as the token''s tier claim',
    position INT NOT NULL,
    freePerMonth INT NOT NULL DEFAULT -1 COMMENT 'bookings of free sessions; -1: unlimited',
    groupPerMonth INT NOT NULL DEFAULT 0 COMMENT 'group sessions with a price, included',
    privatePerMonth INT NOT NULL DEFAULT 0 COMMENT 'private sessions with a price, included',
    bookingHorizonDays INT NOT NULL DEFAULT 14 COMMENT 'how far ahead a session may start',
    PRIMARY KEY (tenant_id, tier),
    UNIQUE KEY tier_position (tenant_id, position),
    CONSTRAINT tier_of_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT tier_bounds CHECK (tier <> '' AND freePerMonth >= -1 AND groupPerMonth >= -1
        AND privatePerMonth >= -1 AND bookingHorizonDays >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
