-- Key-value pairs that are attached to a message; the message is named by its place.
CREATE TABLE extensions (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    message      BIGINT NOT NULL,
    name         TEXT   NOT NULL,
    value        TEXT   NOT NULL,
    -- In the order of the changes of all pairs of the message.
    seq          BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, message, name)
--sqlite ) WITHOUT ROWID;
--postgres );

-- What all pairs of a message share; the row that a change locks.
CREATE TABLE extension_heads (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    message      BIGINT NOT NULL,
    latest       BIGINT NOT NULL DEFAULT 0,
    -- Everything up to here was removed at once.
    cleared      BIGINT NOT NULL DEFAULT 0,
    -- Changes within a minute.
    minute       BIGINT NOT NULL,
    writes       BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, message)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Streams that were continued and have not ended.
CREATE TABLE streams (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    message      BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    -- Continuations within a second.
    second       BIGINT NOT NULL,
    calls        BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, message)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX streams_by_time ON streams (app, last_at);

-- Streams that began within a day, where the plan bounds them.
CREATE TABLE stream_days (
    app     BIGINT NOT NULL,
    day     BIGINT NOT NULL,
    started BIGINT NOT NULL,
    PRIMARY KEY (app, day)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Robots are accounts; what an account has not is here. A deleted one stays, because its account does.
CREATE TABLE robots (
    app        BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    signature  TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    -- 0 while it is valid.
    deleted_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
--sqlite ) WITHOUT ROWID;
--postgres );
