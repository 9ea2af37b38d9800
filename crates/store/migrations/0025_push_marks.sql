-- The newest broadcast to devices that a device has got over our own connection: what is kept for it is newer.
ALTER TABLE devices ADD COLUMN pushed BIGINT NOT NULL DEFAULT 0;
