-- Accounts on this one's blocklist. A send looks at the list itself only where this is not 0.
ALTER TABLE accounts ADD COLUMN blocks BIGINT NOT NULL DEFAULT 0;

-- The root of an account's relations, made with the first of them.
CREATE TABLE relations (
    app            BIGINT NOT NULL,
    account        TEXT   NOT NULL,
    -- Rises with every change; the parts below note at which version they changed last.
    version        BIGINT NOT NULL DEFAULT 0,
    standard       BIGINT NOT NULL DEFAULT 0,
    custom         BIGINT NOT NULL DEFAULT 0,
    labels         BIGINT NOT NULL DEFAULT 0,
    blocklist      BIGINT NOT NULL DEFAULT 0,
    requests       BIGINT NOT NULL DEFAULT 0,
    -- Friendships that ended up to this version are forgotten: a device that knows less starts again.
    floor          BIGINT NOT NULL DEFAULT 0,
    friends        BIGINT NOT NULL DEFAULT 0,
    -- Ended friendships that are remembered.
    graves         BIGINT NOT NULL DEFAULT 0,
    -- Friend requests that wait for the account's answer, and up to which version it has looked at them.
    asked          BIGINT NOT NULL DEFAULT 0,
    seen           BIGINT NOT NULL DEFAULT 0,
    -- Friends asked for and removed in a minute of the epoch.
    added_minute   BIGINT NOT NULL DEFAULT 0,
    added          BIGINT NOT NULL DEFAULT 0,
    removed_minute BIGINT NOT NULL DEFAULT 0,
    removed        BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, account)
--sqlite ) WITHOUT ROWID;
--postgres ) WITH (fillfactor = 80);

-- One row a direction: `friend` is in the list of `account`. The version of the last change is the place in the list, so
-- a page of friends and "what changed since" are the same walk.
CREATE TABLE friends (
    app       BIGINT NOT NULL,
    account   TEXT   NOT NULL,
    version   BIGINT NOT NULL,
    friend    TEXT   NOT NULL,
    -- 1 once the friendship is over.
    ended     BIGINT NOT NULL DEFAULT 0,
    remark    TEXT   NOT NULL DEFAULT '',
    source    TEXT   NOT NULL DEFAULT '',
    wording   TEXT   NOT NULL DEFAULT '',
    -- Seconds.
    added_at  BIGINT NOT NULL DEFAULT 0,
    remark_at BIGINT NOT NULL DEFAULT 0,
    -- A bit for each friend group.
    labels    BIGINT NOT NULL DEFAULT 0,
    -- A JSON object of the app's own fields; empty means none.
    custom    TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (app, account, version)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE UNIQUE INDEX friends_by_friend ON friends (app, friend, account);

-- Friend groups.
CREATE TABLE labels (
    app     BIGINT NOT NULL,
    account TEXT   NOT NULL,
    -- Which bit of a friend's labels stands for it.
    bit     BIGINT NOT NULL,
    name    TEXT   NOT NULL,
    PRIMARY KEY (app, account, bit)
--sqlite ) WITHOUT ROWID;
--postgres );

CREATE TABLE blocks (
    app        BIGINT NOT NULL,
    account    TEXT   NOT NULL,
    -- The account's version at which it came onto the list, which is its place there.
    version    BIGINT NOT NULL,
    peer       TEXT   NOT NULL,
    -- Seconds.
    blocked_at BIGINT NOT NULL,
    PRIMARY KEY (app, account, version)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE UNIQUE INDEX blocks_by_peer ON blocks (app, peer, account);

-- Friend requests that wait for an answer.
CREATE TABLE friend_requests (
    app              BIGINT NOT NULL,
    receiver         TEXT   NOT NULL,
    asker            TEXT   NOT NULL,
    -- Its places in the lists of both.
    receiver_version BIGINT NOT NULL,
    asker_version    BIGINT NOT NULL,
    -- Seconds.
    asked_at         BIGINT NOT NULL,
    source           TEXT   NOT NULL,
    wording          TEXT   NOT NULL,
    -- What the asker will note of the receiver.
    remark           TEXT   NOT NULL,
    label            TEXT   NOT NULL,
    PRIMARY KEY (app, receiver, asker)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX friend_requests_by_asker ON friend_requests (app, asker, asker_version);
