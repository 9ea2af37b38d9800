-- Attributes and tags of accounts. Keys are compared as bytes, because several indexes are walked side by side.
CREATE TABLE attribute_names (
    app   BIGINT NOT NULL,
    -- 0 to 9; values belong to the place, so that a name may change.
    place BIGINT NOT NULL,
    name  TEXT   NOT NULL,
    PRIMARY KEY (app, place)
--sqlite ) WITHOUT ROWID;
--postgres );

CREATE TABLE account_attributes (
    app     BIGINT NOT NULL,
--sqlite     account TEXT NOT NULL,
--postgres     account TEXT COLLATE "C" NOT NULL,
    place   BIGINT NOT NULL,
    value   TEXT   NOT NULL,
    PRIMARY KEY (app, account, place)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX account_attributes_by_value ON account_attributes (app, place, value, account);

CREATE TABLE account_tags (
    app     BIGINT NOT NULL,
--sqlite     account TEXT NOT NULL,
--postgres     account TEXT COLLATE "C" NOT NULL,
    tag     TEXT   NOT NULL,
    PRIMARY KEY (app, account, tag)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX account_tags_by_tag ON account_tags (app, tag, account);

-- What the broadcasts of an app take turns at: numbers, the quota of the day, pauses.
CREATE TABLE broadcast_gates (
    app        BIGINT NOT NULL,
    -- The newest broadcast, and the newest that is kept for devices which return.
    number     BIGINT NOT NULL DEFAULT 0,
    kept       BIGINT NOT NULL DEFAULT 0,
    -- Days since the epoch, UTC, and the broadcasts of that day.
    day        BIGINT NOT NULL DEFAULT 0,
    begun      BIGINT NOT NULL DEFAULT 0,
    begun_at   BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app)
);

-- One row for a broadcast, whatever the size of its audience.
CREATE TABLE broadcasts (
    app          BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    -- What began it, in the words of its surface.
    origin       TEXT   NOT NULL,
    sender       TEXT   NOT NULL,
    random       BIGINT NOT NULL,
    -- CRC-32 of all that it was asked with: the same again is a repetition.
    crc          BIGINT NOT NULL,
    -- JSON, as are the next three; empty where there is none.
    audience     TEXT   NOT NULL,
    matter       TEXT   NOT NULL,
    notification TEXT   NOT NULL,
    data_id      TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    -- 1 while devices that return read it.
    kept         BIGINT NOT NULL,
    kept_before  BIGINT NOT NULL,
    -- The task of its deliveries that have rows.
    task         BIGINT NOT NULL,
    -- 0 while chunks are cut, 1 when all are, 2 when all are done.
    stage        BIGINT NOT NULL DEFAULT 0,
    -- Everybody up to here is in a chunk, or done.
    frontier     TEXT   NOT NULL DEFAULT '',
    chunks       BIGINT NOT NULL DEFAULT 0,
    -- When its next chunk may be cut; the apps' broadcasts take turns by it.
    due_at       BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL DEFAULT 0,
    revoked_at   BIGINT NOT NULL DEFAULT 0,
    matched      BIGINT NOT NULL DEFAULT 0,
    told         BIGINT NOT NULL DEFAULT 0,
    -- Counts by status, as JSON.
    statuses     TEXT   NOT NULL DEFAULT '{}',
    PRIMARY KEY (app, number)
);
CREATE INDEX broadcasts_open ON broadcasts (app, due_at) WHERE ended_at = 0;
CREATE INDEX broadcasts_kept ON broadcasts (app, number) WHERE kept = 1;
CREATE INDEX broadcasts_by_random ON broadcasts (app, random, created_at);
CREATE INDEX broadcasts_by_expiry ON broadcasts (app, expires_at);

-- About a thousand accounts of a broadcast, from their first key to their last: work under a lease.
CREATE TABLE broadcast_chunks (
    app       BIGINT NOT NULL,
    broadcast BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    -- Everybody after this one …
    low_key   TEXT   NOT NULL,
    -- … up to and with this one.
    high_key  TEXT   NOT NULL,
    -- Done up to here, but for the lanes that are behind: each with its own place, as JSON.
    done_key  TEXT   NOT NULL,
    behind    TEXT   NOT NULL DEFAULT '{}',
    matched   BIGINT NOT NULL DEFAULT 0,
    told      BIGINT NOT NULL DEFAULT 0,
    statuses  TEXT   NOT NULL DEFAULT '{}',
    -- When somebody has to look at it: now, later, or because whoever leased it is gone.
    due_at    BIGINT NOT NULL,
    lease_by  BIGINT NOT NULL DEFAULT 0,
    lease     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, broadcast, number)
);
CREATE INDEX broadcast_chunks_due ON broadcast_chunks (app, due_at);
