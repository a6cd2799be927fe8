-- The event log: what happened in a topic, numbered without holes under the lock of the topic's row
-- (live_conversations or inbox_topics). A payload is one encoded liveconv.v1.Event. Edits and
-- deletions rewrite the payload of the original, so that removed text is never delivered again.
--
-- Topics are conversations and users; both are named by their UUID. There is no foreign key: it would
-- have two parents, and trimming and the epoch already say what is missing.
CREATE TABLE events (
    tenant_id VARCHAR(64) NOT NULL,
    topicId UUID NOT NULL COMMENT 'conversation or user',
    sequence BIGINT UNSIGNED NOT NULL,
    -- Who may see it; both NULL: everybody who may follow the topic.
    visibleTo UUID NULL COMMENT 'recipient of a private message',
    visibleFrom UUID NULL COMMENT 'its sender',
    payload MEDIUMBLOB NOT NULL,
    checksum INT UNSIGNED NOT NULL COMMENT 'CRC-32 of the payload: a damaged row is DATA_LOSS',
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, topicId, sequence),
    KEY event_age (tenant_id, createdAt),
    CONSTRAINT event_sequence_said CHECK (sequence >= 1),
    CONSTRAINT event_audience CHECK ((visibleTo IS NULL) = (visibleFrom IS NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
