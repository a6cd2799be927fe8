-- The booking: one per user and conversation, for ever. Booking again after a cancellation is a new
-- attempt of the same row. Money hangs on it, so nothing cascades here.
CREATE TABLE live_conversation_bookings (
    tenant_id VARCHAR(64) NOT NULL,
    id UUID NOT NULL,
    conversationId UUID NOT NULL,
    userId UUID NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'CONFIRMED',
    takesSeat BOOLEAN AS (status IN ('HELD', 'PENDING_PAYMENT', 'CONFIRMED', 'ATTENDED', 'NO_SHOW'))
        STORED COMMENT 'their number is seatsTaken of the conversation',
    bookedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'of the current attempt',
    cancelledAt DATETIME(6) NULL,
    paymentStatus VARCHAR(20) NOT NULL DEFAULT 'NOT_REQUIRED',
    amount BIGINT NOT NULL DEFAULT 0 COMMENT 'what the user pays, smallest unit',
    currency CHAR(3) NULL COMMENT 'NULL when amount is 0',
    refunded BIGINT NOT NULL DEFAULT 0 COMMENT 'given back so far',
    attempt INT NOT NULL DEFAULT 1 COMMENT 'number of the current row of booking_attempts',
    holdExpiresAt DATETIME(6) NULL COMMENT 'HELD and PENDING_PAYMENT: when the seat is given up',
    offerExpiresAt DATETIME(6) NULL COMMENT 'an offer to the waitlist',
    -- A copy, kept under the conversation's lock: lists of a user's bookings are in this order.
    startTime DATETIME(6) NOT NULL COMMENT 'of the conversation',
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updatedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    version BIGINT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY booking_once (tenant_id, conversationId, userId),
    KEY booking_user_start (tenant_id, userId, startTime, id),
    KEY booking_seats (tenant_id, conversationId, takesSeat),
    KEY booking_hold_expiry (status, holdExpiresAt),
    KEY booking_offer_expiry (status, offerExpiresAt),
    CONSTRAINT booking_conversation FOREIGN KEY (tenant_id, conversationId)
        REFERENCES live_conversations (tenant_id, id),
    CONSTRAINT booking_user FOREIGN KEY (tenant_id, userId) REFERENCES users (tenant_id, id),
    CONSTRAINT booking_status_known CHECK (status IN ('HELD', 'PENDING_PAYMENT', 'CONFIRMED',
        'CANCELLED', 'EXPIRED', 'ATTENDED', 'NO_SHOW')),
    CONSTRAINT booking_payment_known CHECK (paymentStatus IN ('NOT_REQUIRED', 'INCLUDED', 'PENDING',
        'PAID', 'REFUNDED', 'FAILED')),
    CONSTRAINT booking_money CHECK (amount >= 0 AND refunded BETWEEN 0 AND amount
        AND (amount = 0 OR currency IS NOT NULL)),
    CONSTRAINT booking_cancel_told CHECK (status <> 'CANCELLED' OR cancelledAt IS NOT NULL),
    CONSTRAINT booking_pending_expires
        CHECK (status <> 'PENDING_PAYMENT' OR holdExpiresAt IS NOT NULL),
    CONSTRAINT booking_attempt_counts CHECK (attempt >= 1)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What was agreed when the seat was taken. Price and cancellation policy are frozen here; events of a
-- payment provider name the attempt, so that a late payment of an old one cannot confirm a new one.
CREATE TABLE booking_attempts (
    tenant_id VARCHAR(64) NOT NULL,
    bookingId UUID NOT NULL,
    number INT NOT NULL COMMENT 'from 1',
    payer VARCHAR(20) NOT NULL,
    payerReason VARCHAR(30) NOT NULL,
    amount BIGINT NOT NULL DEFAULT 0,
    currency CHAR(3) NULL,
    paymentStatus VARCHAR(20) NOT NULL,
    cancellationPolicy JSON NOT NULL COMMENT '[{"noticeMinutes", "refundPercent"}], longest first',
    freeCancellation BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the session was moved after it was booked',
    -- Which allowance was used, to be given back by a cancellation in time.
    usageMonth INT NULL COMMENT 'such as 202601; NULL: none',
    usageKind VARCHAR(20) NULL,
    provider VARCHAR(20) NULL,
    providerPaymentId VARCHAR(255) NULL,
    refunded BIGINT NOT NULL DEFAULT 0,
    createdAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    updatedAt DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (tenant_id, bookingId, number),
    UNIQUE KEY attempt_payment (provider, providerPaymentId),
    CONSTRAINT attempt_booking FOREIGN KEY (tenant_id, bookingId)
        REFERENCES live_conversation_bookings (tenant_id, id),
    CONSTRAINT attempt_number CHECK (number >= 1),
    CONSTRAINT attempt_payer_known CHECK (payer IN ('NOBODY', 'TIER', 'USER')),
    CONSTRAINT attempt_reason_known CHECK (payerReason IN ('FREE_CONVERSATION', 'INCLUDED_IN_TIER',
        'NOT_IN_TIER', 'ALLOWANCE_USED', 'NO_TIER')),
    CONSTRAINT attempt_payment_known CHECK (paymentStatus IN ('NOT_REQUIRED', 'INCLUDED', 'PENDING',
        'PAID', 'REFUNDED', 'FAILED')),
    CONSTRAINT attempt_usage_known CHECK (usageKind IS NULL OR usageKind IN ('FREE', 'GROUP', 'PRIVATE')),
    CONSTRAINT attempt_usage_whole CHECK ((usageMonth IS NULL) = (usageKind IS NULL)),
    CONSTRAINT attempt_money CHECK (amount >= 0 AND refunded BETWEEN 0 AND amount
        AND (amount = 0 OR (currency IS NOT NULL AND payer = 'USER')))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What a user has used of the tier's allowance in a month. The row is locked after the conversation
-- and before any booking: parallel bookings of one user queue up here.
CREATE TABLE user_month_usage (
    tenant_id VARCHAR(64) NOT NULL,
    userId UUID NOT NULL,
    month INT NOT NULL COMMENT 'of the session''s start in the tenant''s zone, such as 202601',
    usedFree INT NOT NULL DEFAULT 0,
    usedGroup INT NOT NULL DEFAULT 0,
    usedPrivate INT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, userId, month),
    CONSTRAINT usage_user FOREIGN KEY (tenant_id, userId) REFERENCES users (tenant_id, id),
    CONSTRAINT usage_month CHECK (month BETWEEN 197001 AND 999912 AND month % 100 BETWEEN 1 AND 12),
    CONSTRAINT usage_counts CHECK (usedFree >= 0 AND usedGroup >= 0 AND usedPrivate >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
