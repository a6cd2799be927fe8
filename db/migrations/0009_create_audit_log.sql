-- Acts of admins, services and hosts over others. Rows are only ever added, and nothing they speak of
-- can be deleted under them.
CREATE TABLE audit_log (
    tenant_id VARCHAR(64) NOT NULL,
    id UUID NOT NULL COMMENT 'version 7: in order of time',
    actorId UUID NULL COMMENT 'NULL: the server itself, or a service',
    actorSubject VARCHAR(255) NOT NULL DEFAULT '',
    actorRole VARCHAR(20) NOT NULL COMMENT 'in which the act was done: host, admin, service, system',
    action VARCHAR(50) NOT NULL COMMENT 'such as conversation.cancel',
    conversationId UUID NULL,
    targetUserId UUID NULL,
    targetId UUID NULL COMMENT 'message, booking or report',
    note VARCHAR(500) NOT NULL DEFAULT '',
    details JSON NOT NULL DEFAULT '{}',
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, id),
    KEY audit_conversation (tenant_id, conversationId, id),
    KEY audit_target (tenant_id, targetUserId, id),
    KEY audit_actor (tenant_id, actorId, id),
    CONSTRAINT audit_of_tenant FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT audit_actor_known FOREIGN KEY (tenant_id, actorId) REFERENCES users (tenant_id, id),
    CONSTRAINT audit_target_known FOREIGN KEY (tenant_id, targetUserId)
        REFERENCES users (tenant_id, id),
    CONSTRAINT audit_conversation_known FOREIGN KEY (tenant_id, conversationId)
        REFERENCES live_conversations (tenant_id, id),
    CONSTRAINT audit_role_known CHECK (actorRole IN ('host', 'instructor', 'admin', 'service', 'system'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
