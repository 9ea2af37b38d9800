-- Requests to join a group, and invitations that somebody has to consent to.
CREATE TABLE group_requests (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    -- From 1 in each group.
    number       BIGINT NOT NULL,
    -- 0 the account applies and the group's admins answer, 1 an account was invited and answers itself, 2 an account was
    -- invited and the group's admins answer.
    kind         BIGINT NOT NULL,
    -- Who is to come in.
    account      TEXT   NOT NULL,
    -- Who invited; the account itself if it applies.
    inviter      TEXT   NOT NULL,
    wording      TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    -- 0 waits, 1 granted, 2 refused.
    outcome      BIGINT NOT NULL DEFAULT 0,
    answered_by  TEXT   NOT NULL DEFAULT '',
    answered_at  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, conversation, number)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX group_requests_waiting ON group_requests (app, conversation, account) WHERE outcome = 0;
CREATE INDEX group_requests_by_account ON group_requests (app, account, at) WHERE outcome = 0;
