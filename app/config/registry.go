package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// RegistryPolicy turns values of the Windows registry into a policy's JSON, one
// line a value in the order of their names. A value is named as in the table of
// keys: text is REG_SZ, numbers and switches (0, 1) are REG_DWORD, lists of words are
// REG_MULTI_SZ, and kiosk.rooms is a REG_SZ with JSON. It is apart from the reading so
// that it can be tested on every system.
func RegistryPolicy(from string, values map[string]any) ([]byte, error) {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	var top, kiosk []string
	for _, name := range names {
		text, err := registryValue(name, values[name])
		if err != nil {
			return nil, &PolicyError{from + `\` + name, 0, ErrPolicyValue, err.Error()}
		}
		inner, ok := strings.CutPrefix(name, "kiosk.")
		if !ok {
			inner = name
		}
		line := fmt.Sprintf("%q: %s", inner, text)
		if ok {
			kiosk = append(kiosk, line)
		} else {
			top = append(top, line)
		}
	}
	if len(kiosk) > 0 {
		top = append(top, "\"kiosk\": {\n"+strings.Join(kiosk, ",\n")+"\n}")
	}
	return []byte("{\n" + strings.Join(top, ",\n") + "\n}\n"), nil
}

func registryValue(name string, v any) (string, error) {
	kind := ""
	for _, k := range PolicyKeys() {
		if k.Name == name {
			kind = k.Kind
		}
	}
	switch v := v.(type) {
	case string:
		if kind == "list" { // JSON, on one line
			if !json.Valid([]byte(v)) {
				return "", fmt.Errorf("not JSON")
			}
			return strings.NewReplacer("\r", " ", "\n", " ").Replace(v), nil
		}
		b, err := json.Marshal(v)
		return string(b), err
	case uint64:
		if kind == "switch" && v <= 1 {
			return fmt.Sprint(v == 1), nil
		}
		return fmt.Sprint(v), nil
	case []string:
		b, err := json.Marshal(v)
		return string(b), err
	}
	return "", fmt.Errorf("of a kind that is not understood")
}
