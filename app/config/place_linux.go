package config

// machinePlace is /etc: only root writes there.
func machinePlace() Place {
	return Place{File: "/etc/conclave/managed.json", Key: "/etc/conclave/managed.key", Folder: "/var/lib/conclave-kiosk"}
}
