-- What push knows of a device beyond chat. A device of push alone has never logged in.
-- 0: by its class; 1: iOS, 2: Android, 3: HarmonyOS.
ALTER TABLE devices ADD COLUMN os BIGINT NOT NULL DEFAULT 0;
-- 1 from its registration for push until it is taken off: it is then reached without a login.
ALTER TABLE devices ADD COLUMN enrolled BIGINT NOT NULL DEFAULT 0;
-- 1 if its owner does not want notifications.
ALTER TABLE devices ADD COLUMN muted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN brand TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN os_version TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN app_version TEXT NOT NULL DEFAULT '';

-- Aliases of devices. Keys are compared as bytes, because audiences are walked by them.
CREATE TABLE device_aliases (
    app      BIGINT NOT NULL,
--sqlite     device TEXT NOT NULL,
--postgres     device TEXT COLLATE "C" NOT NULL,
--sqlite     alias TEXT NOT NULL,
--postgres     alias TEXT COLLATE "C" NOT NULL,
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (app, device, alias)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX device_aliases_by_alias ON device_aliases (app, alias, device);

-- The tags of an app; a binding names one of them.
CREATE TABLE push_tags (
    app        BIGINT NOT NULL,
--sqlite     tag TEXT NOT NULL,
--postgres     tag TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app, tag)
--sqlite ) WITHOUT ROWID;
--postgres );

-- What carries a tag: 1 a device, 2 an account, 3 an alias.
CREATE TABLE tag_bindings (
    app      BIGINT NOT NULL,
    kind     BIGINT NOT NULL,
--sqlite     holder TEXT NOT NULL,
--postgres     holder TEXT COLLATE "C" NOT NULL,
--sqlite     tag TEXT NOT NULL,
--postgres     tag TEXT COLLATE "C" NOT NULL,
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (app, kind, holder, tag)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX tag_bindings_by_tag ON tag_bindings (app, tag, kind, holder);
