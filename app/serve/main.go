// Command conclave-serve is the service: it hosts the control socket and the
// media relay on one port, orders ciphertext, and holds no key.
//
// It links nothing that decrypts (call/frame, keys/group, keys/vault,
// call/media), needs no C, and is one static file. With --local it serves one
// computer: the desktop app starts it so, and it ends with the app.
//
// Trust zone: service and relay.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, process{
		args: os.Args[1:], environ: os.Environ(), managed: managedFile,
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
	}))
}
