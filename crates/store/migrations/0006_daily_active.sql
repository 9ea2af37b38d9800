-- Accounts that were active on a day, for apps whose plan bounds their number.
CREATE TABLE daily_active (
    app     BIGINT NOT NULL,
    -- Days since the epoch, UTC.
    day     BIGINT NOT NULL,
    account TEXT   NOT NULL,
    PRIMARY KEY (app, day, account)
--sqlite ) WITHOUT ROWID;
--postgres );
