-- The list of conversations in order without reading all of them. `listed` is the second of the newest message that
-- moves the list, or the largest number as long as nobody has put the head into order since it moved: a send changes an
-- index only if somebody has looked at the list meanwhile.
ALTER TABLE conversations ADD COLUMN listed BIGINT NOT NULL DEFAULT 9223372036854775807;
CREATE INDEX conversations_low ON conversations (app, kind, low, listed, id);
CREATE INDEX conversations_high ON conversations (app, kind, high, listed, id);

-- Seconds, of the places at which the account cleared and deleted: where counting begins.
ALTER TABLE memberships ADD COLUMN cleared_time BIGINT NOT NULL DEFAULT 0;
ALTER TABLE memberships ADD COLUMN hidden_time BIGINT NOT NULL DEFAULT 0;

-- What an account has set for a conversation, whether there are messages in it or not.
CREATE TABLE contacts (
    app       BIGINT NOT NULL,
    account   TEXT   NOT NULL,
    -- 0 an account, 1 a group.
    kind      BIGINT NOT NULL,
    name      TEXT   NOT NULL,
    -- Milliseconds; 0 if it is not pinned.
    pinned_at BIGINT NOT NULL DEFAULT 0,
    -- 64 bits.
    marks     BIGINT NOT NULL DEFAULT 0,
    custom    TEXT   NOT NULL DEFAULT '',
    -- The slots of its conversation groups, as bits.
    slots     BIGINT NOT NULL DEFAULT 0,
    -- When marks or groups changed.
    marked_at BIGINT NOT NULL DEFAULT 0,
    -- The account's version at the last change; no two rows of an account share one.
    version   BIGINT NOT NULL,
    PRIMARY KEY (app, account, kind, name)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX contacts_by_version ON contacts (app, account, version);
CREATE INDEX contacts_pinned ON contacts (app, account, pinned_at) WHERE pinned_at > 0;
CREATE INDEX contacts_marked ON contacts (app, account, version) WHERE marks <> 0 OR custom <> '' OR slots <> 0;

CREATE TABLE contact_groups (
    app     BIGINT NOT NULL,
    account TEXT   NOT NULL,
    slot    BIGINT NOT NULL,
    -- Never used again by this account.
    id      BIGINT NOT NULL,
    name    TEXT   NOT NULL,
    PRIMARY KEY (app, account, slot)
--sqlite ) WITHOUT ROWID;
--postgres );
