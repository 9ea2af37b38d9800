-- When a device was bound to its account, or lost it; 0 where that was never told.
ALTER TABLE devices ADD COLUMN account_at BIGINT NOT NULL DEFAULT 0;

-- Pushes that run later, once or in a cycle of days.
CREATE TABLE push_plans (
    app        BIGINT NOT NULL,
    -- 32 hexadecimal digits.
    id         TEXT   NOT NULL,
    -- 0 simple, 1 by template, 2 batch, 3 broadcast; and what its targets are.
    kind       BIGINT NOT NULL,
    delivery   BIGINT NOT NULL,
    -- 1 once, 2 in a cycle.
    strategy   BIGINT NOT NULL,
    title      TEXT   NOT NULL,
    content    TEXT   NOT NULL,
    -- What is pushed, as JSON.
    spec       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app, id)
);

-- The moments of a plan. A plan that runs once has one, of the same id.
CREATE TABLE push_runs (
    app     BIGINT NOT NULL,
    id      TEXT   NOT NULL,
    plan    TEXT   NOT NULL,
    push_at BIGINT NOT NULL,
    -- 0 waits, 1 has run, 2 was cancelled.
    state   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
);
CREATE INDEX push_runs_due ON push_runs (app, push_at) WHERE state = 0;
CREATE INDEX push_runs_by_time ON push_runs (app, push_at, id);
CREATE INDEX push_runs_by_plan ON push_runs (app, plan, push_at);
