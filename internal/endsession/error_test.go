package endsession_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videosdk-end-session/internal/endsession"
)

// codes returns the values of all constants of the type Code.
func codes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			value, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			all = append(all, value)
		}
		return true
	})
	slices.Sort(all)
	return all
}

func TestThePageOfErrorsHasEveryCodeOnce(t *testing.T) {
	page, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)` \\| .+ \\| .+ \\|$").FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, row[1])
	}
	slices.Sort(documented)
	if diff := cmp.Diff(codes(t), documented); diff != "" {
		t.Errorf("codes (-code +page):\n%s", diff)
	}
}

func TestAsError(t *testing.T) {
	own := &endsession.Error{Code: endsession.CodeConflict, Class: endsession.Permanent, Message: "m", Err: os.ErrNotExist}
	if got := endsession.AsError(fmt.Errorf("wrapped: %w", own)); got != own {
		t.Errorf("AsError() = %v, want the error that was wrapped", got)
	}
	if got := endsession.AsError(errors.New("?")); got.Code != endsession.CodeInternal || got.Class != endsession.Transient {
		t.Errorf("AsError() = %+v, want a transient internal one", got)
	}
	if got := endsession.AsError(nil); got != nil {
		t.Errorf("AsError(nil) = %v", got)
	}
	if !errors.Is(own, os.ErrNotExist) || own.Error() != "conflict: m: file does not exist" {
		t.Errorf("error = %v", own)
	}
}
