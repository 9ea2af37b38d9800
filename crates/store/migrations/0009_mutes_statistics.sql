-- Until when an administrator keeps the account silent, in milliseconds: in one-to-one conversations and in groups.
-- 0 is not at all, the largest number is for ever.
ALTER TABLE accounts ADD COLUMN muted_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN group_muted_until BIGINT NOT NULL DEFAULT 0;

-- What happened in an app, by day (since the epoch, UTC).
CREATE TABLE statistics (
    app    BIGINT NOT NULL,
    day    BIGINT NOT NULL,
    what   BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (app, day, what)
--sqlite ) WITHOUT ROWID;
--postgres ) WITH (fillfactor = 80);

-- Who did something on a day, so that nobody counts twice. Days that are over are removed.
CREATE TABLE statistics_accounts (
    app     BIGINT NOT NULL,
    day     BIGINT NOT NULL,
    what    BIGINT NOT NULL,
    account TEXT   NOT NULL,
    PRIMARY KEY (app, day, what, account)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Day 0 holds how many accounts live. What was there before this was counted is counted once, here.
INSERT INTO statistics (app, day, what, amount)
SELECT app, 0, 0, COUNT(*) FROM accounts WHERE deleted_at = 0 GROUP BY app;
