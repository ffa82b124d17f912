//go:build !linux && !darwin && !windows

package config

func machinePlace() Place {
	return Place{File: "/etc/conclave/managed.json", Key: "/etc/conclave/managed.key", Folder: "/var/lib/conclave-kiosk"}
}
