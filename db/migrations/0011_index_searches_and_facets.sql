-- Facets of what is public are counted by the index alone: all that a filter may ask is in it, but
-- seats, which change with every booking.
CREATE INDEX conversation_facets ON live_conversations
    (tenant_id, isOpen, isPublic, language, level, conversationType, isFree, startTime, status);

-- A copy of the start while the conversation is open, kept under its lock. What has a common word is
-- then met in the order of the list, without what is over, and a page ends where it is full.
ALTER TABLE conversation_terms
    ADD COLUMN openStart DATETIME(6) NULL COMMENT 'startTime of the conversation; NULL when it is not open',
    ADD KEY term_open (tenant_id, term, openStart, conversationId);

UPDATE conversation_terms t
    JOIN live_conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversationId
    SET t.openStart = c.startTime
    WHERE c.isOpen = 1;
