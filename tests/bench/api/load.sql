-- What `ci/bench api` loads, in the steps that api_world.py runs and shows. `:name` is a number of its own;
-- a step that names :from and :to is run once per slice of the conversations.
--
-- Conversation n is one of :conversations. The first 70 % are over (a start every quarter of an hour, back
-- from now), the rest are open, over the next 60 days. One in ten is PRIVATE with one booking; the others
-- have eleven, so that there are ten a conversation. Users 1 to :heavy hold five of the eleven seats: about
-- 225 bookings each, the others up to :students about 35. Then come the instructors, who host seven of ten,
-- and after them the students who host the others. Texts are made of words of different frequency:
-- "conversation" is in all, a topic in one of twenty, a rare word in about one of 430.

-- step: tenant and users
-- The few senders are in many rooms at once.
INSERT INTO tenants (id, displayName, timeZone, defaultCurrency, currencies, forbidsOverlaps)
    VALUES ('bench', 'Bench School', 'Europe/Paris', 'EUR', '["EUR"]', FALSE);
INSERT INTO tenant_tiers (tenant_id, tier, position, freePerMonth, groupPerMonth, privatePerMonth,
                          bookingHorizonDays) VALUES ('bench', 'PRO', 1, -1, -1, -1, 365);
INSERT INTO users (tenant_id, id, subject, displayName, locale, roles, tier)
    SELECT 'bench', CONCAT('00000000-0000-7000-8000-', LPAD(seq, 12, '0')),
           CONCAT('00000000-0000-7000-8000-', LPAD(seq, 12, '0')), CONCAT('User ', seq), 'en',
           IF(seq > :students AND seq <= :students + :instructors, 'instructor', 'student'), 'PRO'
    FROM seq_1_to_:users;
INSERT INTO inbox_topics (tenant_id, userId, eventEpoch) SELECT tenant_id, id, 7 FROM users;
INSERT INTO user_month_usage (tenant_id, userId, month, usedFree)
    SELECT tenant_id, id, EXTRACT(YEAR_MONTH FROM UTC_TIMESTAMP()), 3 FROM users;

-- step: conversations
INSERT INTO live_conversations
    (tenant_id, id, title, description, conversationType, language, level, startTime, endTime,
     timeZone, maxParticipants, seatsTaken, price, currency, visibility, inviteCode, status,
     cancelledAt, cancelReason, hostId, instructorId, topic, vocabularyList, grammarPoints,
     conversationPrompts, eventEpoch, eventSequence, eventFloor)
SELECT 'bench', CONCAT('0190', SUBSTR(LPAD(HEX(n), 8, '0'), 1, 4), '-',
                       SUBSTR(LPAD(HEX(n), 8, '0'), 5, 4), '-7000-9000-', LPAD(n, 12, '0')),
       CONCAT(mood, ' conversation about ', topic),
       CONCAT('Practice ', word, ' with others: ', rare1, ' and ', rare2, ', then ', rare3, ' or ', rare4, '.'),
       kind, language, level, startsAt, startsAt + INTERVAL 30 + 15 * (n MOD 3) MINUTE, 'Europe/Paris',
       IF(kind = 'PRIVATE', 1, ELT(1 + n DIV 2 MOD 4, 11, 12, 16, 24)),
       IF(kind = 'PRIVATE', 1, 10 + n MOD 2),
       IF(n MOD 10 IN (0, 1, 2, 9), 1200, 0), IF(n MOD 10 IN (0, 1, 2, 9), 'EUR', NULL),
       ELT(1 + (n MOD 50 = 1) + 2 * (n MOD 50 = 26), 'PUBLIC', 'UNLISTED', 'INVITED'),
       IF(n MOD 50 = 1, CONCAT('code-', n), NULL),
       IF(n > :over, 'SCHEDULED', IF(n MOD 20 = 0, 'CANCELLED', 'COMPLETED')),
       IF(n <= :over AND n MOD 20 = 0, startsAt - INTERVAL 1 DAY, NULL),
       IF(n <= :over AND n MOD 20 = 0, 'HOST', NULL),
       CONCAT('00000000-0000-7000-8000-', LPAD(hostNumber, 12, '0')),
       IF(n MOD 10 IN (4, 5, 6), NULL, CONCAT('00000000-0000-7000-8000-', LPAD(hostNumber, 12, '0'))),
       topic, '[{"term":"de repente","translation":"suddenly","note":""}]', '["past tenses"]',
       '["What surprised you this week?"]', 7, IF(n MOD 10 = 3, 20, 8), IF(n MOD 10 = 3, 20, 8)
