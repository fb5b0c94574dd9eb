package standin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPackageCommentListsEveryAssumption holds the list in the package comment against the labels.
func TestPackageCommentListsEveryAssumption(t *testing.T) {
	files := token.NewFileSet()
	labels, err := parser.ParseFile(files, "assumption.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	ast.Inspect(labels, func(node ast.Node) bool {
		constant, isValue := node.(*ast.ValueSpec)
		if !isValue || !strings.HasPrefix(constant.Names[0].Name, "assume") {
			return true
		}
		text, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			t.Errorf("label %q cannot be sent in a header", text)
		}
		want = append(want, text)
		return true
	})

	documented, err := parser.ParseFile(files, "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(documented.Doc.Text()) {
		if item, isItem := strings.CutPrefix(line, "  - "); isItem {
			label, _, _ := strings.Cut(item, ":")
			got = append(got, label)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("labels in the package comment (-want +got):\n%s", diff)
	}
}
