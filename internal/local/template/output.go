package template

// allOutputs resolves the section Outputs. What the stack does not have is
// resolved too, so that a mistake in it is found.
func (r *resolver) allOutputs() (map[string]string, error) {
	outputs := make(map[string]string, len(r.sections.outputs))
	for _, e := range r.sections.outputs {
		exists, err := r.exists(e)
		if err != nil {
			return nil, err
		}
		err = r.leaveUnless(exists, func() error {
			value, err := r.output(e)
			if exists {
				outputs[e.key] = value
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

func (r *resolver) output(e entry) (string, error) {
	resolved, err := r.value(e.value, e.at)
	if err != nil {
		return "", err
	}
	var output struct {
		Condition   string // for exists
		Description string
		Value       scalar
	}
	if err := decode(resolved, &output); err != nil {
		return "", e.at.errorf("%w", err)
	}
	return string(output.Value), nil
}
