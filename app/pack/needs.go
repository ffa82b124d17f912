package main

import (
	"debug/elf"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// debian names the packages of the shared libraries that Conclave may load. A
// program that links another one is not packed: somebody has to look first.
var debian = map[string]string{
	"libGL.so.1":             "libgl1",
	"libX11.so.6":            "libx11-6",
	"libXcursor.so.1":        "libxcursor1",
	"libXext.so.6":           "libxext6",
	"libXi.so.6":             "libxi6",
	"libXinerama.so.1":       "libxinerama1",
	"libXrandr.so.2":         "libxrandr2",
	"libXxf86vm.so.1":        "libxxf86vm1",
	"libwayland-client.so.0": "libwayland-client0",
	"libwayland-cursor.so.0": "libwayland-cursor0",
	"libwayland-egl.so.1":    "libwayland-egl1",
	"libxkbcommon.so.0":      "libxkbcommon0",
	"libc.so.6":              "libc6",
	"libm.so.6":              "libc6",
	"libdl.so.2":             "libc6",
	"libpthread.so.0":        "libc6",
	"libresolv.so.2":         "libc6",
	"ld-linux-x86-64.so.2":   "libc6",
	"ld-linux-aarch64.so.1":  "libc6",
	"libgcc_s.so.1":          "libgcc-s1",
}

// opened are the libraries that GLFW opens at run time, and without which no
// window comes up under X11.
var opened = []string{"libX11.so.6", "libXcursor.so.1", "libXi.so.6", "libXinerama.so.1", "libXrandr.so.2", "libxkbcommon.so.0"}

// needs returns what the packages of a program depend on: Debian's names, with
// the oldest C library that has its symbols, and RPM's library names.
func needs(program string) (deb, rpm []string, err error) {
	f, err := elf.Open(program)
	if err != nil {
		return nil, nil, fmt.Errorf("read program: %w", err)
	}
	defer func() { _ = f.Close() }()
	libraries, err := f.ImportedLibraries()
	if err != nil {
		return nil, nil, fmt.Errorf("read libraries of program: %w", err)
	}
	symbols, err := f.ImportedSymbols()
	if err != nil {
		return nil, nil, fmt.Errorf("read symbols of program: %w", err)
	}
	glibc := "v2.17"
	for _, s := range symbols {
		if v, ok := strings.CutPrefix(s.Version, "GLIBC_"); ok && semver.Compare("v"+v, glibc) > 0 {
			glibc = "v" + v
		}
	}
	packages := map[string]bool{}
	names := map[string]bool{}
	for _, l := range slices.Concat(libraries, opened) {
		p, ok := debian[l]
		if !ok {
			return nil, nil, fmt.Errorf("the program links %s, and app/pack/needs.go does not know its package", l)
		}
		if p == "libc6" {
			p = "libc6 (>= " + strings.TrimPrefix(glibc, "v") + ")"
		}
		packages[p] = true
		name := l + "()"
		if strings.HasSuffix(runtime.GOARCH, "64") {
			name += "(64bit)"
		}
		names[name] = true
	}
	return slices.Sorted(maps.Keys(packages)), slices.Sorted(maps.Keys(names)), nil
}
