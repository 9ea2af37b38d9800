-- Groups. A row stays when its group is disbanded, so that the id can be told from one that never was; a new group may
-- take it over with another life and another conversation.
CREATE TABLE groups (
    app             BIGINT NOT NULL,
    id              TEXT   NOT NULL,
    conversation    BLOB   NOT NULL,
    life            BIGINT NOT NULL,
    -- 1 Private, 2 Public, 3 ChatRoom, 4 AVChatRoom, 5 Community.
    kind            BIGINT NOT NULL,
    -- In the order of creation in the app.
    number          BIGINT NOT NULL,
    name            TEXT   NOT NULL,
    introduction    TEXT   NOT NULL DEFAULT '',
    notification    TEXT   NOT NULL DEFAULT '',
    face_url        TEXT   NOT NULL DEFAULT '',
    -- Empty: nobody owns it.
    owner           TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL DEFAULT 0,
    info_seq        BIGINT NOT NULL DEFAULT 1,
    info_at         BIGINT NOT NULL,
    members         BIGINT NOT NULL DEFAULT 0,
    members_max     BIGINT NOT NULL,
    -- 0 free, 1 with approval, 2 nobody.
    join_option     BIGINT NOT NULL,
    invite_option   BIGINT NOT NULL,
    is_muted        BIGINT NOT NULL DEFAULT 0,
    shows_past      BIGINT NOT NULL DEFAULT 0,
    has_topics      BIGINT NOT NULL DEFAULT 0,
    has_permissions BIGINT NOT NULL DEFAULT 0,
    permissions     BIGINT NOT NULL DEFAULT 0,
    -- Declared fields, as a JSON object.
    fields          TEXT   NOT NULL DEFAULT '{}',
    -- Nothing up to here is shown to members.
    cleared_seq     BIGINT NOT NULL DEFAULT 0,
    -- An import marks everything as read for everybody: marks that were made before the last import are worth its place.
    import_number   BIGINT NOT NULL DEFAULT 0,
    import_seq      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, id)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE UNIQUE INDEX groups_by_conversation ON groups (app, conversation);
CREATE INDEX groups_by_number ON groups (app, number) WHERE ended_at = 0;
CREATE INDEX groups_by_kind ON groups (app, kind, number) WHERE ended_at = 0;
CREATE INDEX groups_by_owner ON groups (app, owner) WHERE ended_at = 0;

-- Who is in a group. A group that ended leaves its rows behind for the purge; nothing finds them, because its
-- conversation is nobody's any more.
CREATE TABLE group_members (
    app           BIGINT NOT NULL,
    conversation  BLOB   NOT NULL,
    account       TEXT   NOT NULL,
    -- 1 member, 2 admin, 3 owner.
    role          BIGINT NOT NULL,
    joined_at     BIGINT NOT NULL,
    -- 0 as usual, 1 without offline push, 2 not at all.
    receive       BIGINT NOT NULL,
    name_card     TEXT   NOT NULL DEFAULT '',
    fields        TEXT   NOT NULL DEFAULT '{}',
    -- Nothing up to here is shown to the member: what was before it joined, and what it cleared.
    cleared_seq   BIGINT NOT NULL DEFAULT 0,
    read_seq      BIGINT NOT NULL DEFAULT 0,
    -- The group's import when the read mark was made.
    import_number BIGINT NOT NULL DEFAULT 0,
    -- Deleted from the member's list at this place.
    hidden_seq    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, conversation, account)
--sqlite ) WITHOUT ROWID;
--postgres ) WITH (fillfactor = 90);
CREATE INDEX group_members_by_account ON group_members (app, account, conversation);
CREATE INDEX group_members_by_role ON group_members (app, conversation, role, account) WHERE role > 1;

-- Who may not write in a group, in it or not: a mute outlives leaving.
CREATE TABLE group_mutes (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    account      TEXT   NOT NULL,
    -- Milliseconds.
    until        BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, account)
--sqlite ) WITHOUT ROWID;
--postgres );

-- What all groups of an app share; locked by whoever creates or ends one.
CREATE TABLE group_totals (
    app     BIGINT NOT NULL PRIMARY KEY,
    -- The number of the newest group.
    number  BIGINT NOT NULL DEFAULT 0,
    alive   BIGINT NOT NULL DEFAULT 0,
    live    BIGINT NOT NULL DEFAULT 0,
    -- Days since the epoch, UTC, and what the day added.
    day     BIGINT NOT NULL DEFAULT 0,
    added   BIGINT NOT NULL DEFAULT 0
);

-- What a message of a group has besides: who is mentioned and whom it is for, as a JSON object; empty for most.
ALTER TABLE messages ADD COLUMN extra TEXT NOT NULL DEFAULT '';
