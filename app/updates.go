package main

import (
	"context"

	"conclave/app/core"
	"conclave/app/update"
)

// updates returns what asks for newer versions, or nil in a build whose makers
// announce none.
func updates() func(context.Context) (core.Update, error) {
	if !update.Asks() {
		return nil
	}
	return func(ctx context.Context) (core.Update, error) {
		m, err := update.Ask(ctx)
		if err != nil || !m.IsNewer(appVersion) {
			return core.Update{}, err
		}
		return core.Update{Version: m.Version, Page: m.Page, Notes: m.Notes}, nil
	}
}
