package template

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// declaration is a resource as the template declares it.
type declaration struct {
	entry
	identity   *identity
	inProgress bool // its name is being resolved
}

// parts returns the type and the properties of a declared resource.
func (d *declaration) parts() (string, *yaml.Node, error) {
	entries, err := entriesOf(d.value, d.at)
	if err != nil {
		return "", nil, err
	}
	var name string
	var properties *yaml.Node
	for _, e := range entries {
		switch e.key {
		case "Type":
			name = e.value.Value
		case "Properties":
			properties = e.value
		case "Metadata", "DeletionPolicy", "UpdateReplacePolicy", "Condition":
			// For tools, for the end of a stack, and for exists.
		default:
			return "", nil, e.at.errorf("the resource attribute %s is not known here", e.key)
		}
	}
	if _, ok := kinds[name]; !ok {
		return "", nil, d.at.errorf("the resource type %q is not known here", name)
	}
	return name, properties, nil
}

// identify returns what references to a resource resolve to.
func (r *resolver) identify(d *declaration) (identity, error) {
	if d.identity != nil {
		return *d.identity, nil
	}
	if d.inProgress {
		return identity{}, d.at.errorf("the resource's name refers to itself")
	}
	d.inProgress = true
	defer func() { d.inProgress = false }()
	name, properties, err := d.parts()
	if err != nil {
		return identity{}, err
	}
	named, err := r.naming(d, kinds[name], properties)
	if err != nil {
		return identity{}, err
	}
	known := kinds[name].identify(r.stack, named)
	known.name, known.owner = named.name, named.owner
	d.identity = &known
	return known, nil
}

func (r *resolver) naming(d *declaration, k kind, properties *yaml.Node) (naming, error) {
	named := naming{name: r.stack.Name + "-" + d.key}
	if properties == nil {
		return named, nil
	}
	entries, err := entriesOf(properties, d.at.of("Properties", properties))
	if err != nil {
		return naming{}, err
	}
	chosen := false
	for _, e := range entries {
		var into *string
		switch {
		case e.key == k.nameProperty:
			into, chosen = &named.name, true
		case e.key == k.ownerProperty:
			into = &named.owner
		case e.key == "FifoQueue" && e.value.Value == "true" && !chosen:
			// SQS demands the suffix, so CloudFormation adds it.
			named.name += ".fifo"
			continue
		default:
			continue
		}
		value, err := r.value(e.value, e.at)
		if err != nil {
			return naming{}, err
		}
		*into = text(value)
	}
	return named, nil
}

// exists tells whether the stack has a resource or output that may have a
// condition.
func (r *resolver) exists(e entry) (bool, error) {
	attributes, err := entriesOf(e.value, e.at)
	if err != nil {
		return false, err
	}
	for _, attribute := range attributes {
		if attribute.key != "Condition" {
			continue
		}
		return r.named(attribute.value.Value, attribute.at)
	}
	return true, nil
}

// allResources resolves the section Resources, and with it every condition,
// used or not. What the stack does not have is resolved too, so that a mistake
// in it is found.
func (r *resolver) allResources() ([]resource, error) {
	for _, e := range r.sections.conditions {
		if _, err := r.named(e.key, e.at); err != nil {
			return nil, err
		}
	}
	var resources []resource
	for _, e := range r.sections.resources {
		exists, err := r.exists(e)
		if err != nil {
			return nil, err
		}
		err = r.leaveUnless(exists, func() error {
			resolved, err := r.resource(r.resources[e.key])
			if exists {
				resources = append(resources, resolved)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return resources, nil
}

func (r *resolver) resource(d *declaration) (resource, error) {
	name, properties, err := d.parts()
	if err != nil {
		return resource{}, err
	}
	known, err := r.identify(d)
	if err != nil {
		return resource{}, err
	}
	resolved := resource{logicalID: d.key, kind: name, identity: known, properties: map[string]any{}}
	if properties != nil {
		resolved.properties, err = r.mapping(properties, d.at.of("Properties", properties))
	}
	return resolved, err
}

// logicalIDs returns the logical ids of the resources of a kind by their ARNs.
func logicalIDs(kind string, resources []resource) map[string]string {
	ids := make(map[string]string)
	for _, r := range resources {
		if r.kind == kind {
			ids[r.identity.arn()] = r.logicalID
		}
	}
	return ids
}

// find returns the resource with a logical id that a !Ref resolved to.
func (d *document) find(kind, ref string) (resource, bool) {
	i := slices.IndexFunc(d.resources, func(r resource) bool { return r.kind == kind && r.identity.ref == ref })
	if i < 0 {
		return resource{}, false
	}
	return d.resources[i], true
}
