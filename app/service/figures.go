package service

import (
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics prints the service's figures, to this computer only: no names, no
// devices, no addresses, but still the operator's business.
func (s *Service) metrics(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() || r.Header.Get("X-Forwarded-For") != "" {
		http.Error(w, "figures are shown on the service's own computer only", http.StatusForbidden)
		return
	}
	s.figures.ServeHTTP(w, r)
}

// Figures prints them to whoever gets here: for the admin socket.
func (s *Service) Figures() http.Handler { return s.figures }

func (s *Service) newFigures() http.Handler {
	own := prometheus.NewRegistry()
	own.MustRegister(counted{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.config.Figures != nil {
		own.MustRegister(s.config.Figures)
	}
	// A part that fails is left out: the others are wanted most then.
	return promhttp.HandlerFor(own, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// counted collects what the service counts.
type counted struct{ service *Service }

// Describe implements prometheus.Collector.
func (c counted) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements prometheus.Collector.
func (c counted) Collect(out chan<- prometheus.Metric) {
	s := c.service
	stats := s.hall.Stats()
	s.mu.Lock()
	open := s.open
	s.mu.Unlock()
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	for _, line := range []struct {
		name  string
		kind  prometheus.ValueType
		help  string
		value int64
	}{
		{"meetings", gauge, "meetings in memory", stats.Meetings},
		{"seated", gauge, "devices connected to a seat", stats.Seated},
		{"waiting", gauge, "devices in lobbies", stats.Waiting},
		{"connections", gauge, "open control connections", int64(open)},
		{"connections_total", counter, "control connections accepted", s.counts.connections.Load()},
		{"connections_refused_total", counter, "control connections over a limit", s.counts.refused.Load()},
		{"ordered_total", counter, "messages ordered", stats.Ordered},
		{"stale_total", counter, "requests that came too late", stats.Stale},
		{"knocks_total", counter, "knocks", stats.Knocks},
		{"ended_total", counter, "meetings ended", stats.Ended},
		{"malformed_total", counter, "malformed messages", s.counts.malformed.Load()},
		{"too_fast_total", counter, "messages over the rate limit", s.counts.tooFast.Load()},
		{"slow_total", counter, "connections cut because they did not read", s.counts.slow.Load()},
	} {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("conclave_"+line.name, line.help, nil, nil), line.kind, float64(line.value))
	}
}
