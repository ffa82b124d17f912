package relay

import (
	"fmt"
	"net"

	"github.com/livekit/livekit-server/pkg/config"
	"gopkg.in/yaml.v3"
)

// nowhere stands where LiveKit wants a STUN server. With an empty list it would
// hand the addresses of public ones to every client, and ask them itself. This
// one is each computer's own discard port: nothing leaves it.
const nowhere = "127.0.0.1:9"

// engineConfig writes LiveKit's configuration. Values that differ from its
// defaults say why.
func engineConfig(c Config) (*config.Config, error) {
	port, err := freeTCP()
	if err != nil {
		return nil, err
	}
	udp := c.UDPPort
	if udp == 0 {
		if udp, err = freeUDP(); err != nil {
			return nil, err
		}
	}
	rtc := map[string]any{
		"udp_port": udp,
		// ICE over TCP would listen on every address, whatever bind_addresses
		// says, and our client cannot use it.
		"tcp_port":     0,
		"stun_servers": []string{nowhere},
		"congestion_control": map[string]any{
			// The default waits for estimates that Pion clients do not send.
			"enabled": true, "use_send_side_bwe": true,
		},
		// A new viewer's first picture waits for a key frame; half a second less.
		"pli_throttle": map[string]string{"low_quality": "100ms", "mid_quality": "100ms", "high_quality": "100ms"},
		"turn_servers": turnServers(c.TURN),
	}
	switch {
	case c.Local:
		rtc["node_ip"] = "127.0.0.1"
		rtc["enable_loopback_candidate"] = true
		rtc["ips"] = map[string]any{"includes": []string{"127.0.0.1/32"}}
	case c.Address.IsValid():
		rtc["node_ip"] = c.Address.String()
	}
	text, err := yaml.Marshal(map[string]any{
		"port":           port,
		"bind_addresses": []string{"127.0.0.1"},
		"rtc":            rtc,
		"turn":           map[string]any{"enabled": false},
		"keys":           map[string]string{Key: c.Secret},
		"logging":        map[string]any{"level": "error"},
		"room": map[string]any{
			"empty_timeout": 60, "departure_timeout": 20,
			"enabled_codecs": []map[string]string{{"mime": "audio/opus"}, {"mime": "video/vp8"}, {"mime": "video/rtx"}},
		},
		"limit": map[string]any{"max_metadata_size": 1, "max_attributes_size": 1},
	})
	if err != nil {
		return nil, err
	}
	conf, err := config.NewConfig(string(text), true, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("configure engine: %w", err)
	}
	return conf, nil
}

func turnServers(list []TURN) []map[string]any {
	servers := []map[string]any{}
	for _, t := range list {
		protocol := "udp"
		if t.TLS {
			protocol = "tls"
		}
		servers = append(servers, map[string]any{"host": t.Host, "port": t.Port, "protocol": protocol, "secret": t.Secret})
	}
	return servers
}

// freeTCP and freeUDP choose ports that are free now. The engine binds them a
// moment later, so Start tries again when somebody was faster.
func freeTCP() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func freeUDP() (int, error) {
	l, err := net.ListenPacket("udp", ":0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.LocalAddr().(*net.UDPAddr).Port, nil
}
