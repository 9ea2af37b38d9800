-- Messages that a member deleted from its own view.
CREATE TABLE group_deletions (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    account      TEXT   NOT NULL,
    seq          BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, account, seq)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Who has read a message that asked for receipts.
CREATE TABLE group_receipts (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    seq          BIGINT NOT NULL,
    account      TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, seq, account)
--sqlite ) WITHOUT ROWID;
--postgres );
