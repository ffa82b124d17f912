package registry

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"

	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// ReportPath and ReportFile are where the transparency report is served, as a
// page and as JSON.
const (
	ReportPath = "/disclosures"
	ReportFile = "/disclosures.json"
)

// reportPage has no script and loads nothing.
var reportPage = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Disclosures – {{.Name}}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1d2430;background:#fff}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #c8cfda}
td.n,th.n{text-align:right}caption{text-align:left;padding:.4rem 0}</style>
<h1>Disclosures</h1>
<p>Every time the operator of {{.Name}} handed out data of accounts, with the ground. The operator can export an
account in no other way than the one that writes this list, and each row stands in the service’s transparency log
before the data is read.</p>
{{if .Rows}}<table><caption>{{len .Rows}} disclosures</caption>
<tr><th scope="col">Day<th scope="col">Ground<th scope="col">What<th scope="col" class="n">Accounts<th scope="col" class="n">Entry in the log</tr>
{{range .Rows}}<tr><td>{{.Day}}<td>{{.Ground}}<td>{{.What}}<td class="n">{{.Count}}<td class="n">{{.Index}}</tr>
{{end}}</table>
{{else}}<p><b>None so far.</b></p>
{{end}}<h2>What the service cannot give</h2>
<ul>{{range .Missing}}<li>{{.}}{{end}}</ul>
<h2>Grounds</h2>
<p>There are no others than: {{range $i, $g := .Grounds}}{{if $i}}, {{end}}{{$g}}{{end}}. What can be given: {{range $i, $w := .What}}{{if $i}}, {{end}}{{$w}}{{end}}.</p>
<h2>Check it</h2>
<p>The same list as <a href="` + ReportFile + `">JSON</a>. <code>conclave-serve log verify https://…/log/ --key {{.Key}}</code>
reads the whole log and counts the disclosures in it.</p>
</html>
`))

// ServeReport answers ReportPath and ReportFile.
func (g *Registry) ServeReport(w http.ResponseWriter, r *http.Request) {
	out, err := g.allowed(r, func(r *http.Request) (any, error) { return g.Report(r.Context()) })
	report, isReport := out.(wire.Report)
	if r.URL.Path == ReportFile || err != nil || !isReport {
		g.answer(w, "disclosures", out, err)
		return
	}
	var page bytes.Buffer
	err = reportPage.Execute(&page, struct {
		Name, Key              string
		Rows                   []wire.Disclosure
		Missing, Grounds, What []string
	}{g.cfg.Name, g.cfg.Secrets.LogKey(), report.Disclosures, missing(), tlog.Grounds(), tlog.Disclosed()})
	if err != nil {
		g.answer(w, "disclosures", nil, fmt.Errorf("draw report: %w", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(page.Bytes())
}
