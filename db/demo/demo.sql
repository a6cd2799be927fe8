-- Demo data: two tenants, a handful of users, and conversations around the moment of loading.
-- Loading it again changes nothing. Never for production.
--
--   tenant demo: alice and bob (students), ines and kenji (instructors), adam (admin)
--   tenant acme: zoe (student); must never see anything of demo
--
-- The ids are fixed, so that examples in the documentation can name them.

-- Whoever tries things out in the demo school is in several sessions at once.
INSERT IGNORE INTO tenants
    (id, displayName, timeZone, defaultCurrency, currencies, forbidsOverlaps) VALUES
    ('demo', 'Demo School', 'Europe/Paris', 'EUR', '["EUR","USD"]', FALSE),
    ('acme', 'Acme Languages', 'America/New_York', 'USD', '["USD"]', TRUE);

INSERT IGNORE INTO tenant_tiers
    (tenant_id, tier, position, freePerMonth, groupPerMonth, privatePerMonth, bookingHorizonDays) VALUES
    ('demo', 'FREE', 1, 20, 0, 0, 14),
    ('demo', 'PREMIUM', 2, -1, 8, 1, 30),
    ('demo', 'PRO', 3, -1, -1, 4, 60),
    ('acme', 'FREE', 1, 20, 0, 0, 14);

INSERT IGNORE INTO users (tenant_id, id, subject, displayName, locale, roles, tier) VALUES
    ('demo', '01900000-0000-7000-8000-00000000a001', 'alice', 'Alice Martin', 'fr', 'student', 'FREE'),
    ('demo', '01900000-0000-7000-8000-00000000a002', 'bob', 'Bob Tanaka', 'en', 'student', 'PREMIUM'),
    ('demo', '01900000-0000-7000-8000-00000000a003', 'ines', 'Inés García', 'es', 'instructor', 'PRO'),
    ('demo', '01900000-0000-7000-8000-00000000a004', 'kenji', '健二', 'ja', 'instructor', 'PRO'),
    ('demo', '01900000-0000-7000-8000-00000000a005', 'adam', 'Adam Admin', 'en', 'admin', ''),
    ('acme', '01900000-0000-7000-8000-00000000b001', 'zoe', 'Zoe Ace', 'en', 'student', 'FREE');

-- Doors are open for the first one: it starts in five minutes.
INSERT IGNORE INTO live_conversations
    (tenant_id, id, title, description, conversationType, language, level, startTime, endTime,
     timeZone, maxParticipants, seatsTaken, price, currency, visibility, inviteCode, hostId,
     instructorId, topic, culturalNotes, vocabularyList, grammarPoints, conversationPrompts, eventEpoch)
