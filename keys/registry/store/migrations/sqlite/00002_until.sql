-- +goose Up
CREATE INDEX records_until ON records (kind, until) WHERE until > 0;

-- +goose Down
DROP INDEX records_until;
