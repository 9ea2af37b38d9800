-- Files that accounts uploaded; their bytes lie in the object store under app and id.
CREATE TABLE files (
    app        BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    owner      TEXT   NOT NULL,
    -- As the gateway's contract numbers kinds: 0 file, 1 picture, 2 sound, 3 video.
    kind       BIGINT NOT NULL,
    name       TEXT   NOT NULL,
    -- Bytes as announced, then as stored.
    size       BIGINT NOT NULL,
    -- Digests in hex; before the bytes are there the announced one, or nothing.
    md5        TEXT   NOT NULL,
    sha256     TEXT   NOT NULL DEFAULT '',
    -- 0 asked for, 1 stored, 2 given up.
    state      BIGINT NOT NULL DEFAULT 0,
    -- The owner's epoch when it asked: a kick ends its uploads as well.
    epoch      BIGINT NOT NULL,
    made_at    BIGINT NOT NULL,
    -- From when on it may be removed; the largest number means never.
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (app, id)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX files_expired ON files (app, expires_at);

-- Files that may be neither sent nor read, by digest or by URL.
CREATE TABLE blocked_files (
    app  BIGINT NOT NULL,
    -- `sha256`, `md5` or `url`.
    kind TEXT   NOT NULL,
    mark TEXT   NOT NULL,
    at   BIGINT NOT NULL,
    PRIMARY KEY (app, kind, mark)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Words that texts may not hold, or that replace, or that an operator is told of.
CREATE TABLE words (
    app    BIGINT NOT NULL,
    word   TEXT   NOT NULL,
    -- 1 block, 2 replace, 3 review.
    action BIGINT NOT NULL,
    PRIMARY KEY (app, word)
--sqlite ) WITHOUT ROWID;
--postgres );

-- One row per app that has words or blocked files; the version rises with every change, so that nodes read again.
CREATE TABLE filters (
    app     BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    words   BIGINT NOT NULL DEFAULT 0,
    blocked BIGINT NOT NULL DEFAULT 0
);

-- Texts that passed and that an operator should look at.
CREATE TABLE reviews (
    app        BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    -- `C2C`, `C2CCustom`, `UserInfo` and their like, as the moderation callback names them.
    scene      TEXT   NOT NULL,
    account    TEXT   NOT NULL,
    -- Of a message: to whom, and its key.
    peer       TEXT   NOT NULL,
    msg_key    TEXT   NOT NULL,
    words      TEXT   NOT NULL,
    excerpt    TEXT   NOT NULL,
    -- 0 open, 1 passed, 2 blocked.
    state      BIGINT NOT NULL DEFAULT 0,
    decided_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX reviews_by_state ON reviews (app, state, id);
