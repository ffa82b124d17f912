package config

// ServiceKeys are the settings of conclave-serve. app/ADMIN.md describes them
// with the danger of each; a test checks that it names all.
func ServiceKeys() []Key {
	return []Key{
		{"listen", Text, ":8443", "address and port for clients (TLS)"},
		{"url", Text, "", "base URL under which clients reach the service, when it is not what they dial"},
		{"data", Text, "", "folder for meetings and the certificate; empty: memory, lost at the end"},
		{"database", Text, "", "file with the connection string of a PostgreSQL database; empty: SQLite in the data folder"},
		{"tls-cert", Text, "", "certificate file (PEM); empty: one of its own making, which links pin"},
		{"tls-key", Text, "", "private key file of tls-cert (PEM)"},
		{"acme-domain", Text, "", "names, separated by commas, for which an authority gives certificates by itself"},
		{"acme-email", Text, "", "address that the authority may write to"},
		{"acme-directory", Text, "", "the authority's directory (https); empty: Let's Encrypt"},
		{"acme-roots", Text, "", "file with the authorities (PEM) of the directory's own certificate; empty: the system's"},
		{"media-port", Number, "7882", "UDP port for media; 0: any free one"},
		{"media-address", Text, "", "IP address at which clients reach the media port, when the server is behind NAT"},
		{"identity", Text, "", "settings file of accounts and verification (JSON); empty: the defaults, codes in an outbox folder"},
		{"lobby", Number, "100", "devices that may wait in one meeting"},
		{"seats", Number, "200", "devices in one meeting"},
		{"meetings-per-device", Number, "8", "living meetings that one device may host"},
		{"connections-per-address", Number, "400", "control connections from one address"},
		{"longest", Duration, "24h", "how long a meeting may last"},
		{"empty-for", Duration, "1h", "how long a meeting lives when nobody is connected"},
		{"admin-socket", Text, "", "Unix socket for the operator's commands; empty: admin.sock in the data folder; off: none"},
		{"log", Text, "info", "debug, info, warn or error"},
		{"log-format", Text, "text", "text or json"},
	}
}
