-- Groups and topics that are over, and whose rows are still to be removed: by the purge, some at a time.
CREATE TABLE ended_groups (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    ended_at     BIGINT NOT NULL,
    PRIMARY KEY (app, conversation)
--sqlite ) WITHOUT ROWID;
--postgres );
INSERT INTO ended_groups (app, conversation, ended_at)
    SELECT app, conversation, ended_at FROM groups WHERE ended_at > 0;

-- Those of a community that is over are found by it, deleted ones among them.
CREATE INDEX topics_by_community ON topics (app, community);
-- What a member took out of its view goes with the message, whoever the member was.
CREATE INDEX group_deletions_by_place ON group_deletions (app, conversation, seq);
-- An account that is deleted helps no owner any more.
CREATE INDEX live_admins_by_account ON live_admins (app, account);

-- Whether a push can reach anybody in an app is asked by every message to a group.
CREATE INDEX accounts_reached ON accounts (app) WHERE reach > 0;
