-- What belongs to the operator. These tables are not bound to an app.
CREATE TABLE apps (
    id         BIGINT NOT NULL PRIMARY KEY,
    -- The app's settings as JSON, without secrets.
    record     TEXT   NOT NULL,
    -- Its secrets as JSON, encrypted under the master key.
    sealed     BLOB   NOT NULL,
    -- Rises with every change, so that nodes see that their copy is old.
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Secrets of the installation that all nodes share, encrypted under the master key.
CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

-- Nodes that serve, by the moment until which the others believe it.
CREATE TABLE nodes (
    id      BIGINT NOT NULL PRIMARY KEY,
    name    TEXT   NOT NULL,
    seen_at BIGINT NOT NULL
);

-- What operators did.
CREATE TABLE audit (
    id     BIGINT NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    detail TEXT   NOT NULL
);
