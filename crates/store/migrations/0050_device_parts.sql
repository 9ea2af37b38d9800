-- The counts of devices in parts. Everybody whose first login of a day is now would wait for the same row, and each of them
-- until the one before has synced its commit; by its name a device has one of sixteen parts.
CREATE TABLE device_day_parts (
    app      BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    system   BIGINT NOT NULL,
    part     BIGINT NOT NULL,
    added    BIGINT NOT NULL DEFAULT 0,
    active   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, day, system, part)
);
INSERT INTO device_day_parts (app, day, system, part, added, active)
    SELECT app, day, system, 0, added, active FROM device_days;
DROP TABLE device_days;

CREATE TABLE device_month_parts (
    app    BIGINT NOT NULL,
    month  BIGINT NOT NULL,
    part   BIGINT NOT NULL,
    active BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, month, part)
);
INSERT INTO device_month_parts (app, month, part, active) SELECT app, month, 0, active FROM device_months;
DROP TABLE device_months;
