-- What became of each device of a broadcast to devices, packed by chunk: what no delivery of its own tells.
CREATE TABLE broadcast_outcomes (
    app       BIGINT NOT NULL,
    broadcast BIGINT NOT NULL,
    chunk     BIGINT NOT NULL,
    -- Status and channel, each with the short sums of its devices' names.
    outcomes  TEXT   NOT NULL,
    PRIMARY KEY (app, broadcast, chunk)
);

CREATE INDEX push_tasks_to_tags ON push_tasks (app, created_at) WHERE target = 'tag';
