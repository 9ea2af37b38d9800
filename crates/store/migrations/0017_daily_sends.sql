-- How many messages an app has sent by REST on a day, for apps whose plan bounds them.
CREATE TABLE daily_sends (
    app   BIGINT NOT NULL,
    -- Days since the epoch, UTC.
    day   BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (app, day)
--sqlite ) WITHOUT ROWID;
--postgres );
