package template

// allOutputs resolves the section Outputs. What the stack does not have is
// resolved too, so that a mistake in it is found.
func (r *resolver) allOutputs() (map[string]string, error) {
	outputs := make(map[string]string, len(r.sections.outputs))
	for _, e := range r.sections.outputs {
		resolved, err := r.value(e.value, e.at)
		if err != nil {
			return nil, err
		}
		var output struct {
			Condition   string // for exists
			Description string
			Value       scalar
		}
		if err := decode(resolved, &output); err != nil {
			return nil, e.at.errorf("%w", err)
		}
		if exists, err := r.exists(e); err != nil {
			return nil, err
		} else if exists {
			outputs[e.key] = string(output.Value)
		}
	}
	return outputs, nil
}
