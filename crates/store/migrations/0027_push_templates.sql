-- Texts with placeholders, by which pushes are made.
CREATE TABLE push_templates (
    app         BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    name        TEXT   NOT NULL,
    description TEXT   NOT NULL DEFAULT '',
    title       TEXT   NOT NULL,
    content     TEXT   NOT NULL,
    -- Where a tap leads, and how: 0 a URL, 1 an activity of the app.
    uri         TEXT   NOT NULL DEFAULT '',
    jump        BIGINT NOT NULL DEFAULT 0,
    -- The names of the placeholders, parted by commas.
    variables   TEXT   NOT NULL DEFAULT '',
    silent      BIGINT NOT NULL DEFAULT 0,
    -- 0 plain, 1 long text, 2 with a picture.
    style       BIGINT NOT NULL DEFAULT 0,
    -- JSON objects of addresses; empty where there are none.
    images      TEXT   NOT NULL DEFAULT '',
    icons       TEXT   NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (app, id)
);
CREATE UNIQUE INDEX push_templates_by_name ON push_templates (app, name);
