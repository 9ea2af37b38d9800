-- What apps show live, as devices have reported it: each with a token of its own.
CREATE TABLE live_activities (
    app         BIGINT NOT NULL,
    device      TEXT   NOT NULL,
    -- 1 for a token that begins new ones; the name is then what their attributes are.
    starts      BIGINT NOT NULL,
    name        TEXT   NOT NULL,
    token       TEXT   NOT NULL,
    credential  BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (app, device, starts, name)
);
CREATE INDEX live_activities_by_name ON live_activities (app, name);
CREATE INDEX live_activities_by_token ON live_activities (app, token);
