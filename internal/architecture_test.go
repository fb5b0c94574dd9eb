// Package internal_test holds the rules of the whole code.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "videosdk-end-session/"

// mayImport says which packages of this module and which foreign ones (by prefix) a package may import. The use case imports nothing;
// the adapters import the use case, and never each other.
var mayImport = map[string][]string{
	"internal/endsession": {},
	"internal/redacted":   {},
	"internal/config":     {},
	"internal/ahead":      {},
	"internal/videosdk":   {"internal/ahead", "internal/endsession", "internal/redacted", "github.com/golang-jwt/jwt/v5"},
	"internal/credentials": {
		"internal/endsession", "github.com/aws/aws-sdk-go-v2/service/secretsmanager", "github.com/aws/smithy-go", "golang.org/x/sync",
	},
	"internal/ledger":    {"internal/endsession"},
	"internal/publish":   {"internal/endsession"},
	"internal/gateway":   {},
	"internal/trigger":   {"internal/endsession", "internal/gateway", "github.com/aws/aws-lambda-go/events"},
	"internal/telemetry": {"internal/endsession", "internal/webhook/sources", "github.com/aws/aws-lambda-go/lambdacontext"},
	"internal/queue":     {"internal/endsession", "github.com/aws/aws-sdk-go-v2/aws", "github.com/aws/aws-sdk-go-v2/service/sqs"},
	"internal/awsjson":   {"github.com/aws/aws-sdk-go-v2/aws", "github.com/aws/smithy-go"},
	"internal/awsenv":    {"internal/ahead", "github.com/aws/aws-sdk-go-v2/aws", "github.com/aws/aws-sdk-go-v2/credentials"},
	"internal/rehearsal": {"github.com/aws/aws-lambda-go/events"},
	"internal/start": {
		"internal/ahead", "internal/awsenv", "internal/config", "internal/rehearsal", "internal/telemetry", "github.com/aws/aws-lambda-go/lambda",
		"github.com/aws/aws-sdk-go-v2/aws", "github.com/aws/aws-sdk-go-v2/credentials", "github.com/aws/smithy-go/logging",
	},
	"internal/webhook/sources": {},
	"internal/wiring":          {"internal/", "github.com/aws/aws-sdk-go-v2/service/"},
	"internal/webhook": {
		"internal/endsession", "internal/redacted", "internal/trigger", "github.com/golang-jwt/jwt/v5", "github.com/jmespath/go-jmespath",
		"golang.org/x/sync", "internal/webhook/sources",
	},
	"functions/": {"internal/", "github.com/aws/"},
}

// impure are the calls that only a main, the start and the wiring make: everything else is given its environment, its clock
// and its luck.
var impure = map[string][]string{
	"os":           {"Getenv", "LookupEnv", "Environ", "Exit"},
	"log":          {"Fatal", "Fatalf", "Fatalln"},
	"time":         {"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker"},
	"math/rand/v2": nil,
	"crypto/rand":  nil,
}

func mayBeImpure(file string) bool {
	return strings.HasPrefix(file, "internal/wiring/") || strings.HasPrefix(file, "internal/start/") || strings.HasPrefix(file, "functions/") && filepath.Base(file) == "main.go"
}

// production calls f with each Go file that ends up in a binary, by its path from the root.
func production(t *testing.T, f func(path string, file *ast.File)) {
	t.Helper()
	var seen int
	for _, folder := range []string{"functions", "internal"} {
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, _ fs.DirEntry, err error) error {
			path = filepath.ToSlash(path)
			name := strings.TrimPrefix(path, "../")
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
				strings.HasPrefix(name, "internal/local/") || strings.HasSuffix(filepath.Dir(name), "test") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err == nil {
				seen++
				f(name, parsed)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen == 0 {
		t.Fatal("no files")
	}
}

func imports(file *ast.File) []string {
	var paths []string
	for _, i := range file.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

func TestArrowsPointDown(t *testing.T) {
	used := map[string]bool{}
	production(t, func(path string, file *ast.File) {
		var rule string
		for _, folder := range slices.Sorted(maps.Keys(mayImport)) {
			if strings.HasPrefix(filepath.Dir(path)+"/", strings.TrimSuffix(folder, "/")+"/") {
				rule = folder
			}
		}
		if rule == "" {
			t.Errorf("%s: no rule says what its package may import", path)
			return
		}
		used[rule] = true
		for _, imported := range imports(file) {
			local, isLocal := strings.CutPrefix(imported, module)
			if !isLocal && !strings.Contains(imported, ".") {
				continue // the standard library
			}
			allowed := slices.ContainsFunc(mayImport[rule], func(prefix string) bool { return strings.HasPrefix(local, prefix) })
			if !allowed || strings.HasPrefix(local, "internal/local") || strings.HasPrefix(local, "functions") {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	})
	for folder := range mayImport {
		if !used[folder] {
			t.Errorf("the rule for %s is about nothing", folder)
		}
	}
}

func TestThePageOnArchitectureNamesEveryPackage(t *testing.T) {
	page, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for folder := range mayImport {
		name, internal := strings.CutPrefix(folder, "internal/")
		name, _, _ = strings.Cut(name, "/") // below are its data
		if internal && !regexp.MustCompile("(`|internal/)"+name+"\\b").Match(page) {
			t.Errorf("it does not name %s", folder)
		}
	}
}

func TestOnlyTheEdgesAreImpure(t *testing.T) {
	production(t, func(path string, file *ast.File) {
		if mayBeImpure(path) {
			return
		}
		for _, imported := range imports(file) {
			if calls, listed := impure[imported]; listed && calls == nil {
				t.Errorf("%s imports %s", path, imported)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selected, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if from, ok := selected.X.(*ast.Ident); ok && slices.Contains(impure[from.Name], selected.Sel.Name) {
				t.Errorf("%s uses %s.%s", path, from.Name, selected.Sel.Name)
			}
			return true
		})
	})
}

func TestTheTestsThatThePageOnReliabilityNamesExist(t *testing.T) {
	page, err := os.ReadFile("../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	exist := map[string]bool{}
	err = filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				exist[f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(string(page), -1)
	if len(named) == 0 {
		t.Error("the page names no test")
	}
	for _, name := range named {
		if !exist[name[1]] {
			t.Errorf("no test is named %s", name[1])
		}
	}
}
