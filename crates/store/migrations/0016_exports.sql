-- Hourly files of history; a row says that the hour's file is whole.
CREATE TABLE exports (
    app         BIGINT NOT NULL,
    -- Hours since the epoch, UTC.
    hour        BIGINT NOT NULL,
    -- 0 one-to-one, 1 group.
    grouped     BIGINT NOT NULL,
    made_at     BIGINT NOT NULL,
    messages    BIGINT NOT NULL,
    size        BIGINT NOT NULL,
    md5         TEXT   NOT NULL,
    gzip_size   BIGINT NOT NULL,
    gzip_md5    TEXT   NOT NULL,
    PRIMARY KEY (app, hour, grouped)
--sqlite ) WITHOUT ROWID;
--postgres );

-- How far the history of an app is written to files and purged; who does it holds a lease.
CREATE TABLE history_marks (
    app         BIGINT NOT NULL PRIMARY KEY,
    -- The first hour that may lack a file.
    next_hour   BIGINT NOT NULL,
    -- When the last purge of the app began.
    purged_at   BIGINT NOT NULL DEFAULT 0,
    lease_by    BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0
);
