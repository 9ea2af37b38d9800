-- Accounts of an app. A deleted account stays as a row, because its UserID may be refused or revived later and its
-- epoch must never fall.
CREATE TABLE accounts (
    app        BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    nick       TEXT   NOT NULL DEFAULT '',
    face       TEXT   NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    -- 0 while the account lives.
    deleted_at BIGINT NOT NULL DEFAULT 0,
    -- Rises with every kick and deletion; sessions and tickets from before are void.
    epoch      BIGINT NOT NULL DEFAULT 0,
    -- UserSigs signed in or before this second are void.
    sig_from   BIGINT NOT NULL DEFAULT -1,
    -- Of what belongs to the account (relations, marks …); 0 until it logs in for the first time.
    version    BIGINT NOT NULL DEFAULT 0,
    -- Devices that a push can reach. A message to an account without any queues no notification.
    reach      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
);
