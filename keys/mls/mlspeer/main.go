// Mlspeer drives keys/mls from outside, so that any other implementation of RFC
// 9420 can be tested against it. It is for tests only: it believes every
// credential, and anybody who writes to it may do anything.
//
// It reads one JSON object a line on standard input and answers each with one JSON
// object on a line on standard output. Bytes are hexadecimal. Every MLS message, key
// packages and group infos included, travels as an MLSMessage; ratchet trees travel
// as the content of the ratchet_tree extension.
//
// A request has "op" and may have:
//
//	"id"      any value; comes back in the answer
//	"client"  a name; one process holds as many clients as are named ("" is one too)
//	"group"   a group id; without it, the client's latest group is meant
//
// An answer has "ok". If it is false there is "error", and "section" when a rule of
// RFC 9420 was broken. Otherwise it has what the operation gives:
//
//	create         suite, identity, group_id, [extensions], [capabilities]
//	               -> group_id, epoch, authenticator
//	key_package    suite, identity, [capabilities] -> key_package, ref, signature_key
//	join           welcome, [ratchet_tree]         -> group_id, epoch, leaf, authenticator
//	external_join  suite, identity, group_info, [ratchet_tree], [resync], [psk_ids], [capabilities]
//	               -> message, group_id, epoch, leaf, authenticator
//	propose        type "add", "remove", "update", "psk" or "extensions", with
//	               key_package, leaf, psk_id or extensions; [private]
//	               -> message
//	commit         [add], [remove], [psk_ids], [extensions], [references], [private],
//	               [without_path], [tree_apart], [authenticated_data]
//	               -> message, welcome, ratchet_tree
//	               Every proposal that waits is committed too, unless references
//	               lists their refs. The commit is pending until its message is
//	               given to handle, or merge or discard is called. ratchet_tree is
//	               that of the new epoch.
//	merge, discard the pending commit              -> epoch, authenticator
//	handle         message -> kind "proposal", "commit" or "application", epoch,
//	               authenticator, sender_type, leaf, authenticated_data, and
//	               ref; or added, removed (leaf indices), removed_self; or plaintext
//	protect        plaintext, [authenticated_data] -> message
//	unprotect      message -> plaintext, authenticated_data, leaf, epoch
//	export         label (text), context, length   -> secret
//	authenticator                                  -> epoch, authenticator
//	group_info     [tree_apart]                    -> message, ratchet_tree
//	members                                        -> members: leaf, identity, signature_key
//	state                                          -> epoch, leaf, tree_hash,
//	                                                  transcript_hash, extensions, refs
//	psk            psk_id, psk: keeps an external pre-shared key for the client
//	external_sender   suite, identity -> signature_key, extension (external_senders)
//	external_propose  suite, group_id, epoch, index, leaf or key_package -> message;
//	                  signs with the client's external_sender key
//
// Extensions are a list of {"type": number, "data": hex}; capabilities a list of
// extension types. A suite is a number: 1, 2, 3, or 0xF04E (61518) for the
// post-quantum suite, which also answers to 8 and 0x004E (78), the numbers others
// give it.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mlspeer:", err)
		os.Exit(1)
	}
}
