package text_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"conclave/app/core"
	"conclave/assets"
	"conclave/ui/text"
)

func catalogue(t *testing.T, tag string) map[string]string {
	t.Helper()
	words := map[string]string{}
	for _, file := range assets.Language(tag) {
		before := len(words)
		var own map[string]string
		if err := json.Unmarshal(file, &own); err != nil {
			t.Fatalf("catalogue %s: %v", tag, err)
		}
		maps.Copy(words, own)
		if len(words) != before+len(own) {
			t.Errorf("catalogue %s has a key in two files", tag)
		}
	}
	return words
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func placeholders(s string) []string {
	found := placeholder.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestLanguagesAreWhole(t *testing.T) {
	english := catalogue(t, text.English)
	for _, l := range text.Languages() {
		words := catalogue(t, l.Tag)
		for key, en := range english {
			got, ok := words[key]
			switch {
			case !ok:
				t.Errorf("%s lacks %q", l.Tag, key)
			case strings.TrimSpace(got) == "":
				t.Errorf("%s has nothing for %q", l.Tag, key)
			case !slices.Equal(placeholders(got), placeholders(en)):
				t.Errorf("%s: %q has placeholders %v, English %v", l.Tag, key, placeholders(got), placeholders(en))
			}
		}
		for key := range words {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has %q, which English does not", l.Tag, key)
			}
		}
	}
}

// A sentence that is the same in two languages was forgotten, unless it is a
// word that both have.
func TestNothingWasLeftInEnglish(t *testing.T) {
	english := catalogue(t, text.English)
	for _, l := range text.Languages() {
		if l.Tag == text.English {
			continue
		}
		for key, words := range catalogue(t, l.Tag) {
			if words == english[key] && strings.Count(words, " ") >= 2 {
				t.Errorf("%s: %q is English: %q", l.Tag, key, words)
			}
		}
	}
}

// written finds the strings in the sources of ui that look like keys: those
// with a dot and the first part of a key that exists.
func written(t *testing.T) map[string]bool {
	t.Helper()
	heads := map[string]bool{}
	for key := range catalogue(t, text.English) {
		heads[key[:strings.Index(key+".", ".")]] = true
	}
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if _, ok := n.(*ast.ImportSpec); ok {
				return false
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			s, _ := strconv.Unquote(lit.Value)
			if head, _, dotted := strings.Cut(s, "."); dotted && heads[head] && !strings.ContainsAny(s, " /,") {
				found[s] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A key that ends in a dot is the head of keys that are put together.
func TestEveryKeyThatIsWrittenHasWords(t *testing.T) {
	english := catalogue(t, text.English)
	for key := range written(t) {
		_, whole := english[key]
		_, plural := english[key+".other"]
		part := strings.HasSuffix(key, ".") || slices.ContainsFunc(slices.Collect(maps.Keys(english)), func(k string) bool { return strings.HasPrefix(k, key+".") })
		if !whole && !plural && !part {
			t.Errorf("no words for %q", key)
		}
	}
}

func TestNoWordsWithoutUse(t *testing.T) {
	used := written(t)
	for key := range catalogue(t, text.English) {
		if used[key] {
			continue
		}
		ok := false
		for u := range used {
			if strings.HasPrefix(key, strings.TrimSuffix(u, ".")+".") {
				ok = true
				break
			}
		}
		if !ok {
			t.Errorf("nothing says %q", key)
		}
	}
}

func TestPluralsHaveBothForms(t *testing.T) {
	words := catalogue(t, text.English)
	for key := range words {
		for form, other := range map[string]string{".one": ".other", ".other": ".one"} {
			if stem, ok := strings.CutSuffix(key, form); ok {
				if _, has := words[stem+other]; !has {
					t.Errorf("%q has no %s", stem, other)
				}
			}
		}
	}
}

func TestEveryNoticeHasWords(t *testing.T) {
	codes := []core.NoticeCode{
		core.NoticeServiceDown, core.NoticeServiceGone, core.NoticeServiceBroken, core.NoticePortInUse, core.NoticePin, core.NoticeVersion,
		core.NoticeBrokenLink, core.NoticeForeignLink, core.NoticeNoMeeting, core.NoticeWrongPasscode, core.NoticeLocked, core.NoticeFull,
		core.NoticeRefused, core.NoticeTooFast, core.NoticeRelabelled, core.NoticeCameraMissing, core.NoticeCameraBusy, core.NoticeMicMissing,
		core.NoticeSpeakerMissing, core.NoticeScreenMissing, core.NoticeNoKeychain, core.NoticeStranger, core.NoticeFork, core.NoticeForged, core.NoticeForbidden,
		core.NoticeUnheard, core.NoticeCodeDiffers, core.NoticeNameChanged, core.NoticeRenamed, core.NoticeChatFailed, core.NoticeNameInvalid,
		core.NoticeInternal, core.NoticeNothingToDecode,
		core.NoticeServiceIdentity, core.NoticeLogForked, core.NoticePolicyUnlogged, core.NoticePassportFalse, core.NoticePassportUnknown,
		core.NoticeDeviceAdded, core.NoticeMemberFalse, core.NoticeMemberPolicy, core.NoticeTimeUp, core.NoticeExported,
		core.NoticeAccountDeleted, core.NoticeAccountFailed,
		core.NoticeProfileDamaged, core.NoticeProfileUnsaved, core.NoticePlanInvalid, core.NoticePlanPast, core.NoticePlansFull,
		core.NoticePlanNoPlace, core.NoticeFileSaved, core.NoticeFileNotSaved,
	}
	words := catalogue(t, text.English)
	for _, c := range codes {
		for _, part := range []string{".title", ".words"} {
			if words["notice."+string(c)+part] == "" {
				t.Errorf("notice %q has no %s", c, part)
			}
		}
	}
}

func TestMatchFindsTheLanguageOfASystem(t *testing.T) {
	rows := map[string]string{
		"en": "en", "en_GB.UTF-8": "en", "de-AT": "de", "de_DE.UTF-8@euro": "de", "nb_NO": "nb", "no": "nb", "nn-NO": "nb", "NB": "nb",
		"fr_FR": "en", "": "en", "C": "en",
	}
	for tag, want := range rows {
		if got := text.Match(tag); got != want {
			t.Errorf("Match(%q) = %q, want %q", tag, got, want)
		}
	}
}

func TestSayFillsPlaceholdersAndShowsWhatIsMissing(t *testing.T) {
	s := text.New("en")
	if got, want := s.Say("confirm.remove.title", "name", "Ann"), "Remove Ann?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.Count("people.inside", 1), "1 person inside"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.Count("people.inside", 4), "4 people inside"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.Say("no.such.key"), "[no.such.key]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
