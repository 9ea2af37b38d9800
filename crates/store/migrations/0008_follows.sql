-- Who follows whom.
CREATE TABLE follows (
    app     BIGINT NOT NULL,
    account TEXT   NOT NULL,
    target  TEXT   NOT NULL,
    -- Milliseconds.
    at      BIGINT NOT NULL,
    -- 1 if the target follows the account as well.
    mutual  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, account, target)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Lists go from the newest to the oldest.
CREATE INDEX follows_following ON follows (app, account, at, target);
CREATE INDEX follows_followers ON follows (app, target, at, account);
CREATE INDEX follows_mutual ON follows (app, account, at, target) WHERE mutual = 1;

-- How many there are of each: followers have no bound, so nobody counts them one by one.
CREATE TABLE follow_counts (
    app       BIGINT NOT NULL,
    account   TEXT   NOT NULL,
    following BIGINT NOT NULL DEFAULT 0,
    followers BIGINT NOT NULL DEFAULT 0,
    mutual    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, account)
--sqlite ) WITHOUT ROWID;
--postgres ) WITH (fillfactor = 80);
