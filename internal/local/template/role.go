package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Statement is what a role's policy allows.
type Statement struct {
	Sid string
	// Actions are named as IAM names them, such as sqs:SendMessage.
	Actions []string
	// Resources are ARNs, which may have IAM's wildcards.
	Resources []string
	// Condition is what must hold besides, as it stands in the policy; nil if
	// nothing must.
	Condition map[string]any
}

// Allows tells whether the statement, if its condition holds, allows an action
// on the resource with an ARN.
func (s Statement) Allows(action, resource string) bool {
	matches := func(value string) func(string) bool {
		return func(pattern string) bool { return wildcards(pattern).MatchString(value) }
	}
	return slices.ContainsFunc(s.Actions, matches(action)) && slices.ContainsFunc(s.Resources, matches(resource))
}

// wildcards reads IAM's * and ?, which stand for any text and any character.
func wildcards(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(quoted, `\*`, ".*")
	quoted = strings.ReplaceAll(quoted, `\?`, ".")
	return regexp.MustCompile("^" + quoted + "$")
}

// policyStatement is a statement as it stands in the template.
type policyStatement struct {
	Sid, Effect string
	Action      oneOrMore
	Resource    oneOrMore
	Condition   map[string]any
}

// oneOrMore is IAM's way to write a list.
type oneOrMore []string

// UnmarshalJSON takes a text or a list of texts.
func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}

// roleProperties names the properties known here. Managed policies are not
// among them: what they allow stands in no template.
type roleProperties struct {
	RoleName                 string
	Description              string
	AssumeRolePolicyDocument map[string]any
	PermissionsBoundary      string
	Policies                 []struct {
		PolicyName     string
		PolicyDocument struct {
			Version   string
			Statement []policyStatement
		}
	}
}

func readRole(r resource) ([]Statement, error) {
	var properties roleProperties
	if err := decode(r.properties, &properties); err != nil {
		return nil, err
	}
	var statements []Statement
	for _, policy := range properties.Policies {
		for _, s := range policy.PolicyDocument.Statement {
			if s.Effect != "Allow" {
				return nil, fmt.Errorf("statement %s: the effect %q is not known here, only Allow", s.Sid, s.Effect)
			}
			statements = append(statements, Statement{Sid: s.Sid, Actions: s.Action, Resources: s.Resource, Condition: s.Condition})
		}
	}
	return statements, nil
}

// roleOf returns what the role with an ARN allows. Without a role SAM makes one,
// which cannot be read here.
func (d *document) roleOf(arn string) ([]Statement, error) {
	i := slices.IndexFunc(d.resources, func(r resource) bool { return r.kind == kindRole && r.identity.arn() == arn })
	if i < 0 {
		return nil, fmt.Errorf("the role %q is no role of the template", arn)
	}
	statements, err := readRole(d.resources[i])
	if err != nil {
		return nil, fmt.Errorf("role %s: %w", d.resources[i].logicalID, err)
	}
	return statements, nil
}
