-- What became of pushes, counted as it happens: by task, and by hour of the app.
CREATE TABLE push_counts (
    app      BIGINT NOT NULL,
    task     BIGINT NOT NULL,
    system   BIGINT NOT NULL,
    channel  TEXT   NOT NULL,
    accepted BIGINT NOT NULL DEFAULT 0,
    sent     BIGINT NOT NULL DEFAULT 0,
    received BIGINT NOT NULL DEFAULT 0,
    opened   BIGINT NOT NULL DEFAULT 0,
    removed  BIGINT NOT NULL DEFAULT 0,
    failed   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, task, system, channel)
);
CREATE TABLE push_hours (
    app      BIGINT NOT NULL,
    -- Hours since the epoch.
    hour     BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    system   BIGINT NOT NULL,
    channel  TEXT   NOT NULL,
    accepted BIGINT NOT NULL DEFAULT 0,
    sent     BIGINT NOT NULL DEFAULT 0,
    received BIGINT NOT NULL DEFAULT 0,
    opened   BIGINT NOT NULL DEFAULT 0,
    removed  BIGINT NOT NULL DEFAULT 0,
    failed   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, hour, kind, system, channel)
);

-- What devices report, each thing of each task once.
CREATE TABLE push_reports (
    app    BIGINT NOT NULL,
    task   BIGINT NOT NULL,
    device TEXT   NOT NULL,
    -- 1 received, 2 opened, 3 removed.
    what   BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (app, task, device, what)
);
CREATE INDEX push_reports_by_time ON push_reports (app, at);

-- Devices by day: how many registered and how many were heard of. Days begin at 00:00 in UTC+8, as the contract counts.
CREATE TABLE device_days (
    app      BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    system   BIGINT NOT NULL,
    added    BIGINT NOT NULL DEFAULT 0,
    active   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, day, system)
);
-- The same by month: twelve times the year and the month from 0.
CREATE TABLE device_months (
    app    BIGINT NOT NULL,
    month  BIGINT NOT NULL,
    active BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, month)
);
INSERT INTO device_days (app, day, system, added)
    SELECT app, (registered_at + 28800000) / 86400000,
        CASE WHEN platform IN (1, 5, 6) THEN 1 WHEN platform = 2 THEN 2 ELSE 4 END, COUNT(*)
    FROM devices
    GROUP BY app, (registered_at + 28800000) / 86400000,
        CASE WHEN platform IN (1, 5, 6) THEN 1 WHEN platform = 2 THEN 2 ELSE 4 END;
