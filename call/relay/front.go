package relay

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// newFront lets only signalling through, and only for whom is admitted now.
func (s *Server) newFront() http.Handler {
	inner, _ := url.Parse(s.inner) // made of a number
	proxy := &httputil.ReverseProxy{
		// Rewrite drops X-Forwarded-For: the engine need not know addresses.
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(inner) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "media relay not available", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate":
		default:
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if !s.mayConnect(r) {
			http.Error(w, "no valid token", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

// mayConnect checks the token's signature, and that its holder is still in: a
// token outlives a Remove, and the engine would take it.
func (s *Server) mayConnect(r *http.Request) bool {
	text := r.URL.Query().Get("access_token")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		text = bearer
	}
	token, err := auth.ParseAPIToken(text)
	if err != nil || token.APIKey() != Key {
		return false
	}
	_, claims, err := token.Verify(s.secret)
	if err != nil || claims.Video == nil {
		return false
	}
	return s.isAdmitted(claims.Video.Room, claims.Identity)
}

func (s *Server) isAdmitted(room, identity string) bool {
	return s.generation(room, identity) != 0
}

func (s *Server) generation(room, identity string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0
	}
	return s.admitted[room][identity]
}

// Remove throws an identity out: its tokens are void when this returns, and its
// connection is taken down at once in the background.
func (s *Server) Remove(room, identity string) {
	s.mu.Lock()
	delete(s.admitted[room], identity)
	if len(s.admitted[room]) == 0 {
		delete(s.admitted, room)
	}
	s.mu.Unlock()
	s.background(func(ctx context.Context) {
		// Somebody on the way in passes the front before, and appears in the
		// engine after the first call.
		for _, wait := range []time.Duration{0, 300 * time.Millisecond, 2 * time.Second} {
			if !pause(ctx, wait) || s.isAdmitted(room, identity) {
				return
			}
			_, _ = s.rooms.RemoveParticipant(s.admin(ctx, room), &livekit.RoomParticipantIdentity{Room: room, Identity: identity})
		}
	})
}

// Empty throws everybody out of a room.
func (s *Server) Empty(room string) {
	s.mu.Lock()
	delete(s.admitted, room)
	s.mu.Unlock()
	s.background(func(ctx context.Context) {
		for _, wait := range []time.Duration{0, 2 * time.Second} {
			s.mu.Lock()
			again := s.admitted[room] != nil
			s.mu.Unlock()
			if !pause(ctx, wait) || again {
				return
			}
			_, _ = s.rooms.DeleteRoom(s.admin(ctx, room), &livekit.DeleteRoomRequest{Room: room})
		}
	})
}

// background runs f until it ends or Close cancels it.
func (s *Server) background(f func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Go(func() { f(s.life) })
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// admin returns a context with the credential for one room's administration.
func (s *Server) admin(ctx context.Context, room string) context.Context {
	token, err := auth.NewAccessToken(Key, s.secret).SetIdentity("service").
		SetVideoGrant(&auth.VideoGrant{RoomAdmin: true, RoomCreate: true, RoomList: true, Room: room}).
		SetValidFor(time.Minute).ToJWT()
	if err != nil {
		return ctx
	}
	with, err := twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return ctx
	}
	return with
}
