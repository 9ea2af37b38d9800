-- Key-value pairs of a group, which is named by its conversation.
CREATE TABLE group_attributes (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    name         TEXT   NOT NULL,
    value        TEXT   NOT NULL,
    -- That of the group's attributes when it was written.
    version      BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, name)
--sqlite ) WITHOUT ROWID;
--postgres );

-- Numbers of a group that everybody may raise.
CREATE TABLE group_counters (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    name         TEXT   NOT NULL,
    value        BIGINT NOT NULL,
    PRIMARY KEY (app, conversation, name)
--sqlite ) WITHOUT ROWID;
--postgres );

-- What all of them share; the row that a change locks.
CREATE TABLE group_attribute_heads (
    app          BIGINT NOT NULL,
    conversation BLOB   NOT NULL,
    -- Rises with every write of attributes.
    version      BIGINT NOT NULL DEFAULT 0,
    -- Writes of attributes within a second.
    second       BIGINT NOT NULL DEFAULT 0,
    writes       BIGINT NOT NULL DEFAULT 0,
    -- Rises with every change of counters.
    counted      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app, conversation)
--sqlite ) WITHOUT ROWID;
--postgres ) WITH (fillfactor = 80);