FROM (SELECT seq AS n,
             ELT(1 + (seq MOD 10 IN (7, 8)) + 2 * (seq MOD 10 = 3) + 3 * (seq MOD 10 = 9),
                 'GROUP', 'PRACTICE', 'CULTURAL', 'PRIVATE') AS kind,
             ELT(1 + INTERVAL(CRC32(CONCAT('g', seq)) MOD 100, 30, 50, 62, 72, 80, 88, 93, 97),
                 'en', 'es', 'fr', 'de', 'ja', 'pt-BR', 'it', 'ko', 'zh') AS language,
             ELT(1 + INTERVAL(CRC32(CONCAT('g', seq)) MOD 100, 30, 50, 62, 72, 80, 88, 93, 97),
                 'english', 'spanish', 'french', 'german', 'japanese', 'portuguese', 'italian',
                 'korean', 'chinese') AS word,
             ELT(1 + CRC32(CONCAT('l', seq)) MOD 6, 'A1', 'A2', 'B1', 'B2', 'C1', 'C2') AS level,
             ELT(1 + CRC32(CONCAT('m', seq)) MOD 5, 'Easy', 'Lively', 'Quiet', 'Serious', 'Weekly') AS mood,
             ELT(1 + CRC32(CONCAT('t', seq)) MOD 20, 'travel', 'food', 'music', 'books', 'work', 'sport',
                 'family', 'nature', 'films', 'history', 'science', 'art', 'news', 'school', 'health',
                 'money', 'games', 'weather', 'cities', 'dreams') AS topic,
             :rare('a') AS rare1, :rare('b') AS rare2, :rare('c') AS rare3, :rare('d') AS rare4,
             IF(seq <= :over,
                UTC_TIMESTAMP() - INTERVAL 10800 + 900 * (:over - seq) SECOND,
                UTC_TIMESTAMP() + INTERVAL 1200 + 5184000 * (seq - :over) DIV (:conversations - :over)
                    SECOND) AS startsAt,
             IF(seq MOD 10 IN (4, 5, 6), :students + :instructors + 1 + seq * 29 MOD :peers,
                :students + 1 + seq * 31 MOD :instructors) AS hostNumber
      FROM seq_:from_to_:to) AS numbers;

-- step: search terms
-- Without the order of the list, which is cheaper to make at once.
ALTER TABLE conversation_terms DROP KEY IF EXISTS term_open;
INSERT INTO conversation_terms (tenant_id, term, conversationId, openStart)
SELECT DISTINCT tenant_id, LOWER(SUBSTRING_INDEX(SUBSTRING_INDEX(words, ' ', seq), ' ', -1)), id,
       openStart
FROM (SELECT tenant_id, id, IF(isOpen, startTime, NULL) AS openStart, CONCAT(title, ' ', REPLACE(REPLACE(REPLACE(description, ':', ''), ',', ''),
                                                      '.', '')) AS words
      FROM live_conversations WHERE id BETWEEN :id(:from) AND :id(:to)) AS texts
JOIN seq_1_to_15
WHERE seq <= 1 + CHAR_LENGTH(words) - CHAR_LENGTH(REPLACE(words, ' ', ''));

-- step: search terms in the order of lists
ALTER TABLE conversation_terms ADD KEY term_open (tenant_id, term, openStart, conversationId);

-- step: bookings
INSERT INTO live_conversation_bookings
    (tenant_id, id, conversationId, userId, status, bookedAt, cancelledAt, paymentStatus, startTime)
SELECT 'bench', CONCAT('0191', SUBSTR(LPAD(HEX(n * 16 + k), 8, '0'), 1, 4), '-',
                       SUBSTR(LPAD(HEX(n * 16 + k), 8, '0'), 5, 4), '-7000-a000-',
                       LPAD(n * 16 + k, 12, '0')),
       id, CONCAT('00000000-0000-7000-8000-',
                  LPAD(IF(k < 5, 1 + (n * 7 + k * (:heavy DIV 5)) MOD :heavy,
                          1 + :heavy + (n * 13 + k * ((:students - :heavy) DIV 11))
                              MOD (:students - :heavy)), 12, '0')),
       IF(k = 10 AND n MOD 2 = 0 OR status = 'CANCELLED', 'CANCELLED',
          IF(n > :over, 'CONFIRMED', IF(k = 9, 'NO_SHOW', 'ATTENDED'))),
       startTime - INTERVAL 3 DAY,
       IF(k = 10 AND n MOD 2 = 0 OR status = 'CANCELLED', startTime - INTERVAL 1 DAY, NULL),
       IF(price > 0, 'INCLUDED', 'NOT_REQUIRED'), startTime
