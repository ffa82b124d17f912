-- +goose Up
CREATE TABLE meetings (
    meeting    BLOB    NOT NULL PRIMARY KEY,
    encoded    BLOB    NOT NULL,
    signature  BLOB    NOT NULL,
    host       BLOB    NOT NULL,
    opened     INTEGER NOT NULL, -- seconds since 1970, UTC
    epoch      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    locked     INTEGER NOT NULL,
    ended      TEXT    NOT NULL  -- empty while the meeting lives
) WITHOUT ROWID;
CREATE INDEX meetings_by_host ON meetings (host, ended);
CREATE INDEX meetings_by_time ON meetings (opened);

CREATE TABLE seats (
    meeting BLOB    NOT NULL REFERENCES meetings (meeting) ON DELETE CASCADE,
    device  BLOB    NOT NULL,
    joined  INTEGER NOT NULL,
    departed INTEGER NOT NULL,
    PRIMARY KEY (meeting, device)
) WITHOUT ROWID;

CREATE TABLE entries (
    meeting  BLOB    NOT NULL REFERENCES meetings (meeting) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    sender   BLOB    NOT NULL,
    body     BLOB    NOT NULL,
    welcome  BLOB    NOT NULL,
    PRIMARY KEY (meeting, sequence)
);

-- +goose Down
DROP TABLE entries;
DROP TABLE seats;
DROP TABLE meetings;
