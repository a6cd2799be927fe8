-- The participant: who is or was in the room; one row per user and conversation.
CREATE TABLE live_conversation_participants (
    tenant_id VARCHAR(64) NOT NULL,
    id UUID NOT NULL,
    conversationId UUID NOT NULL,
    userId UUID NOT NULL,
    joinedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'the first time',
    leftAt DATETIME(6) NULL COMMENT 'the last time; NULL while in the room',
    duration INT NOT NULL DEFAULT 0 COMMENT 'seconds, summed over stays that have ended',
    isInstructor BOOLEAN NOT NULL DEFAULT FALSE,
    isHost BOOLEAN NOT NULL DEFAULT FALSE,
    status VARCHAR(20) NOT NULL DEFAULT 'JOINED',
    speakingTime INT NOT NULL DEFAULT 0 COMMENT 'seconds, summed over intervals that have ended',
    -- Counted from the messages when asked for, and written here once the conversation is over:
    -- counting up would make every message of a sender wait for the one before.
    messageCount INT NOT NULL DEFAULT 0,
    feedback JSON NULL COMMENT 'what this participant said of the session: rating, comment, tags',
    isMuted BOOLEAN NOT NULL DEFAULT FALSE,
    removedAt DATETIME(6) NULL,
    removedBy UUID NULL,
    generation BIGINT NOT NULL DEFAULT 1 COMMENT 'rises with every join: an old leave is ignored',
    stayStartedAt DATETIME(6) NULL COMMENT 'of the current stay; NULL outside of the room',
    awayAt DATETIME(6) NULL COMMENT 'since when no stream is open; LEFT after a minute',
    subscribeBy DATETIME(6) NULL COMMENT 'a stream has to be open by then; NULL once one was',
    readThroughSequence BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'everything up to here is read',
    updatedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY participant_once (tenant_id, conversationId, userId),
    KEY participant_user (tenant_id, userId, status),
    KEY participant_away (status, awayAt),
    KEY participant_subscribe (status, subscribeBy),
    CONSTRAINT participant_conversation FOREIGN KEY (tenant_id, conversationId)
        REFERENCES live_conversations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT participant_user_known FOREIGN KEY (tenant_id, userId)
        REFERENCES users (tenant_id, id),
    CONSTRAINT participant_status_known CHECK (status IN ('JOINED', 'AWAY', 'LEFT', 'REMOVED')),
    CONSTRAINT participant_sums CHECK (duration >= 0 AND speakingTime >= 0 AND messageCount >= 0
        AND generation >= 1),
    CONSTRAINT participant_stay CHECK ((status IN ('JOINED', 'AWAY')) = (stayStartedAt IS NOT NULL)),
    CONSTRAINT participant_removal CHECK ((status = 'REMOVED') = (removedAt IS NOT NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Server processes that are alive. Each renews its own row; a new start of the same node has another
-- incarnation.
CREATE TABLE node_leases (
    nodeId VARCHAR(64) NOT NULL,
    incarnation BIGINT UNSIGNED NOT NULL,
    startedAt DATETIME(6) NOT NULL,
    expiresAt DATETIME(6) NOT NULL,
    PRIMARY KEY (nodeId),
    KEY node_expiry (expiresAt)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- On which nodes a participant has a stream open. When the last row goes, the participant is AWAY; the
-- rows of an expired or restarted node are reaped.
CREATE TABLE participant_streams (
    tenant_id VARCHAR(64) NOT NULL,
    conversationId UUID NOT NULL,
    userId UUID NOT NULL,
    nodeId VARCHAR(64) NOT NULL,
    incarnation BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (tenant_id, conversationId, userId, nodeId),
    KEY stream_node (nodeId, incarnation),
    CONSTRAINT stream_participant FOREIGN KEY (tenant_id, conversationId, userId)
        REFERENCES live_conversation_participants (tenant_id, conversationId, userId)
        ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What a participant says of the session (subjectId is NULL) or of another participant.
CREATE TABLE live_conversation_feedback (
    tenant_id VARCHAR(64) NOT NULL,
    id UUID NOT NULL,
    conversationId UUID NOT NULL,
    authorId UUID NOT NULL,
    subjectId UUID NULL,
    -- NULLs are all different to a unique key, so the session stands under the author's own id.
    subjectKey UUID AS (COALESCE(subjectId, authorId)) STORED,
    rating TINYINT NOT NULL,
    comment TEXT NOT NULL,
    tags JSON NOT NULL DEFAULT '[]',
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updatedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY feedback_once (tenant_id, conversationId, authorId, subjectKey),
    KEY feedback_author (tenant_id, authorId, id),
    KEY feedback_subject (tenant_id, subjectId, id),
    KEY feedback_conversation (tenant_id, conversationId, id),
    CONSTRAINT feedback_by_participant FOREIGN KEY (tenant_id, conversationId, authorId)
        REFERENCES live_conversation_participants (tenant_id, conversationId, userId)
        ON DELETE CASCADE,
    CONSTRAINT feedback_subject_known FOREIGN KEY (tenant_id, subjectId)
        REFERENCES users (tenant_id, id),
    CONSTRAINT feedback_rating CHECK (rating BETWEEN 1 AND 5),
    CONSTRAINT feedback_not_of_self CHECK (subjectId IS NULL OR subjectId <> authorId)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
