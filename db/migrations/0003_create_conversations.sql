-- The conversation. Its row is also its event topic and the lock that every change of membership,
-- seats, mute or status takes first: whoever holds it sees counts that nobody else is changing.
CREATE TABLE live_conversations (
    tenant_id VARCHAR(64) NOT NULL,
    id UUID NOT NULL COMMENT 'version 7: sorts by time of creation',
    title VARCHAR(255) NOT NULL,
    description TEXT NULL,
    conversationType VARCHAR(50) NOT NULL,
    language VARCHAR(50) NOT NULL COMMENT 'BCP 47, canonical case',
    -- "pt" finds "pt-BR" by equality, which an index can serve.
    languageBase VARCHAR(50) AS (SUBSTRING_INDEX(language, '-', 1)) STORED,
    level VARCHAR(20) NOT NULL,
    startTime DATETIME(6) NOT NULL,
    endTime DATETIME(6) NOT NULL,
    duration INT AS (TIMESTAMPDIFF(MINUTE, startTime, endTime)) STORED COMMENT 'minutes',
    timeZone VARCHAR(64) NOT NULL DEFAULT 'UTC' COMMENT 'IANA name, for display',
    maxParticipants INT NOT NULL DEFAULT 8 COMMENT 'seats; host and instructor take none',
    currentParticipants INT NOT NULL DEFAULT 0 COMMENT 'in the room now (JOINED, AWAY), host included',
    seatsTaken INT NOT NULL DEFAULT 0 COMMENT 'bookings with takesSeat; never counted, always kept',
    waiting INT NOT NULL DEFAULT 0 COMMENT 'length of the waitlist; above 0 nobody books directly',
    price BIGINT NOT NULL DEFAULT 0 COMMENT 'smallest unit of the currency',
    currency CHAR(3) NULL COMMENT 'NULL when free',
    visibility VARCHAR(20) NOT NULL DEFAULT 'PUBLIC',
    isPublic BOOLEAN AS (visibility = 'PUBLIC') STORED,
    isFree BOOLEAN AS (price = 0) STORED,
    inviteCode VARCHAR(64) NULL COMMENT 'admits to an UNLISTED conversation',
    status VARCHAR(20) NOT NULL DEFAULT 'SCHEDULED',
    -- What the default list shows: one equality instead of an IN keeps the index in the list's order.
    isOpen BOOLEAN AS (status IN ('SCHEDULED', 'LIVE')) STORED,
    hostId UUID NOT NULL,
    instructorId UUID NULL,
    topic VARCHAR(255) NULL,
    culturalNotes TEXT NULL,
    vocabularyList JSON NULL COMMENT '[{"term", "translation", "note"}]',
    grammarPoints JSON NULL COMMENT '["..."]',
    conversationPrompts JSON NULL COMMENT '["..."]',
    isLocked BOOLEAN NOT NULL DEFAULT FALSE,
    actualStartTime DATETIME(6) NULL COMMENT 'when it became LIVE',
    actualEndTime DATETIME(6) NULL COMMENT 'when it became COMPLETED',
    cancelledAt DATETIME(6) NULL,
    cancelReason VARCHAR(20) NULL,
    cancelNote VARCHAR(500) NULL,
    version BIGINT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'the etag; counts do not change it',
    eventEpoch BIGINT UNSIGNED NOT NULL COMMENT 'random, never 0; changed when a backup was restored',
    eventSequence BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'number of the newest event',
    eventFloor BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'events up to here were trimmed',
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updatedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'with version',
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY conversation_invite_code (tenant_id, inviteCode),
    -- ListConversations: equalities first, then the keyset (startTime, id). Newest first is the
    -- primary key backwards, since ids of version 7 follow the time of creation.
    KEY conversation_open (tenant_id, isOpen, startTime, id),
    KEY conversation_open_language (tenant_id, isOpen, languageBase, startTime, id),
    KEY conversation_start (tenant_id, startTime, id),
    KEY conversation_host (tenant_id, hostId, startTime, id),
    KEY conversation_instructor (tenant_id, instructorId, startTime, id),
    -- Scheduled work looks over all tenants.
    KEY conversation_due_start (status, startTime),
    KEY conversation_due_end (status, endTime),
    CONSTRAINT conversation_of_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT conversation_host_user FOREIGN KEY (tenant_id, hostId)
        REFERENCES users (tenant_id, id),
    CONSTRAINT conversation_instructor_user FOREIGN KEY (tenant_id, instructorId)
        REFERENCES users (tenant_id, id),
    CONSTRAINT conversation_title_said CHECK (title <> ''),
    CONSTRAINT conversation_type_known
        CHECK (conversationType IN ('GROUP', 'PRIVATE', 'PRACTICE', 'CULTURAL')),
    CONSTRAINT conversation_level_known CHECK (level IN ('A1', 'A2', 'B1', 'B2', 'C1', 'C2')),
    CONSTRAINT conversation_times CHECK (endTime > startTime),
    CONSTRAINT conversation_seats CHECK (maxParticipants BETWEEN 1 AND 1000
        AND seatsTaken BETWEEN 0 AND maxParticipants),
    CONSTRAINT conversation_one_to_one CHECK (conversationType <> 'PRIVATE' OR maxParticipants = 1),
    CONSTRAINT conversation_counts CHECK (currentParticipants >= 0 AND waiting >= 0),
    CONSTRAINT conversation_price CHECK (price >= 0 AND (price = 0 OR currency IS NOT NULL)),
    CONSTRAINT conversation_visibility_known
        CHECK (visibility IN ('PUBLIC', 'UNLISTED', 'INVITED')),
    CONSTRAINT conversation_unlisted_has_code
        CHECK (visibility <> 'UNLISTED' OR inviteCode IS NOT NULL),
    CONSTRAINT conversation_status_known
        CHECK (status IN ('SCHEDULED', 'LIVE', 'COMPLETED', 'CANCELLED')),
    CONSTRAINT conversation_cancel_known
        CHECK (cancelReason IS NULL OR cancelReason IN ('HOST', 'ADMIN', 'HOST_NO_SHOW')),
    CONSTRAINT conversation_cancel_told CHECK ((status = 'CANCELLED') = (cancelledAt IS NOT NULL)
        AND (status = 'CANCELLED') = (cancelReason IS NOT NULL)),
    CONSTRAINT conversation_positions CHECK (eventEpoch <> 0 AND eventFloor <= eventSequence)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Who was invited by name.
CREATE TABLE conversation_invitations (
    tenant_id VARCHAR(64) NOT NULL,
    conversationId UUID NOT NULL,
    userId UUID NOT NULL,
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, conversationId, userId),
    KEY invitation_user (tenant_id, userId, conversationId),
    CONSTRAINT invitation_conversation FOREIGN KEY (tenant_id, conversationId)
        REFERENCES live_conversations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT invitation_user_known FOREIGN KEY (tenant_id, userId)
        REFERENCES users (tenant_id, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The words of title, description and topic, folded by the server (NFKC, case; pairs of characters
-- for scripts without spaces). InnoDB's FULLTEXT finds neither short words nor stopwords nor CJK.
-- A prefix is a range of the primary key.
CREATE TABLE conversation_terms (
    tenant_id VARCHAR(64) NOT NULL,
    term VARCHAR(64) NOT NULL,
    conversationId UUID NOT NULL,
    PRIMARY KEY (tenant_id, term, conversationId),
    KEY term_conversation (tenant_id, conversationId),
    CONSTRAINT term_conversation_known FOREIGN KEY (tenant_id, conversationId)
        REFERENCES live_conversations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT term_said CHECK (term <> '')
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
