//go:build !race

package ui_test

// raceDetector reports whether the test is built with it. Scenes are drawn by
// one goroutine; under the detector that takes minutes and finds nothing.
const raceDetector = false
