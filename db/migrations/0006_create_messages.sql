-- The message. A deleted one stays as a tombstone without content. The hottest table: its foreign
-- keys stand on indexes that it needs anyway, so that a bulk insert touches four of them and no more.
-- Sender and recipient are participants, also after they have left.
CREATE TABLE live_conversation_messages (
    tenant_id VARCHAR(64) NOT NULL,
    id UUID NOT NULL,
    conversationId UUID NOT NULL,
    senderId UUID NOT NULL,
    recipientId UUID NULL COMMENT 'who alone sees it, besides the sender; NULL: everybody',
    content TEXT NOT NULL COMMENT 'of a correction: what the span should be',
    messageType VARCHAR(20) NOT NULL DEFAULT 'TEXT',
    language VARCHAR(50) NOT NULL,
    isTranslation BOOLEAN AS (messageType = 'TRANSLATION') STORED,
    originalMessage UUID NULL COMMENT 'what it translates or corrects',
    timestamp DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    isRead BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'private: by its recipient. Others: read positions',
    sequence BIGINT UNSIGNED NOT NULL COMMENT 'of its event in the conversation''s log',
    clientMessageId UUID NULL COMMENT 'unique per sender for ever: a retry finds the first; NULL on corrections',
    correctionStart INT NULL COMMENT 'code points of the original',
    correctionLength INT NULL,
    correctionKind VARCHAR(20) NULL,
    correctionExplanation TEXT NULL,
    editedAt DATETIME(6) NULL,
    deletedAt DATETIME(6) NULL,
    deletedBy VARCHAR(20) NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY message_once (tenant_id, conversationId, senderId, clientMessageId),
    UNIQUE KEY message_sequence (tenant_id, conversationId, sequence),
    KEY message_recipient (tenant_id, conversationId, recipientId, sequence),
    KEY message_original (tenant_id, originalMessage),
    CONSTRAINT message_conversation FOREIGN KEY (tenant_id, conversationId)
        REFERENCES live_conversations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT message_sender FOREIGN KEY (tenant_id, conversationId, senderId)
        REFERENCES live_conversation_participants (tenant_id, conversationId, userId)
        ON DELETE CASCADE,
    CONSTRAINT message_recipient_known FOREIGN KEY (tenant_id, conversationId, recipientId)
        REFERENCES live_conversation_participants (tenant_id, conversationId, userId)
        ON DELETE CASCADE,
    CONSTRAINT message_original_known FOREIGN KEY (tenant_id, originalMessage)
        REFERENCES live_conversation_messages (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT message_type_known CHECK (messageType IN ('TEXT', 'TRANSLATION', 'CORRECTION')),
    CONSTRAINT message_original_said
        CHECK ((messageType = 'TEXT') = (originalMessage IS NULL)),
    CONSTRAINT message_not_to_self CHECK (recipientId IS NULL OR recipientId <> senderId),
    CONSTRAINT message_correction_known CHECK (correctionKind IS NULL OR correctionKind IN
        ('GRAMMAR', 'VOCABULARY', 'SPELLING', 'PUNCTUATION', 'STYLE')),
    CONSTRAINT message_correction_span CHECK ((correctionStart IS NULL) = (correctionKind IS NULL)
        AND (correctionLength IS NULL) = (correctionKind IS NULL)
        AND COALESCE(correctionStart, 0) >= 0 AND COALESCE(correctionLength, 0) >= 0),
    CONSTRAINT message_deleted_known
        CHECK (deletedBy IS NULL OR deletedBy IN ('SENDER', 'MODERATOR')),
    CONSTRAINT message_tombstone CHECK ((deletedAt IS NULL) = (deletedBy IS NULL)
        AND (deletedAt IS NULL OR (content = '' AND correctionKind IS NULL
            AND correctionExplanation IS NULL))),
    CONSTRAINT message_sequence_said CHECK (sequence >= 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Events besides the original one that hold text of a message: each edit is told in full. When the
-- message is edited again or deleted, they are rewritten, so that no text is delivered that was taken
-- away.
CREATE TABLE message_copies (
    tenant_id VARCHAR(64) NOT NULL,
    messageId UUID NOT NULL,
    sequence BIGINT UNSIGNED NOT NULL COMMENT 'of the event, in the log of the conversation',
    PRIMARY KEY (tenant_id, messageId, sequence),
    CONSTRAINT copy_message FOREIGN KEY (tenant_id, messageId)
        REFERENCES live_conversation_messages (tenant_id, id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
