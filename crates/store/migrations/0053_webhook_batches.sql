-- A row holds the events that one transaction has left for an app, in their order: as many as they are, they are written,
-- read and deleted as one. An event is [part, at, who acted (null: as in the one before), what happened, where its
-- message is: [conversation, time, seq] or null].
ALTER TABLE webhook_events ADD COLUMN count BIGINT NOT NULL DEFAULT 1;
ALTER TABLE webhook_events ADD COLUMN events TEXT NOT NULL DEFAULT '[]';
--sqlite UPDATE webhook_events SET events = json_array(json_array(part, at, json(origin), json(happening),
--sqlite     CASE WHEN conversation IS NOT NULL THEN json_array(lower(hex(conversation)), time, seq) END));
--postgres UPDATE webhook_events SET events = json_build_array(json_build_array(part, at, origin::json, happening::json,
--postgres     CASE WHEN conversation IS NOT NULL
--postgres          THEN json_build_array(encode(conversation, 'hex'), time, seq) END))::text;
ALTER TABLE webhook_events DROP COLUMN part;
ALTER TABLE webhook_events DROP COLUMN at;
ALTER TABLE webhook_events DROP COLUMN origin;
ALTER TABLE webhook_events DROP COLUMN happening;
ALTER TABLE webhook_events DROP COLUMN conversation;
ALTER TABLE webhook_events DROP COLUMN time;
ALTER TABLE webhook_events DROP COLUMN seq;
