package config

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// policyPath is below HKEY_LOCAL_MACHINE, which only administrators write.
const policyPath = `Software\Policies\Conclave`

// machinePlace is the registry, or a file in ProgramData: where the system says
// that it is, and not where a variable does, which whoever starts the program
// can set.
func machinePlace() Place {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil || dir == "" {
		dir = `C:\ProgramData`
	}
	dir = filepath.Join(dir, "Conclave")
	return Place{
		File: filepath.Join(dir, "managed.json"), Key: filepath.Join(dir, "managed.key"), Folder: filepath.Join(dir, "kiosk"),
		Other: fromRegistry,
	}
}

// fromRegistry reads the policy's values as JSON: see RegistryPolicy.
func fromRegistry() (from string, text []byte, found bool, err error) {
	from = `HKLM\` + policyPath
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, policyPath, registry.QUERY_VALUE|registry.ENUMERATE_SUB_KEYS)
	if errors.Is(err, registry.ErrNotExist) {
		return from, nil, false, nil
	}
	if err != nil {
		return from, nil, false, err
	}
	defer func() { _ = k.Close() }()
	values, err := registryValues(k)
	if err != nil || len(values) == 0 {
		return from, nil, false, err
	}
	text, err = RegistryPolicy(from, values)
	return from, text, err == nil, err
}

func registryValues(k registry.Key) (map[string]any, error) {
	names, err := k.ReadValueNames(-1)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for _, name := range names {
		_, kind, err := k.GetValue(name, nil)
		if err != nil {
			return nil, err
		}
		switch kind {
		case registry.SZ:
			all[name], _, err = k.GetStringValue(name)
		case registry.DWORD:
			all[name], _, err = k.GetIntegerValue(name)
		case registry.MULTI_SZ:
			all[name], _, err = k.GetStringsValue(name)
		default:
			err = errors.New(name + ": want REG_SZ, REG_DWORD or REG_MULTI_SZ")
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// openTo has nothing to say here: ProgramData's rights are lists, which the
// installer sets; a mode does not show them.
func openTo(fs.FileInfo) string { return "" }
