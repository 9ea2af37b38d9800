-- What the users of devices did with notifications, as the devices report it.
CREATE TABLE push_reports (
    app    BIGINT NOT NULL,
    -- Of the delivery: its task and number, as `push::delivery` packs them.
    id     BLOB   NOT NULL,
    device TEXT   NOT NULL,
    -- 1 opened, 2 swiped away.
    kind   BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (app, id, device, kind)
--sqlite ) WITHOUT ROWID;
--postgres );
CREATE INDEX push_reports_by_time ON push_reports (app, at);
