package present

import "conclave/app/core"

// Reaction is one that can be picked.
type Reaction struct {
	Reaction core.Reaction
	Icon     Icon
	Name     string
}

// Reactions lists them in the order of the picker.
func (p Presenter) Reactions() []Reaction {
	out := []Reaction{}
	for r := core.ReactionThumb; r <= core.ReactionParty; r++ {
		out = append(out, Reaction{r, reactionIcon(r), p.Text.Say("reaction." + string(reactionIcon(r)))})
	}
	return out
}

func reactionIcon(r core.Reaction) Icon {
	switch r {
	case core.ReactionNone:
		return ""
	case core.ReactionThumb:
		return "react-thumb"
	case core.ReactionClap:
		return "react-clap"
	case core.ReactionHeart:
		return "react-heart"
	case core.ReactionLaugh:
		return "react-laugh"
	case core.ReactionSurprise:
		return "react-surprise"
	case core.ReactionParty:
		return "react-party"
	}
	return ""
}