FROM (SELECT id, CAST(RIGHT(id, 12) AS UNSIGNED) AS n, conversationType, status, price, startTime
      FROM live_conversations WHERE id BETWEEN :id(:from) AND :id(:to)) AS c
JOIN (SELECT seq AS k FROM seq_0_to_10) AS seats ON conversationType <> 'PRIVATE' OR k = 0;

-- step: booking attempts of what is open
INSERT INTO booking_attempts
    (tenant_id, bookingId, number, payer, payerReason, paymentStatus, cancellationPolicy)
SELECT b.tenant_id, b.id, 1, IF(b.paymentStatus = 'INCLUDED', 'TIER', 'NOBODY'),
       IF(b.paymentStatus = 'INCLUDED', 'INCLUDED_IN_TIER', 'FREE_CONVERSATION'), b.paymentStatus, '[]'
FROM live_conversation_bookings b
WHERE b.startTime > UTC_TIMESTAMP() AND b.conversationId BETWEEN :id(:from) AND :id(:to);

-- step: participants of what is over
INSERT INTO live_conversation_participants
    (tenant_id, id, conversationId, userId, joinedAt, leftAt, duration, isHost, status,
     readThroughSequence)
SELECT 'bench', CONCAT('0192', SUBSTR(LPAD(HEX(n * 16 + k), 8, '0'), 1, 4), '-',
                       SUBSTR(LPAD(HEX(n * 16 + k), 8, '0'), 5, 4), '-7000-a000-',
                       LPAD(n * 16 + k, 12, '0')),
       id, IF(k = 15, hostId,
              CONCAT('00000000-0000-7000-8000-',
                     LPAD(IF(k < 5, 1 + (n * 7 + k * (:heavy DIV 5)) MOD :heavy,
                             1 + :heavy + (n * 13 + k * ((:students - :heavy) DIV 11))
                                 MOD (:students - :heavy)), 12, '0'))),
       startTime, startTime + INTERVAL 30 MINUTE, 1800, k = 15, 'LEFT', IF(k = 6, 10, 20)
FROM (SELECT id, CAST(RIGHT(id, 12) AS UNSIGNED) AS n, hostId, startTime FROM live_conversations
      WHERE id BETWEEN :id(:from) AND :id(:to) AND status = 'COMPLETED'
          AND conversationType <> 'PRIVATE') AS c
JOIN (SELECT seq AS k FROM seq_0_to_15) AS people ON k IN (0, 5, 6, 15);

-- step: messages
INSERT INTO live_conversation_messages
    (tenant_id, id, conversationId, senderId, content, language, timestamp, sequence)
SELECT 'bench', CONCAT('0193', SUBSTR(LPAD(HEX(n * 32 + m), 8, '0'), 1, 4), '-',
                       SUBSTR(LPAD(HEX(n * 32 + m), 8, '0'), 5, 4), '-7000-a000-',
                       LPAD(n * 32 + m, 12, '0')),
       id, hostId, CONCAT('What do you say to this, in your own words? Number ', m, '.'), language,
       startTime + INTERVAL m MINUTE, m
FROM (SELECT id, CAST(RIGHT(id, 12) AS UNSIGNED) AS n, hostId, language, startTime
      FROM live_conversations WHERE id BETWEEN :id(:from) AND :id(:to) AND status = 'COMPLETED') AS c
JOIN (SELECT seq AS m FROM seq_1_to_20) AS talk ON n MOD 10 = 3;

-- step: rooms for messages
INSERT INTO live_conversations
    (tenant_id, id, title, conversationType, language, level, startTime, endTime, maxParticipants,
     hostId, eventEpoch)
SELECT 'bench', CONCAT('01a00000-0000-7000-b000-', LPAD(seq, 12, '0')), CONCAT('Room ', seq),
       'GROUP', 'en', 'B1', UTC_TIMESTAMP(), UTC_TIMESTAMP() + INTERVAL 4 HOUR, 500,
       CONCAT('00000000-0000-7000-8000-', LPAD(:students + seq, 12, '0')), 7
FROM seq_1_to_64;

-- step: statistics
ANALYZE TABLE users, live_conversations, live_conversation_bookings, live_conversation_participants,
    live_conversation_messages, conversation_terms, booking_attempts;
