// Package tlog is the client's half of the transparency log: it makes sure that
// what the service states about people is stated to everybody alike.
//
// The log is a C2SP tlog-tiles log (https://c2sp.org/tlog-tiles) with signed
// checkpoints (https://c2sp.org/tlog-checkpoint). Its entries (Entry) are
// passports, revocations, policy versions, authorities and disclosures, without
// personal data: passports stand there as keyed commitments under labels that
// only their owner and the people it met can recognise.
//
// A Client remembers the last checkpoint it saw and
//
//   - refuses a log that became shorter (ErrRollback) or that tells two stories
//     (*ForkError, with both signed checkpoints as evidence),
//   - refuses a passport that is not in the log or that was revoked there,
//   - reads every new entry and reports passports in its owner's name that the
//     owner never asked for (Unexplained).
//
// It is not the log's server (keys/registry/ledger), opens no connection (that
// is the Reader's part) and trusts the Reader with nothing: every tile is
// checked against the signed tree. What it cannot see alone is a service that
// freezes one client in an old view or shows it a fork for ever; people's
// passports carry checkpoints, so such views part as soon as two of them meet.
//
// Trust zone: device. The Memory holds no secret, but the account's identifier
// lets others recognise its entries.
package tlog
