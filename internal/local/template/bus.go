package template

// Bus is an EventBridge event bus (AWS::Events::EventBus).
type Bus struct {
	LogicalID string
	Name      string
	ARN       string
}

func readBus(r resource) (Bus, error) {
	var properties struct {
		Name        string
		Description string
	}
	if err := decode(r.properties, &properties); err != nil {
		return Bus{}, err
	}
	return Bus{LogicalID: r.logicalID, Name: r.identity.name, ARN: r.identity.attributes["Arn"]}, nil
}
