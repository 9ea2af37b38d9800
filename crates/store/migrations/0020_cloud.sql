-- Who owns apps and calls the push OpenAPIs. These two tables are not bound to an app.
CREATE TABLE cloud_accounts (
    id         TEXT   NOT NULL PRIMARY KEY,
    -- JSON: state, quotas, rates.
    record     TEXT   NOT NULL,
    -- Rises with every change, so that nodes see that their copy is old.
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE access_keys (
    id         TEXT   NOT NULL PRIMARY KEY,
    -- The cloud account that it belongs to.
    account    TEXT   NOT NULL,
    -- JSON: kind, state, grants, expiry.
    record     TEXT   NOT NULL,
    -- Its secrets as JSON, encrypted under the master key.
    sealed     BLOB   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Nonces of signed calls, by the app that was called (0 where a call concerns no app), for as long as a call with the
-- same time stamp would be let in.
CREATE TABLE nonces (
    app        BIGINT NOT NULL,
    access_key TEXT   NOT NULL,
    nonce      TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (app, access_key, nonce)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX nonces_by_expiry ON nonces (app, expires_at);
