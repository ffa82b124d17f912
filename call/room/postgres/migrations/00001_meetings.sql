-- +goose Up
CREATE TABLE meetings (
    meeting   BYTEA   NOT NULL PRIMARY KEY,
    encoded   BYTEA   NOT NULL,
    signature BYTEA   NOT NULL,
    host      BYTEA   NOT NULL,
    opened    BIGINT  NOT NULL, -- seconds since 1970, UTC
    epoch     BIGINT  NOT NULL,
    sequence  BIGINT  NOT NULL,
    locked    BOOLEAN NOT NULL,
    ended     TEXT    NOT NULL  -- empty while the meeting lives
);
CREATE INDEX meetings_by_host ON meetings (host, ended);
CREATE INDEX meetings_by_time ON meetings (opened);

CREATE TABLE seats (
    meeting  BYTEA   NOT NULL REFERENCES meetings (meeting) ON DELETE CASCADE,
    device   BYTEA   NOT NULL,
    joined   BIGINT  NOT NULL,
    departed BOOLEAN NOT NULL,
    PRIMARY KEY (meeting, device)
);

CREATE TABLE entries (
    meeting  BYTEA    NOT NULL REFERENCES meetings (meeting) ON DELETE CASCADE,
    sequence BIGINT   NOT NULL,
    epoch    BIGINT   NOT NULL,
    kind     SMALLINT NOT NULL,
    sender   BYTEA    NOT NULL,
    body     BYTEA    NOT NULL,
    welcome  BYTEA    NOT NULL,
    PRIMARY KEY (meeting, sequence)
);

-- +goose Down
DROP TABLE entries;
DROP TABLE seats;
DROP TABLE meetings;
