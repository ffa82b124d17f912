package storetest

import (
	"errors"
	"syscall"
)

func unprivileged(string) (*syscall.SysProcAttr, error) {
	return nil, errors.New("these tests start PostgreSQL on a Unix socket")
}
