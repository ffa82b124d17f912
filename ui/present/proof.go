package present

import (
	"conclave/app/core"
	"conclave/keys"
)

// proof is what is known of who somebody is, inside or at the door.
type proof struct {
	self         bool
	verification core.Verification
	issuer       string
	logged       bool
	imitates     string
	trust        core.Trust
	fingerprint  string
	safety       string
}

func proofOf(who core.Person) proof {
	return proof{
		self: who.Self, verification: who.Verification, issuer: who.Issuer, logged: who.Logged, imitates: who.Imitates,
		trust: who.Trust, fingerprint: who.Fingerprint, safety: who.SafetyNumber,
	}
}

func proofOfKnocker(k core.Knocker) proof {
	return proof{
		verification: k.Verification, issuer: k.Issuer, logged: k.Logged, imitates: k.Imitates,
		trust: k.Trust, fingerprint: k.Fingerprint,
	}
}

// classOf is the class that a verification came from.
func classOf(v core.Verification) keys.Class {
	switch v {
	case core.Unverified:
		return keys.ClassGuest
	case core.VerifiedEmail:
		return keys.ClassEmail
	case core.VerifiedPhone:
		return keys.ClassPhone
	case core.VerifiedOrganisation:
		return keys.ClassOrganisation
	case core.VerifiedSeat:
		return keys.ClassSeat
	case core.VerifiedVoucher:
		return keys.ClassVoucher
	}
	return keys.ClassGuest
}

// verifiedClass reports whether somebody stood up for the person.
func verifiedClass(v core.Verification) bool { return classOf(v).IsVerified() }

// proofMarks are the short statements under a name: what warns comes first.
func (p Presenter) proofMarks(f proof) []Mark {
	var out []Mark
	if f.imitates != "" && !f.self {
		out = append(out, Mark{p.Text.Say("proof.imitates.tag", "name", f.imitates), "warning", Alarm})
	}
	class := p.ClassMark(classOf(f.verification), f.issuer)
	if f.verification != core.Unverified && !f.logged {
		// A passport that is not in the log proves nothing.
		class = Mark{p.Text.Say("proof.notlogged"), "shield-alert", Alarm}
	}
	out = append(out, class)
	if !f.self {
		out = append(out, p.Trust(f.trust))
	}
	return out
}

// proof lists everything known of somebody, with what it means.
func (p Presenter) proof(f proof) []Line {
	say := p.Text.Say
	var out []Line
	if f.imitates != "" && !f.self {
		out = append(out, Line{Icon: "warning", Tone: Alarm, Words: say("proof.imitates", "name", f.imitates)})
	}
	if f.trust == core.TrustChanged && !f.self {
		out = append(out, Line{Icon: "warning", Tone: Alarm, Words: say("proof.changed")})
	}
	out = append(out, p.proofOfClass(f))
	if f.verification != core.Unverified {
		if f.logged {
			out = append(out, Line{Icon: "eye", Tone: OK, Name: say("proof.logged"), Words: say("proof.log.words")})
		} else {
			out = append(out, Line{Icon: "shield-alert", Tone: Alarm, Words: say("proof.notlogged")})
		}
	}
	out = append(out, Line{Icon: "key", Tone: Neutral, Name: say("proof.fingerprint"), Words: f.fingerprint, Code: true})
	if f.safety != "" {
		out = append(out, Line{Icon: "shield-check", Tone: Neutral, Name: say("proof.safety"), Words: f.safety, Code: true})
	}
	return out
}

func (p Presenter) proofOfClass(f proof) Line {
	issuer := f.issuer
	if issuer == "" {
		issuer = p.Text.Say("account.issuer.service")
	}
	mark := p.ClassMark(classOf(f.verification), f.issuer)
	words := p.Text.Say("proof.unverified")
	if f.verification != core.Unverified {
		words = p.Text.Say("proof."+classOf(f.verification).String(), "issuer", issuer)
	}
	return Line{Icon: mark.Icon, Tone: mark.Tone, Name: mark.Words, Words: words}
}

// Admissible counts the knockers that a host may let in, and how many of them
// are verified.
func Admissible(rows []Knocker) (all, verified int) {
	for _, r := range rows {
		if r.Refusal == "" && !r.Admitting {
			all++
		}
		if r.Verified {
			verified++
		}
	}
	return all, verified
}
