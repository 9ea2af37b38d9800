-- Topics of communities. A deleted one stays, so that whoever deletes it again learns that it is gone, and its id is not
-- given to another one.
CREATE TABLE topics (
    app          BIGINT NOT NULL,
    -- Its own conversation, by which its messages are found.
    conversation BLOB   NOT NULL,
    -- That of the community.
    community    BLOB   NOT NULL,
    life         BIGINT NOT NULL,
    id           TEXT   NOT NULL,
    creator      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    face         TEXT   NOT NULL,
    introduction TEXT   NOT NULL,
    notification TEXT   NOT NULL,
    custom       TEXT   NOT NULL,
    -- Milliseconds.
    created_at   BIGINT NOT NULL,
    -- 1 if plain members may not speak.
    muted        BIGINT NOT NULL DEFAULT 0,
    -- 0 while it is there.
    deleted_at   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, conversation)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX topics_of_community ON topics (app, community, id) WHERE deleted_at = 0;

-- What a member noted of a topic: a row only where it noted anything.
CREATE TABLE topic_marks (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    account      TEXT   NOT NULL,
    read_seq     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, conversation, account)
--sqlite ) WITHOUT ROWID;
--postgres );

-- What some members may beyond what all may, which stands at the community.
CREATE TABLE permission_groups (
    app        BIGINT NOT NULL,
    community  BLOB   NOT NULL,
    id         TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    -- One bit for each thing that it allows.
    permission BIGINT NOT NULL,
    custom     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    members    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, community, id)
--sqlite ) WITHOUT ROWID;
--postgres );

CREATE TABLE permission_members (
    app       BIGINT NOT NULL,
    community BLOB   NOT NULL,
    id        TEXT   NOT NULL,
    account   TEXT   NOT NULL,
    PRIMARY KEY (app, community, id, account)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX permission_members_of ON permission_members (app, community, account);

-- What a permission group allows in one topic.
CREATE TABLE topic_permissions (
    app        BIGINT NOT NULL,
    community  BLOB   NOT NULL,
    id         TEXT   NOT NULL,
    -- The topic's conversation.
    topic      BLOB   NOT NULL,
    permission BIGINT NOT NULL,
    PRIMARY KEY (app, community, id, topic)
--sqlite ) WITHOUT ROWID;
--postgres );
