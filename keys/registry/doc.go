// Package registry is the service's half of identity: accounts, how people were
// verified, their devices, and the passports that say so.
//
// People sign in with a code sent to their e-mail address, and raise their class
// by a code on their phone, by signing on at their organisation, by a seat that
// somebody assigned, or by a voucher. Whoever has an account gets passports,
// each of which stands in the transparency log before anybody sees it.
//
//	device ── signed request ──► Handler ──► Registry ──► store (records)
//	                                             │
//	                                             ├──► channel (codes)
//	                                             └──► ledger  (log entries)
//
// It never learns a meeting key, and holds of phones and of organisations'
// identities only keyed hashes. It is not the policy (keys/policy), and not the
// client (keys/registry/client).
//
// # Order of writing
//
// Whatever a client is told was stored before (the store's contract), and
// nothing is shown that is not in the log. A crash between storing and logging
// leaves work that Start finishes: revocations that were promised, accounts
// that were being deleted.
//
// Trust zone: service. Addresses, numbers, codes, names and tokens appear in no
// error and no log line.
package registry
