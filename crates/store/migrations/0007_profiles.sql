-- How often the standard and the custom fields of a profile have changed; never falls.
ALTER TABLE accounts ADD COLUMN standard_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN custom_seq BIGINT NOT NULL DEFAULT 0;

-- What a profile holds besides nick and face, which stand with the account.
CREATE TABLE profiles (
    app      BIGINT NOT NULL,
    account  TEXT   NOT NULL,
    -- JSON objects of values by tag.
    standard TEXT   NOT NULL,
    custom   TEXT   NOT NULL,
    PRIMARY KEY (app, account)
);
