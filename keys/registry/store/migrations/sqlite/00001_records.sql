-- +goose Up
CREATE TABLE records (
    kind  TEXT   NOT NULL,
    key   TEXT   NOT NULL,
    owner TEXT   NOT NULL,
    until BIGINT NOT NULL, -- milliseconds since 1970; 0 for ever
    body  BLOB   NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX records_owner ON records (kind, owner, key);

-- +goose Down
DROP INDEX records_owner;
DROP TABLE records;
