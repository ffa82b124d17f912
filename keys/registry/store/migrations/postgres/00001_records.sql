-- +goose Up
CREATE TABLE records (
    kind  TEXT   NOT NULL,
    key   BYTEA  NOT NULL, -- any bytes, in their own order, which TEXT would not keep
    owner BYTEA  NOT NULL,
    until BIGINT NOT NULL, -- milliseconds since 1970; 0 for ever
    body  BYTEA  NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX records_owner ON records (kind, owner, key);
CREATE INDEX records_until ON records (kind, until) WHERE until > 0;

-- +goose Down
DROP TABLE records;
