-- Idempotency: what a mutation answered, written in the transaction of its effect. A retry with the
-- same request_id gets the first answer; the same id with another body is refused. STARTED is a
-- mutation that is calling a payment provider and may be resumed.
CREATE TABLE request_records (
    tenant_id VARCHAR(64) NOT NULL,
    principal VARCHAR(255) NOT NULL COMMENT 'subject of the token',
    method VARCHAR(100) NOT NULL COMMENT 'such as BookingService/BookConversation',
    requestId UUID NOT NULL,
    fingerprint BINARY(32) NOT NULL COMMENT 'SHA-256 of the request without its id',
    state VARCHAR(10) NOT NULL DEFAULT 'DONE',
    response MEDIUMBLOB NULL COMMENT 'the encoded answer; NULL while STARTED',
    resumeState MEDIUMBLOB NULL COMMENT 'what a saga needs to go on',
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, principal, method, requestId),
    KEY request_age (tenant_id, createdAt),
    CONSTRAINT request_state_known CHECK (state IN ('STARTED', 'DONE')),
    CONSTRAINT request_answered CHECK (state <> 'DONE' OR response IS NOT NULL)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
