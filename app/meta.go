package main

// What FyneApp.toml says too; a test compares them. They are constants because
// a program that was not packaged by the fyne tool carries no metadata.
const (
	appID      = "org.conclave.app"
	appName    = "Conclave"
	appVersion = "0.1.0"
)
