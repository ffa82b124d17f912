//go:build !windows

package main

// managedFile is where an administrator locks settings.
const managedFile = "/etc/conclave/serve-managed.conf"
