-- When the mark was moved: another device of the account learns it by asking what changed since.
ALTER TABLE topic_marks ADD COLUMN read_at BIGINT NOT NULL DEFAULT 0;
