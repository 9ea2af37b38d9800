-- What a task's deliveries need to find their way.
-- What our own connection carries, as JSON, where it differs from what vendors get.
ALTER TABLE tasks ADD COLUMN own TEXT NOT NULL DEFAULT '';
-- 0 own connection first, 1 vendor first, 2 own connection only, 3 vendor only, 4 Apple's devices by vendor only.
ALTER TABLE tasks ADD COLUMN road BIGINT NOT NULL DEFAULT 0;
-- A bit for each system of devices; 0 for all.
ALTER TABLE tasks ADD COLUMN systems BIGINT NOT NULL DEFAULT 0;
-- Channels by name, with commas between them; empty for all.
ALTER TABLE tasks ADD COLUMN channels TEXT NOT NULL DEFAULT '';
-- 1 if a target without a binding ends at once.
ALTER TABLE tasks ADD COLUMN fleeting BIGINT NOT NULL DEFAULT 0;
-- The task in whose counters the deliveries show, and its kind; 0 for none.
ALTER TABLE tasks ADD COLUMN counted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN kind TEXT NOT NULL DEFAULT '';

-- What was asked for: an audience, a notification and a time. What it sends is in `tasks` or in a broadcast.
CREATE TABLE push_tasks (
    app        BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    -- The task that it is a part of, in whose counters it shows; itself if it is none.
    counted    BIGINT NOT NULL,
    -- Who asked, in the words of the surface, and what it is to them.
    origin     TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    name       TEXT   NOT NULL DEFAULT '',
    -- The caller's own key; empty for none.
    own_key    TEXT   NOT NULL DEFAULT '',
    title      TEXT   NOT NULL DEFAULT '',
    body       TEXT   NOT NULL DEFAULT '',
    -- By what it names its audience.
    target     TEXT   NOT NULL,
    -- JSON.
    spec       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    push_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- 0 waits for its time, 1 takes targets one after the other, 2 started, 3 complete, 4 cancelled, 5 revoked.
    state      BIGINT NOT NULL DEFAULT 0,
    -- When it is to be started; 0 for never.
    due_at     BIGINT NOT NULL DEFAULT 0,
    -- The broadcast that it became, if it did.
    broadcast  BIGINT NOT NULL DEFAULT 0,
    -- The same number while devices that come back get it over our own connection.
    kept       BIGINT NOT NULL DEFAULT 0,
    -- Targets that were named so far.
    targets    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
);
CREATE INDEX push_tasks_due ON push_tasks (app, due_at) WHERE due_at > 0;
CREATE INDEX push_tasks_kept ON push_tasks (app, kept) WHERE kept > 0;
CREATE INDEX push_tasks_by_time ON push_tasks (app, push_at, id);
CREATE INDEX push_tasks_by_key ON push_tasks (app, own_key) WHERE own_key <> '';
CREATE INDEX push_tasks_by_counted ON push_tasks (app, counted, id) WHERE counted <> id;
CREATE INDEX push_tasks_to_all ON push_tasks (app, created_at) WHERE target = 'all';

-- What calls with a token of their own were answered, so that a repetition is answered the same.
CREATE TABLE push_repeats (
    app    BIGINT NOT NULL,
    token  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    answer TEXT   NOT NULL,
    PRIMARY KEY (app, token)
);
CREATE INDEX push_repeats_by_time ON push_repeats (app, at);
