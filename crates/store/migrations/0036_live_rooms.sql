-- Who may not come into a live room. Its members are not stored; those who may not be are.
CREATE TABLE live_bans (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    account      TEXT   NOT NULL,
    -- Milliseconds.
    until        BIGINT NOT NULL,
    description  TEXT   NOT NULL,
    PRIMARY KEY (app, conversation, account)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Administrators of live rooms; they are so whether they are there or not.
CREATE TABLE live_admins (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    account      TEXT   NOT NULL,
    -- Milliseconds.
    at           BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, account)
--sqlite ) WITHOUT ROWID;
--postgres );
