-- What a message leaves for its notification names the message, so that its deliveries can be asked for.
ALTER TABLE outbox ADD COLUMN conversation BLOB;
ALTER TABLE outbox ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
-- Work is taken app by app, so that no app waits behind another's backlog.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (topic, app, due_at);

-- Notifications since the device was last connected: what the next one puts on the app's icon.
ALTER TABLE devices ADD COLUMN badge BIGINT NOT NULL DEFAULT 0;

-- What is pushed; its deliveries say to whom and what became of it.
CREATE TABLE tasks (
    app           BIGINT NOT NULL,
    id            BIGINT NOT NULL,
    -- JSON.
    notification  TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    -- 1 if a device that is away gets it on the self-built channel when it is back.
    store_offline BIGINT NOT NULL,
    -- The message that it announces, if it announces one.
    conversation  BLOB,
    seq           BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
);
CREATE INDEX tasks_by_message ON tasks (app, conversation, seq) WHERE conversation IS NOT NULL;
CREATE INDEX tasks_by_expiry ON tasks (app, expires_at);

-- One notification on its way to one device by one channel.
CREATE TABLE deliveries (
    app          BIGINT NOT NULL,
    task         BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    -- Whom the task named: an account, or a device alone.
    account      TEXT   NOT NULL DEFAULT '',
    -- Empty while it is not known which device it will be.
    device       TEXT   NOT NULL DEFAULT '',
    -- Channel and credential as `name:businessID`; empty until the ways to the target are looked up.
    lane         TEXT   NOT NULL DEFAULT '',
    -- 0 for nothing, 1 for the device's connection, 2 for a binding, 3 for a release.
    waits        BIGINT NOT NULL DEFAULT 0,
    -- 1 if what it would wait for happened while it was being sent.
    woken        BIGINT NOT NULL DEFAULT 0,
    -- The published status; no family means that there is none yet.
    family       TEXT   NOT NULL DEFAULT '',
    status       BIGINT NOT NULL DEFAULT 0,
    -- The coarse class of a failure, 0 for none.
    class        BIGINT NOT NULL DEFAULT 0,
    -- The vendor's own words.
    said_code    TEXT   NOT NULL DEFAULT '',
    said_text    TEXT   NOT NULL DEFAULT '',
    said_request TEXT   NOT NULL DEFAULT '',
    said_local   BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,
    -- What the notification puts on the app's icon on this device.
    badge        BIGINT,
    tried_at     BIGINT NOT NULL DEFAULT 0,
    -- 0 while it is open.
    ended_at     BIGINT NOT NULL DEFAULT 0,
    -- When somebody has to look at it: to send it, to end it, or because whoever leased it is gone.
    due_at       BIGINT NOT NULL,
    -- The node that works on it, and under which claim.
    lease_by     BIGINT NOT NULL DEFAULT 0,
    lease        BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, task, number)
);
CREATE INDEX deliveries_due ON deliveries (app, lane, due_at) WHERE ended_at = 0;
CREATE INDEX deliveries_by_device ON deliveries (app, device) WHERE ended_at = 0;
CREATE INDEX deliveries_by_account ON deliveries (app, account) WHERE ended_at = 0 AND lane = '';

-- Lanes by which something was delivered at least once: there, many dead tokens at once mean a wrong setting.
CREATE TABLE lanes (
    app          BIGINT NOT NULL,
    lane         TEXT   NOT NULL,
    delivered_at BIGINT NOT NULL,
    PRIMARY KEY (app, lane)
);
