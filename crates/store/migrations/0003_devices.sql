-- Devices of an app, and which account each is bound to: at most one, the latest that logged in.
CREATE TABLE devices (
    app           BIGINT NOT NULL,
    id            TEXT   NOT NULL,
    -- Empty when no account is bound.
    account       TEXT   NOT NULL DEFAULT '',
    platform      BIGINT NOT NULL,
    registered_at BIGINT NOT NULL,
    -- When it was last heard of.
    seen_at       BIGINT NOT NULL,
    -- The node that holds its connection; 0 when none does.
    node          BIGINT NOT NULL DEFAULT 0,
    -- Tells one connection of the device from the next; a late good-bye of an old one changes nothing.
    session       BIGINT NOT NULL DEFAULT 0,
    -- 1 from login to logout: without a connection the device is then reachable by push only.
    logged_in     BIGINT NOT NULL DEFAULT 0,
    -- Set when another device took the place of this one while it was away: its next resume learns so, once.
    replaced      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
);
CREATE INDEX devices_by_account ON devices (app, account) WHERE account <> '';
CREATE INDEX devices_by_node ON devices (app, node) WHERE node <> 0;

-- By which channels a device is reached.
CREATE TABLE tokens (
    app        BIGINT NOT NULL,
    device     TEXT   NOT NULL,
    channel    TEXT   NOT NULL,
    -- The vendor's token; for the self-built channel the device's own id.
    token      TEXT   NOT NULL,
    -- businessID: the credential of the app that the token belongs to; 0 means the only one of the channel.
    credential BIGINT NOT NULL DEFAULT 0,
    -- A vendor's word that a token is dead counts only if it is younger than this.
    bound_at   BIGINT NOT NULL,
    PRIMARY KEY (app, device, channel)
);
CREATE INDEX tokens_by_token ON tokens (app, channel, token);