VALUES
    ('demo', '01900000-0000-7000-8000-00000000c001', 'Café y charla', 'Un rato para hablar de la semana.',
     'GROUP', 'es', 'A2', UTC_TIMESTAMP(6) + INTERVAL 5 MINUTE, UTC_TIMESTAMP(6) + INTERVAL 65 MINUTE,
     'Europe/Madrid', 8, 1, 0, NULL, 'PUBLIC', NULL,
     '01900000-0000-7000-8000-00000000a001', NULL, 'La semana', NULL,
     '[{"term":"la sobremesa","translation":"time spent talking after a meal","note":""}]',
     '["pretérito perfecto"]', '["¿Qué has hecho esta semana?"]', 1 + FLOOR(RAND() * 9000000000000000)),
    ('demo', '01900000-0000-7000-8000-00000000c002', 'Spanish with Inés: telling stories', 'Past tenses, told well.',
     'PRACTICE', 'es', 'B1', UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6) + INTERVAL 1500 MINUTE,
     'Europe/Madrid', 6, 0, 1200, 'EUR', 'PUBLIC', NULL,
     '01900000-0000-7000-8000-00000000a003', '01900000-0000-7000-8000-00000000a003', 'Storytelling', NULL,
     '[{"term":"de repente","translation":"suddenly","note":"begins the turn of a story"}]',
     '["imperfecto o indefinido"]', '["Cuenta un viaje que salió mal."]', 1 + FLOOR(RAND() * 9000000000000000)),
    ('demo', '01900000-0000-7000-8000-00000000c003', '日本語で話そう', '週末の予定について話しましょう。',
     'CULTURAL', 'ja', 'B2', UTC_TIMESTAMP(6) + INTERVAL 2 DAY, UTC_TIMESTAMP(6) + INTERVAL 2940 MINUTE,
     'Asia/Tokyo', 10, 0, 0, NULL, 'PUBLIC', NULL,
     '01900000-0000-7000-8000-00000000a004', '01900000-0000-7000-8000-00000000a004', '会話とお茶',
     'お茶の席では季節の話から始めます。', '[{"term":"一期一会","translation":"once in a lifetime","note":""}]',
     '["〜ことにする"]', '["週末は何をしますか。"]', 1 + FLOOR(RAND() * 9000000000000000)),
    ('demo', '01900000-0000-7000-8000-00000000c004', 'One to one with Kenji', NULL,
     'PRIVATE', 'ja', 'A1', UTC_TIMESTAMP(6) + INTERVAL 3 DAY, UTC_TIMESTAMP(6) + INTERVAL 4350 MINUTE,
     'Asia/Tokyo', 1, 0, 2500, 'EUR', 'PUBLIC', NULL,
     '01900000-0000-7000-8000-00000000a004', '01900000-0000-7000-8000-00000000a004', NULL, NULL,
     NULL, NULL, NULL, 1 + FLOOR(RAND() * 9000000000000000)),
    ('demo', '01900000-0000-7000-8000-00000000c005', 'Bob''s quiet corner', 'With the link only.',
     'GROUP', 'en', 'C1', UTC_TIMESTAMP(6) + INTERVAL 4 DAY, UTC_TIMESTAMP(6) + INTERVAL 5820 MINUTE,
     'Europe/London', 4, 0, 0, NULL, 'UNLISTED', 'demo-quiet-corner',
     '01900000-0000-7000-8000-00000000a002', NULL, 'Books', NULL,
     NULL, NULL, '["Which book would you give away?"]', 1 + FLOOR(RAND() * 9000000000000000)),
    ('acme', '01900000-0000-7000-8000-00000000d001', 'Acme only', NULL,
     'GROUP', 'en', 'B1', UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6) + INTERVAL 1500 MINUTE,
     'America/New_York', 8, 0, 0, NULL, 'PUBLIC', NULL,
     '01900000-0000-7000-8000-00000000b001', NULL, NULL, NULL,
     NULL, NULL, NULL, 1 + FLOOR(RAND() * 9000000000000000));

-- Bob has a seat in the first one.
INSERT IGNORE INTO live_conversation_bookings
    (tenant_id, id, conversationId, userId, status, paymentStatus, startTime)
SELECT 'demo', '01900000-0000-7000-8000-00000000e001', id, '01900000-0000-7000-8000-00000000a002',
       'CONFIRMED', 'NOT_REQUIRED', startTime
FROM live_conversations
WHERE tenant_id = 'demo' AND id = '01900000-0000-7000-8000-00000000c001';

INSERT IGNORE INTO booking_attempts
    (tenant_id, bookingId, number, payer, payerReason, paymentStatus, cancellationPolicy) VALUES
    ('demo', '01900000-0000-7000-8000-00000000e001', 1, 'NOBODY', 'FREE_CONVERSATION', 'NOT_REQUIRED', '[]');

INSERT IGNORE INTO inbox_topics (tenant_id, userId, eventEpoch)
SELECT tenant_id, id, 1 + FLOOR(RAND() * 9000000000000000) FROM users WHERE tenant_id IN ('demo', 'acme');

-- Some words, folded as the server does it; saving a conversation writes them all.
INSERT IGNORE INTO conversation_terms (tenant_id, term, conversationId) VALUES
    ('demo', 'café', '01900000-0000-7000-8000-00000000c001'),
    ('demo', 'charla', '01900000-0000-7000-8000-00000000c001'),
    ('demo', 'semana', '01900000-0000-7000-8000-00000000c001'),
    ('demo', 'spanish', '01900000-0000-7000-8000-00000000c002'),
    ('demo', 'inés', '01900000-0000-7000-8000-00000000c002'),
    ('demo', 'stories', '01900000-0000-7000-8000-00000000c002'),
    ('demo', 'storytelling', '01900000-0000-7000-8000-00000000c002'),
    ('demo', '日本', '01900000-0000-7000-8000-00000000c003'),
    ('demo', '本語', '01900000-0000-7000-8000-00000000c003'),
    ('demo', '会話', '01900000-0000-7000-8000-00000000c003'),
    ('demo', 'お茶', '01900000-0000-7000-8000-00000000c003'),
    ('demo', 'kenji', '01900000-0000-7000-8000-00000000c004'),
    ('demo', 'quiet', '01900000-0000-7000-8000-00000000c005'),
    ('demo', 'books', '01900000-0000-7000-8000-00000000c005');
UPDATE conversation_terms t JOIN live_conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversationId
    SET t.openStart = IF(c.isOpen, c.startTime, NULL) WHERE t.tenant_id = 'demo';
