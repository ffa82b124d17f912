package registry

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conclave/keys"
	"conclave/keys/registry/store"
	"conclave/keys/tlog"
)

// figures are what an operator may watch: counts, times and sizes. Their labels
// are paths, codes, classes and kinds from closed lists, never anything that a
// client sent.
type figures struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	entries  *prometheus.CounterVec
	append   prometheus.Histogram
	size     prometheus.Gauge
}

func newFigures() *figures {
	return &figures{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "conclave_registry_requests_total",
			Help: "requests to accounts and passports, by path and by the code of the answer (ok when it was good)",
		}, []string{"path", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "conclave_registry_request_seconds", Help: "time to answer a request, by path",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}, []string{"path"}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "conclave_log_entries_total", Help: "entries that this process appended to the log, by kind",
		}, []string{"kind"}),
		append: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "conclave_log_append_seconds", Help: "time until an entry stood under a signed checkpoint",
			Buckets: prometheus.ExponentialBuckets(0.025, 2, 8),
		}),
		size: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "conclave_log_size", Help: "entries in the log when this process last appended",
		}),
	}
}

// measured is a ledger that counts.
type measured struct {
	Ledger
	figures *figures
}

// Append implements Ledger.
func (m measured) Append(ctx context.Context, e tlog.Entry) (keys.LogReceipt, error) {
	begin := time.Now()
	receipt, err := m.Ledger.Append(ctx, e)
	if err == nil {
		m.figures.append.Observe(time.Since(begin).Seconds())
		m.figures.entries.WithLabelValues(e.Kind.String()).Inc()
		m.figures.size.Set(float64(receipt.Index + 1))
	}
	return receipt, err
}

// timed measures the answers on a path.
func (g *Registry) timed(path string, f http.HandlerFunc) http.HandlerFunc {
	seconds := g.figures.seconds.WithLabelValues(path)
	return func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		f(w, r)
		seconds.Observe(time.Since(begin).Seconds())
	}
}

// Figures collects what there is to watch. Register it once.
func (g *Registry) Figures() prometheus.Collector { return &collector{registry: g} }

// recount is how old the count of accounts may be: it reads all of them.
const recount = 5 * time.Minute

// collector adds figures that are read from the store.
type collector struct {
	registry *Registry

	mutex   sync.Mutex
	counted time.Time
	classes map[keys.Class]int
}

var accountsOf = prometheus.NewDesc("conclave_accounts", "accounts by their best class, counted every five minutes", []string{"class"}, nil)

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	f := c.registry.figures
	for _, one := range []prometheus.Collector{f.requests, f.seconds, f.entries, f.append, f.size} {
		one.Collect(out)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if time.Since(c.counted) > recount {
		classes, err := c.registry.countAccounts()
		if err != nil {
			return // a store that is down shows in the requests
		}
		c.classes, c.counted = classes, time.Now()
	}
	for _, class := range preference {
		out <- prometheus.MustNewConstMetric(accountsOf, prometheus.GaugeValue, float64(c.classes[class]), class.String())
	}
}

func (g *Registry) countAccounts() (map[keys.Class]int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // collectors get none
	defer cancel()
	byOwner := map[string][]verification{}
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		all, records, err := list[verification](tx, kindVerification, "*")
		for i, v := range all {
			byOwner[records[i].Owner] = append(byOwner[records[i].Owner], v)
		}
		return err
	})
	classes := map[keys.Class]int{}
	for _, all := range byOwner {
		if v, found := best(all, g.cfg.Now()); found {
			classes[v.Class]++
		}
	}
	return classes, err
}
