-- The head of a conversation: what a send locks and moves.
CREATE TABLE conversations (
    app        BIGINT NOT NULL,
    id         BLOB   NOT NULL,
    -- 0 two accounts, 1 group.
    kind       BIGINT NOT NULL,
    low        TEXT   NOT NULL,
    high       TEXT   NOT NULL,
    seq        BIGINT NOT NULL DEFAULT 0,
    -- Milliseconds, of the newest live message; a live message is never older than the one before it.
    last_at    BIGINT NOT NULL DEFAULT 0,
    -- The newest message that moves the list, and its time in seconds, by which it is found.
    last_seq   BIGINT NOT NULL DEFAULT 0,
    last_time  BIGINT NOT NULL DEFAULT 0,
    -- When it changed, by a message or otherwise; the order of the list.
    moved_at   BIGINT NOT NULL DEFAULT 0,
    -- 1 once a member forgot the conversation: the next message brings the membership back.
    parted     BIGINT NOT NULL DEFAULT 0,
    -- The append worker whose memory holds what it stored here, and until when older messages still matter.
    writer     BIGINT NOT NULL DEFAULT 0,
    scan_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
--sqlite ) WITHOUT ROWID;
--postgres ) WITH (fillfactor = 80);

CREATE TABLE memberships (
    app          BIGINT NOT NULL,
    account      TEXT   NOT NULL,
    conversation BLOB   NOT NULL,
    peer         TEXT   NOT NULL,
    read_seq     BIGINT NOT NULL DEFAULT 0,
    -- Seconds, of the message at the read mark.
    read_time    BIGINT NOT NULL DEFAULT 0,
    cleared_seq  BIGINT NOT NULL DEFAULT 0,
    hidden_seq   BIGINT NOT NULL DEFAULT 0,
    version      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, account, conversation)
--sqlite ) WITHOUT ROWID;
--postgres ) WITH (fillfactor = 80);

-- In the order of arrival, so that many messages share a page; random index pages are what a message costs.
CREATE TABLE messages (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    seq          BIGINT NOT NULL,
    -- Seconds; part of the message's key.
    time         BIGINT NOT NULL,
    msg_seq      BIGINT NOT NULL,
    msg_random   BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    sender       TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    cloud        TEXT   NOT NULL,
    flags        BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    -- 1 in groups: they are read by sequence, pairs by time.
    grouped      BIGINT NOT NULL,
    -- CRC-32 of the body as it was sent, for telling a repeated send; an edit does not touch it.
    crc          BIGINT NOT NULL,
    -- When its flags last changed; 0 for most.
    changed_at   BIGINT NOT NULL DEFAULT 0
);

-- One index per live message. In a pair the live messages follow the time, so "after sequence S" starts in this index
-- at the time of S.
CREATE INDEX messages_by_time ON messages (app, conversation, time, msg_seq, msg_random, seq) WHERE grouped = 0;
CREATE INDEX messages_by_seq ON messages (app, conversation, seq) WHERE grouped = 1;
-- Imports (flag 32) carry old times: only for them does the sequence not follow the time.
CREATE INDEX messages_imported ON messages (app, conversation, seq) WHERE flags & 32 = 32;
CREATE INDEX messages_changed ON messages (app, conversation, changed_at) WHERE changed_at > 0;

-- Work that a transaction leaves for another part; claimed by lease.
CREATE TABLE outbox (
    app         BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    topic       TEXT   NOT NULL,
    part        TEXT   NOT NULL,
    due_at      BIGINT NOT NULL,
    payload     TEXT   NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    lease_by    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
);
CREATE INDEX outbox_due ON outbox (topic, due_at);
